"""HTTP to a road engine: a bulkhead, one deadline a request, bounded replies, one error."""

from __future__ import annotations

import asyncio

import httpx

from slotsvc.scheduling.travel_port import TravelUnavailableError
from slotsvc.travel.osrm_wire import Reply, read_reply

# osrm-routed drops a connection after 5 idle seconds: let go first, so that we never write to a
# connection that is being closed.
_KEEPALIVE_S = 4.0

_OF_THE_QUESTION = frozenset({"NoSegment", "NoRoute", "NoTable", "TooBig"})
"""OSRM's words for a question without an answer. The engine is well."""


class OsrmHttp:
    """Requests to one engine at ``base_url``.

    ``timeout_s``: seconds from asking (waiting in the bulkhead included) to the last byte.
    ``max_in_flight``: more requests than this wait. A slow engine cannot hold more of us than that,
    and who waited in vain does not count against it.
    ``data_version``: each reply must name this version of the map; None accepts any.

    Every failure is a ``TravelUnavailableError``; its text never holds a request's places.
    """

    def __init__(
        self, base_url: str, *, timeout_s: float, max_in_flight: int, data_version: str | None
    ) -> None:
        self._timeout_s = timeout_s
        self._data_version = data_version
        self._bulkhead = asyncio.Semaphore(max_in_flight)
        self._client = httpx.AsyncClient(
            base_url=base_url,
            # Proxies named in the environment are for the internet, not for our own engine.
            trust_env=False,
            # Compressing costs the engine more than the loopback or a data centre's network does,
            # and a small reply must not unpack into a huge one.
            headers={"accept-encoding": "identity"},
            timeout=httpx.Timeout(timeout_s),
            limits=httpx.Limits(
                max_connections=max_in_flight,
                max_keepalive_connections=max_in_flight,
                keepalive_expiry=_KEEPALIVE_S,
            ),
        )

    async def post(self, service: str, body: bytes, max_bytes: int) -> Reply:
        """POST a JSON ``body`` to ``/{service}/v1/driving``; the reply's object, code Ok."""
        request = self._client.build_request(
            "POST",
            f"/{service}/v1/driving",
            content=body,
            headers={"content-type": "application/json"},
        )
        reply = read_reply(await self._bounded(request, max_bytes))
        self._require_ok(reply)
        return reply

    async def get_bytes(self, path: str, max_bytes: int) -> bytes:
        """GET ``path``; the body of a 200 reply."""
        return await self._bounded(self._client.build_request("GET", path), max_bytes)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _bounded(self, request: httpx.Request, max_bytes: int) -> bytes:
        loop = asyncio.get_running_loop()
        give_up = asked = loop.time() + self._timeout_s
        try:
            async with asyncio.timeout_at(give_up), self._bulkhead:
                asked = loop.time()
                return await self._send_twice(request, max_bytes)
        except TimeoutError:
            # Who got in at the last moment knows nothing of the engine either.
            slow = give_up - asked > self._timeout_s / 2
            why = "the road engine did not answer in time" if slow else "too many ask for roads"
            raise TravelUnavailableError(why, engine_failed=slow) from None
        except httpx.HTTPError as error:
            raise TravelUnavailableError(
                f"the road engine did not answer: {type(error).__name__}"
            ) from None

    async def _send_twice(self, request: httpx.Request, max_bytes: int) -> bytes:
        try:
            return await self._send(request, max_bytes)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            # A kept connection was closed while we wrote to it. Reading roads twice is harmless.
            return await self._send(request, max_bytes)

    async def _send(self, request: httpx.Request, max_bytes: int) -> bytes:
        reply = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in reply.aiter_raw():
                body += chunk
                if len(body) > max_bytes:
                    raise TravelUnavailableError("the road engine's reply is too long")
        finally:
            await reply.aclose()
        if reply.status_code != httpx.codes.OK:
            raise _refused(_code_in(bytes(body)), f"HTTP {reply.status_code} ")
        return bytes(body)

    def _require_ok(self, reply: Reply) -> None:
        if reply.get("code") != "Ok":
            raise _refused(_code(reply))
        if self._data_version is not None and reply.get("data_version") != self._data_version:
            raise TravelUnavailableError("the road engine answers from another map")


def _code(reply: Reply) -> str:
    """OSRM's error word, e.g. NoSegment. Its message is dropped: it may name coordinates."""
    code = reply.get("code")
    return code if isinstance(code, str) and code.isalnum() and len(code) <= 40 else "?"


def _code_in(body: bytes) -> str:
    """As ``_code``; "" when there is none."""
    try:
        return _code(read_reply(body))
    except TravelUnavailableError:
        return ""


def _refused(code: str, status: str = "") -> TravelUnavailableError:
    told = f"the road engine refused: {status}{code}".rstrip()
    return TravelUnavailableError(told, engine_failed=code not in _OF_THE_QUESTION)
