"""A small HTTP server for machines that watch: ``/metrics /livez /readyz /version``.

Answers GET and HEAD only, reads at most 8 KiB of a request within 5 seconds, and closes the
connection after each answer: nothing a slow or endless client could hold on to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import orjson
import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from slotsvc.server.readiness import Finding, Readiness, State

_HEAD_BYTES = 8 * 1024
_PATIENCE_S = 5.0
_MOST_CONNECTIONS = 64
_JSON = "application/json"

_log = structlog.get_logger(__name__)


type ReadinessCheck = Callable[[], Awaitable[Readiness]]
type Page = tuple[HTTPStatus, str, bytes]


class HttpStatus:
    """``version``: what ``/version`` tells, no secrets. Not listening until ``start``."""

    def __init__(
        self, registry: CollectorRegistry, readiness: ReadinessCheck, version: Mapping[str, str]
    ) -> None:
        self._registry = registry
        self._readiness = readiness
        self._version = dict(version)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen; gives the port. Raises ``OSError`` when the address cannot be listened on."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_HEAD_BYTES)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._server.close()
            for writer in self._open:
                writer.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                writer.write(await self._reply(reader))
                await writer.drain()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass  # a client that went away or never finished its request
        finally:
            self._open.discard(writer)
            writer.close()

    async def _reply(self, reader: asyncio.StreamReader) -> bytes:
        if len(self._open) > _MOST_CONNECTIONS:
            return _response(_text(HTTPStatus.SERVICE_UNAVAILABLE), with_body=True)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        except asyncio.LimitOverrunError:
            return _response(_text(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE), with_body=True)
        except ValueError:
            return _response(_text(HTTPStatus.BAD_REQUEST), with_body=True)
        if method not in ("GET", "HEAD"):
            return _response(_text(HTTPStatus.METHOD_NOT_ALLOWED), with_body=True)
        return _response(await self._page(target.partition("?")[0]), with_body=method == "GET")

    async def _page(self, path: str) -> Page:
        if path == "/livez":
            return _text(HTTPStatus.OK)
        if path == "/readyz":
            return await self._readyz()
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self._registry)
        if path == "/version":
            return HTTPStatus.OK, _JSON, orjson.dumps(self._version)
        return _text(HTTPStatus.NOT_FOUND)

    async def _readyz(self) -> Page:
        try:
            found = await self._readiness()
        except Exception:
            _log.exception("readiness check failed")
            found = Readiness({"check": Finding(State.BROKEN, "failed")})
        status = HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return status, _JSON, orjson.dumps(found.as_json())


def _text(status: HTTPStatus) -> Page:
    return status, "text/plain; charset=utf-8", f"{status.phrase.lower()}\n".encode()


def _response(page: Page, *, with_body: bool) -> bytes:
    status, content_type, body = page
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n"
    )
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        head += "Allow: GET, HEAD\r\n"
    return head.encode("latin-1") + b"\r\n" + (body if with_body else b"")
