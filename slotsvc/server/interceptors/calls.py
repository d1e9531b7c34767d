"""Runs layers around every call of the service, answers in one piece or as a stream alike.

A layer is an async context manager around the whole call, so what it does before, after and on
failure stands in one function. Requests are read *inside* the layers: bytes that are no message are
the client's mistake and told as such. Then the door gives the call a place, or sends it away (it
does so before the layers where it can: before the request is read when the key says whose it is).
Then come the checks, then the guard, which may ask the store; on the way out the guard takes from
each answer what the caller may not see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
from google.protobuf.message import DecodeError, Message
from grpc import aio

from slotsvc.domain.errors import InvalidRequestError, SlotsvcError, Violation
from slotsvc.server.authentication import Metadata
from slotsvc.server.interceptors.refusals import tell, unread

OURS = "/slotsvc."
"""Calls of other services (health, reflection) pass as they are."""

type Context = aio.ServicerContext[Any, Any]
type Check = Callable[[Message], None]


@dataclass(slots=True)
class Call:
    """One call. ``request_id`` is set by its layer. ``streaming``: it has many answers."""

    service: str
    method: str
    context: Context
    request_id: str = ""
    streaming: bool = False


type Layer = Callable[[Call], AbstractAsyncContextManager[None]]


class Guard(Protocol):
    """Who may ask what, and see what."""

    def around(self, call: Call) -> AbstractAsyncContextManager[None]:
        """The innermost layer."""
        ...

    async def check(self, call: Call, request: Message) -> None:
        """Raises what the caller is told when the request is not for it to make."""
        ...

    async def again(self, call: Call) -> None:
        """Before each answer of a stream: raises when the caller may not go on."""
        ...

    def told(self, call: Call, answer: Message) -> Message:
        """What the caller may see of ``answer``."""
        ...


class Door(Protocol):
    """Which calls are begun now. ``method``: as in the call's path, "/package.Service/Method"."""

    def tenant(self, metadata: Metadata) -> str | None:
        """Whose line a call stands in; "": its request says so; None: only the store knows."""
        ...

    def refusal(self, method: str, tenant: str, raw: bytes = b"") -> SlotsvcError | None:
        """Before anything is done: what a call is told for which there would be no room. Never
        raised: many calls are told the same one."""
        ...

    def place(self, call: Call, raw: bytes) -> AbstractAsyncContextManager[None]:
        """Around the work: waits for a place. Raises what a caller without one is told."""
        ...


@dataclass(frozen=True, slots=True)
class _Handlers:
    """Of one method, made once. ``asking``: the door is asked again when the request is read."""

    begun: Any
    asking: Any


class CallInterceptor(aio.ServerInterceptor):
    """``layers``: outermost first. ``checks``: look at the request before the servicer gets it.

    ``guard`` None: everybody may do everything. ``door`` None: everything is begun at once.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        checks: Sequence[Check] = (),
        guard: Guard | None = None,
        door: Door | None = None,
    ) -> None:
        self._layers = (*layers, guard.around) if guard else tuple(layers)
        self._checks = tuple(checks)
        self._guard = guard
        self._door = door
        self._handlers: dict[str, _Handlers] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        method: str = handler_call_details.method
        found = self._handlers.get(method)
        if found is None:
            handler = await continuation(handler_call_details)
            if handler is None or not method.startswith(OURS):
                return handler
            found = self._handlers[method] = self._wrapped(method, handler)
        if self._door is None:
            return found.begun
        tenant = self._door.tenant(handler_call_details.invocation_metadata or ())
        if tenant is None:  # a stranger, to be looked at, must not stand in a tenant's line
            return found.begun
        if not tenant:
            return found.asking
        refused = self._door.refusal(method, tenant)
        return found.begun if refused is None else unread(refused)

    def _wrapped(self, method: str, handler: Any) -> _Handlers:
        if handler.request_streaming:
            # no such method exists: one that is added must not go past the checks
            raise NotImplementedError(f"{method}: requests as a stream are not checked yet")
        make: Any = grpc.unary_unary_rpc_method_handler
        wrap: Callable[[str, Any, bool], Any] = self._unary
        if handler.response_streaming:
            make, wrap = grpc.unary_stream_rpc_method_handler, self._stream
        begun, asking = (wrap(method, handler, asks) for asks in (False, True))
        serialize = handler.response_serializer
        return _Handlers(
            make(begun, response_serializer=serialize), make(asking, response_serializer=serialize)
        )

    def _unary(
        self, method: str, handler: Any, asks: bool
    ) -> Callable[[bytes, Context], Awaitable[Any]]:
        async def unary(raw: bytes, context: Context) -> Any:
            if asks and (refused := self._refusal(method, raw)) is not None:
                return await tell(context, refused)
            call = _call(method, context)
            async with AsyncExitStack() as stack:
                request = await self._begin(stack, call, handler, raw)
                return self._told(call, await handler.unary_unary(request, context))

        return unary

    def _stream(
        self, method: str, handler: Any, asks: bool
    ) -> Callable[[bytes, Context], Awaitable[None]]:
        # no generator: nobody closes those of a call that ends early, and layers must be left
        async def stream(raw: bytes, context: Context) -> None:
            if asks and (refused := self._refusal(method, raw)) is not None:
                return await tell(context, refused)
            call = _call(method, context, streaming=True)
            async with AsyncExitStack() as stack:
                request = await self._begin(stack, call, handler, raw)
                async with aclosing(handler.unary_stream(request, context)) as answers:
                    async for answer in answers:
                        if self._guard is not None:
                            await self._guard.again(call)
                        await _write(context, self._told(call, answer))

        return stream

    def _refusal(self, method: str, raw: bytes) -> SlotsvcError | None:
        return None if self._door is None else self._door.refusal(method, "", raw)

    async def _begin(self, stack: AsyncExitStack, call: Call, handler: Any, raw: bytes) -> Message:
        for layer in self._layers:
            await stack.enter_async_context(layer(call))
        try:
            request: Message = handler.request_deserializer(raw)
        except DecodeError:
            raise InvalidRequestError([Violation("", "these bytes are no such message")]) from None
        if self._door is not None:
            await stack.enter_async_context(self._door.place(call, raw))
        for check in self._checks:
            check(request)
        if self._guard is not None:
            await self._guard.check(call, request)
        return request

    def _told(self, call: Call, answer: Any) -> Any:
        return answer if self._guard is None else self._guard.told(call, answer)


async def _write(context: Context, answer: Message) -> None:
    try:
        await context.write(answer)
    except aio.InternalError:
        # the caller hung up, and its cancellation is on the way
        raise asyncio.CancelledError from None


def _call(method: str, context: Context, *, streaming: bool = False) -> Call:
    _, service, name = method.split("/")
    return Call(service, name, context, streaming=streaming)
