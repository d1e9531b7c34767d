"""Turns what goes wrong in a call into a status. Only this file, and ``refusals`` those that are
not begun, ends calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import grpc
import structlog
from google.rpc import status_pb2
from grpc import aio

from slotsvc.domain.errors import InvariantError, SlotsvcError
from slotsvc.server import errors
from slotsvc.server.interceptors.calls import Call
from slotsvc.server.interceptors.deadlines import DeadlineError
from slotsvc.server.interceptors.refusals import code_of, trailers

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def failure_layer(call: Call) -> AsyncIterator[None]:
    """Ends the call with the status of what was raised inside."""
    try:
        yield
    except (asyncio.CancelledError, aio.AbortError):
        raise
    except Exception as error:
        await _end(call, error)


async def _end(call: Call, error: Exception) -> None:
    answer = errors.answer_to(error) if isinstance(error, SlotsvcError) else None
    if isinstance(error, NotImplementedError) and _is_unimplemented(call):
        text = f"{call.method} does not work yet"
        told = _plain(grpc.StatusCode.UNIMPLEMENTED, "METHOD_NOT_IMPLEMENTED", text)
    else:
        told = status_of(error, call.service, call.method, answer)
    await _abort(call, told, answer.retry_after if answer else None)


def status_of(
    error: Exception, service: str, method: str, answer: errors.Answer | None = None
) -> status_pb2.Status:
    """What the client is told; a defect of ours is logged under its number. ``answer``: as
    ``errors.as_status`` takes it."""
    if isinstance(error, SlotsvcError) and not isinstance(error, InvariantError):
        return errors.as_status(error, answer)
    if isinstance(error, DeadlineError):
        return _plain(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", str(error))
    return _incident(error, service, method)


def _plain(code: grpc.StatusCode, reason: str, message: str) -> status_pb2.Status:
    return errors.status(code, message, [errors.error_info(reason, {})])


def _incident(error: Exception, service: str, method: str) -> status_pb2.Status:
    """A defect of ours: the details go to the log, the client gets the number to quote."""
    incident = uuid4().hex[:12]
    reason = error.reason if isinstance(error, SlotsvcError) else "INTERNAL"
    _log.error(
        "incident",
        incident=incident,
        grpc_service=service,
        grpc_method=method,
        exc_info=error,
    )
    info = errors.error_info(reason, {"incident": incident})
    return errors.status(grpc.StatusCode.INTERNAL, f"a defect of ours, incident {incident}", [info])


def _is_unimplemented(call: Call) -> bool:
    # what the generated base class does before it raises NotImplementedError
    return bool(call.context.code() == grpc.StatusCode.UNIMPLEMENTED)


async def _abort(call: Call, told: status_pb2.Status, wait: timedelta | None) -> None:
    more = call.context.trailing_metadata() or ()
    await call.context.abort(code_of(told), told.message, (*more, *trailers(told, wait)))
