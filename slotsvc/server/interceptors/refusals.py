"""Ends calls that are not begun. Under overload they are many and few differ: what each kind of
refusal is told with is made once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import grpc
from google.rpc import status_pb2
from grpc import aio

from slotsvc.domain.errors import SlotsvcError
from slotsvc.server import errors

DETAILS_TRAILER = "grpc-status-details-bin"
PUSHBACK_TRAILER = "grpc-retry-pushback-ms"

type Trailers = tuple[tuple[str, str | bytes], ...]

_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class _Told:
    code: grpc.StatusCode
    trailers: Trailers
    unread: Any


async def tell(context: aio.ServicerContext[Any, Any], error: SlotsvcError) -> None:
    """Ends a call whose request has been read."""
    told = _told(error)
    await context.abort(told.code, error.message, told.trailers)


def unread(error: SlotsvcError) -> Any:
    """A handler that ends any call without reading its request.

    Nothing but the status is sent: an answer that begins with headers is one that no client
    repeats (https://github.com/grpc/proposal/blob/master/A6-client-retries.md).
    """
    return _told(error).unread


@lru_cache(1024)
def _told(error: SlotsvcError) -> _Told:
    """By identity: whoever refuses tells many calls one and the same."""
    status = errors.as_status(error)
    code, more = code_of(status), trailers(status, errors.answer_to(error).retry_after)

    # no abort(): what it raises stays in a cycle with the call until the garbage is collected
    async def refuse(_requests: Any, context: aio.ServicerContext[Any, Any]) -> None:
        context.set_code(code)
        context.set_details(error.message)
        context.set_trailing_metadata(more)

    return _Told(code, more, grpc.stream_stream_rpc_method_handler(refuse))


def code_of(told: status_pb2.Status) -> grpc.StatusCode:
    """Its code, as grpc has it."""
    return _CODES[told.code]


def trailers(told: status_pb2.Status, wait: timedelta | None) -> Trailers:
    """The status with its details, and when to come again."""
    details = (DETAILS_TRAILER, told.SerializeToString())
    if wait is None:
        return (details,)
    return details, (PUSHBACK_TRAILER, str(wait // timedelta(milliseconds=1)))
