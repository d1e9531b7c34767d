"""Around all routes: hosts that are not ours, bodies that are too large, headers, one log line.

Log lines name the route's template, never the address that was asked for: paths hold tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import structlog
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotsvc.portal.web.error_pages import problem_page
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.security import add_security_headers

MOST_BYTES = 1 << 20
MOST_UPLOAD_BYTES = 2 << 20
_UPLOADS = "multipart/form-data"
_HEALTH = "/healthz"
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Answer:
    """What is being sent."""

    status: int = 0


class Gate:
    """The outermost part of the portal. ``hosts``: values of ``Host`` that are ours."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], *, https: bool) -> None:
        self._app = app
        self._hosts = hosts
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, answer = perf_counter(), _Answer()
        try:
            await self._answer(scope, receive, self._telling(send, answer))
        except Exception as error:
            # the page of it was sent already, if anything could be sent
            _log.error("page failed", route=_route(scope), error=type(error).__name__)
            answer.status = answer.status or 500
        finally:
            _tell(scope, answer.status, perf_counter() - begun)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if headers.get("host", "") not in self._hosts and scope["path"] != _HEALTH:
            refusal = PlainTextResponse("This address is not served here.\n", status_code=400)
            await refusal(scope, receive, send)
            return
        upload = headers.get("content-type", "").startswith(_UPLOADS)
        limit = MOST_UPLOAD_BYTES if upload else MOST_BYTES
        if _told_length(headers) > limit:
            scope["app"] = self._app
            await problem_page(Request(scope), Problem.TOO_LARGE)(scope, receive, send)
            return
        if not _in_utf8(headers):
            scope["app"] = self._app
            await problem_page(Request(scope), Problem.BAD_REQUEST)(scope, receive, send)
            return
        await self._app(scope, _counting(receive, limit), send)

    def _telling(self, send: Send, answer: _Answer) -> Send:
        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                add_security_headers(MutableHeaders(scope=message), https=self._https)
            await send(message)

        return telling


def _in_utf8(headers: Headers) -> bool:
    """Forms say nothing else; codecs such as punycode take quadratic time, others give text that
    is none."""
    _, parameters = parse_options_header(headers.get("content-type"))
    return parameters.get(b"charset", b"utf-8").lower() in (b"utf-8", b"utf8")


def _told_length(headers: Headers) -> int:
    told = headers.get("content-length", "0")
    return int(told) if told.isascii() and told.isdigit() else 0


def _counting(receive: Receive, limit: int) -> Receive:
    """Bodies that do not tell their length, or lie."""
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise ProblemError(Problem.TOO_LARGE)
        return message

    return counting


def _route(scope: Scope) -> str:
    route: Any = scope.get("route")
    return str(getattr(route, "path", "")) or "none"


def _tell(scope: Scope, status: int, seconds: float) -> None:
    _log.info(
        "page",
        method=scope["method"],
        route=_route(scope),
        status=status,
        ms=round(seconds * 1000, 1),
    )
