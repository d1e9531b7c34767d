"""Runs layers around every call of the service, answers in one piece or as a stream alike.

A layer is an async context manager around the whole call, so what it does before, after and on
failure stands in one function. Requests are read *inside* the layers: bytes that are no message are
the client's mistake and told as such.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message
from grpc import aio

from slotsvc.domain.errors import InvalidRequestError, Violation

OURS = "/slotsvc."
"""Calls of other services (health, reflection) pass as they are."""

type Context = aio.ServicerContext[Any, Any]
type Check = Callable[[Message], None]


@dataclass(slots=True)
class Call:
    """One call. ``request_id`` is set by its layer."""

    service: str
    method: str
    context: Context
    request_id: str = ""


type Layer = Callable[[Call], AbstractAsyncContextManager[None]]


class CallInterceptor(aio.ServerInterceptor):
    """``layers``: outermost first. ``checks``: look at the request before the servicer gets it."""

    def __init__(self, layers: Sequence[Layer], checks: Sequence[Check] = ()) -> None:
        self._layers = tuple(layers)
        self._checks = tuple(checks)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method
        if handler is None or handler.request_streaming or not method.startswith(OURS):
            return handler
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(method, handler), response_serializer=handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(method, handler), response_serializer=handler.response_serializer
        )

    def _unary(self, method: str, handler: Any) -> Callable[[bytes, Context], Awaitable[Any]]:
        async def unary(raw: bytes, context: Context) -> Any:
            async with AsyncExitStack() as stack:
                await self._enter(stack, _call(method, context))
                return await handler.unary_unary(self._read(handler, raw), context)

        return unary

    def _stream(self, method: str, handler: Any) -> Callable[[bytes, Context], AsyncIterator[Any]]:
        async def stream(raw: bytes, context: Context) -> AsyncIterator[Any]:
            async with AsyncExitStack() as stack:
                await self._enter(stack, _call(method, context))
                async for answer in handler.unary_stream(self._read(handler, raw), context):
                    yield answer

        return stream

    async def _enter(self, stack: AsyncExitStack, call: Call) -> None:
        for layer in self._layers:
            await stack.enter_async_context(layer(call))

    def _read(self, handler: Any, raw: bytes) -> Message:
        try:
            request: Message = handler.request_deserializer(raw)
        except DecodeError:
            raise InvalidRequestError([Violation("", "these bytes are no such message")]) from None
        for check in self._checks:
            check(request)
        return request


def _call(method: str, context: Context) -> Call:
    _, service, name = method.split("/")
    return Call(service, name, context)
