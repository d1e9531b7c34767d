"""The service's calls without sockets: servicers, interceptors and stubs are the real ones.

``InProcessServer`` takes the place of ``slotsvc.server.app.GrpcServer``; ``NearChannel`` that of a
gRPC channel. Messages go through their bytes both ways, as on a wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import grpc
from grpc import aio

from slotsvc.server import app

type Trailers = tuple[tuple[str, str | bytes], ...]


class CallEndedError(Exception):
    """The call ended with a status that is not OK."""

    def __init__(self, code: grpc.StatusCode, details: str = "", trailers: Trailers = ()) -> None:
        super().__init__(f"{code.name}: {details}")
        self.code, self.details, self.trailers = code, details, trailers

    def as_rpc_error(self) -> aio.AioRpcError:
        """What a stub raises."""
        trailers = aio.Metadata(*self.trailers)
        return aio.AioRpcError(self.code, aio.Metadata(), trailers, self.details)


@dataclass
class Context:
    """What a servicer sees of a call. ``ends``: on the loop's clock; None: no deadline."""

    ends: float | None
    metadata: Sequence[tuple[str, str]] = ()
    answers: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    status: grpc.StatusCode | None = None
    said: str = ""
    trailers: Trailers = ()

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        return self.metadata

    def time_remaining(self) -> float | None:
        now = asyncio.get_running_loop().time()
        return None if self.ends is None else self.ends - now

    def code(self) -> grpc.StatusCode | None:
        return self.status

    def set_code(self, code: grpc.StatusCode) -> None:
        self.status = code

    def set_details(self, details: str) -> None:
        self.said = details

    def trailing_metadata(self) -> Trailers:
        return self.trailers

    def set_trailing_metadata(self, trailers: Iterable[Any]) -> None:
        self.trailers = tuple(trailers)

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Iterable[Any] = ()
    ) -> None:
        self.status, self.said, self.trailers = code, details, tuple(trailing_metadata)
        raise aio.AbortError(details)

    async def write(self, answer: Any) -> None:
        await self.answers.put(answer)


class InProcessServer:
    """Built as ``GrpcServer`` is; calls are handed to ``handler`` instead of listening."""

    def __init__(
        self,
        servicers: Iterable[object],
        interceptors: Sequence[aio.ServerInterceptor],
        options: app.ServerOptions | None = None,
        before_stop: Sequence[Callable[[], Awaitable[None]]] = (),
        **_: Any,
    ) -> None:
        self._interceptors, self._before_stop = interceptors, before_stop
        self._handlers: list[Any] = []
        self.serving = False
        self.calls: dict[asyncio.Task[Any], None] = {}
        for servicer in servicers:
            app._register(servicer, self)  # type: ignore[arg-type]

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:
        """What generated code calls."""
        self._handlers.extend(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """What generated code calls, too: the same methods."""

    async def start(self, *, serving: bool = True) -> int:
        self.serving = serving
        return 1

    async def set_serving(self, serving: bool) -> None:
        self.serving = serving

    async def drain(self, grace_s: float) -> None:
        self.serving = False
        for end in self._before_stop:
            await end()
        if self.calls:
            await asyncio.wait(list(self.calls), timeout=grace_s)
        if left := list(self.calls):
            for call in left:
                call.cancel()
            await asyncio.wait(left)

    def runs(self, call: asyncio.Task[Any]) -> None:
        """A call has come; ``drain`` waits for it."""
        self.calls[call] = None
        call.add_done_callback(lambda over: self.calls.pop(over, None))

    async def handler(self, method: str) -> Any:
        """The method's, with the interceptors around it."""
        details = _Details(method)

        async def found(details: _Details) -> Any:
            return next(h for each in self._handlers if (h := each.service(details)) is not None)

        continuation: Any = found
        for interceptor in reversed(self._interceptors):
            continuation = _around(interceptor, continuation)
        return await continuation(details)


@dataclass(frozen=True)
class _Details:
    method: str
    invocation_metadata: tuple[tuple[str, str], ...] = ()


def _around(interceptor: Any, inner: Any) -> Any:
    async def intercepted(details: _Details) -> Any:
        return await interceptor.intercept_service(inner, details)

    return intercepted


async def answered(handler: Any, raw: bytes, context: Context) -> bytes:
    """The bytes of the one answer. Raises ``CallEndedError``."""
    try:
        answer = await handler.unary_unary(raw, context)
    except aio.AbortError:
        raise _ended(context) from None
    if context.status not in (None, grpc.StatusCode.OK):
        raise _ended(context)
    told: bytes = handler.response_serializer(answer)
    return told


async def streamed(handler: Any, raw: bytes, context: Context) -> None:
    """Writes all answers to ``context.answers``. Raises ``CallEndedError``."""
    try:
        await handler.unary_stream(raw, context)
    except aio.AbortError:
        raise _ended(context) from None


def _ended(context: Context) -> CallEndedError:
    assert context.status is not None
    return CallEndedError(context.status, context.said, context.trailers)


class Link(Protocol):
    """What carries the bytes of calls."""

    async def ask(self, method: str, raw: bytes, timeout: float | None) -> bytes:
        """Raises ``CallEndedError``."""
        ...

    def watch(self, method: str, raw: bytes, timeout: float | None) -> AsyncIterator[bytes]:
        """Raises ``CallEndedError`` at the end."""
        ...


class NearChannel:
    """Takes the place of ``grpc.aio.Channel`` for the generated stubs."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def unary_unary(
        self, method: str, request_serializer: Any, response_deserializer: Any, **_: Any
    ) -> Any:
        """A callable as stubs use it."""

        async def call(request: Any, *, timeout: float | None = None, **_: Any) -> Any:
            try:
                raw = await self._link.ask(method, request_serializer(request), timeout)
            except CallEndedError as ended:
                raise ended.as_rpc_error() from None
            return response_deserializer(raw)

        return call

    def unary_stream(
        self, method: str, request_serializer: Any, response_deserializer: Any, **_: Any
    ) -> Any:
        """A callable as stubs use it."""

        async def call(request: Any, *, timeout: float | None = None, **_: Any) -> Any:
            try:
                async for raw in self._link.watch(method, request_serializer(request), timeout):
                    yield response_deserializer(raw)
            except CallEndedError as ended:
                raise ended.as_rpc_error() from None

        return call
