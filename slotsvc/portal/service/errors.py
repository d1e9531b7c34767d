"""What a refused call means for a page. The only module that reads statuses and reasons."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc import aio

from slotsvc.pb.v1.slot_service_pb2 import SlotGoneDetail
from slotsvc.portal.service.answers import Slot
from slotsvc.portal.service.reading import slot_of

DETAILS = "grpc-status-details-bin"


class ErrorKind(StrEnum):
    """What a page can do about it."""

    NOT_FOUND = "NOT_FOUND"  # no such thing, or somebody else's
    GONE = "GONE"  # somebody was faster; ``alternatives`` has the nearest equivalents
    EXPIRED = "EXPIRED"  # the offer or the hold lapsed
    LIMIT = "LIMIT"  # too many holds, or prolonged before
    WRONG_STATE = "WRONG_STATE"  # the visit or the hold is not what it was any more
    CHANGED = "CHANGED"  # an etag did not match
    REPEATED = "REPEATED"  # the request id was used with something else
    INVALID = "INVALID"  # ``field`` is wrong
    TOO_MANY = "TOO_MANY"  # too many watches
    UNAVAILABLE = "UNAVAILABLE"  # away, stopping, busy or too slow
    REFUSED = "REFUSED"  # the portal's key does not work or may not do this: a wrong set-up
    BROKEN = "BROKEN"  # a defect, of the engine or of the portal


_BY_REASON = {
    "NOT_FOUND": ErrorKind.NOT_FOUND,
    "SLOT_GONE": ErrorKind.GONE,
    "SLOT_EXPIRED": ErrorKind.EXPIRED,
    "SLOT_TOKEN_INVALID": ErrorKind.EXPIRED,  # altered, another's, or sealed with an old key
    "HOLD_EXPIRED": ErrorKind.EXPIRED,
    "HOLD_LIMIT": ErrorKind.LIMIT,
    "WRONG_STATE": ErrorKind.WRONG_STATE,
    "PLAN_WORSE": ErrorKind.WRONG_STATE,
    "ETAG_MISMATCH": ErrorKind.CHANGED,
    "IDEMPOTENCY_KEY_REUSED": ErrorKind.REPEATED,
    "INVALID_REQUEST": ErrorKind.INVALID,
    "TOO_MANY_WATCHES": ErrorKind.TOO_MANY,
}
_BY_CODE = {
    grpc.StatusCode.NOT_FOUND: ErrorKind.NOT_FOUND,
    grpc.StatusCode.INVALID_ARGUMENT: ErrorKind.INVALID,
    grpc.StatusCode.UNAVAILABLE: ErrorKind.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: ErrorKind.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ErrorKind.UNAVAILABLE,
    grpc.StatusCode.CANCELLED: ErrorKind.UNAVAILABLE,
    grpc.StatusCode.UNAUTHENTICATED: ErrorKind.REFUSED,
    grpc.StatusCode.PERMISSION_DENIED: ErrorKind.REFUSED,
}


class ServiceError(Exception):
    """A call that was refused. ``reason``: the engine's (docs/errors.md), or the status' name.

    ``field``: the first wrong one of INVALID, else "". ``alternatives``: of GONE, best first.
    ``retry_after`` None: waiting is not said to help. ``incident``: the engine's, for the log.
    The engine's words are not kept: they are not for clients.
    """

    def __init__(
        self,
        kind: ErrorKind,
        reason: str,
        *,
        field: str = "",
        alternatives: tuple[Slot, ...] = (),
        retry_after: timedelta | None = None,
        incident: str = "",
    ) -> None:
        super().__init__(f"{kind}: {reason}" + (f" ({field})" if field else ""))
        self.kind = kind
        self.reason = reason
        self.field = field
        self.alternatives = alternatives
        self.retry_after = retry_after
        self.incident = incident


def refusal(error: aio.AioRpcError) -> ServiceError:
    """The error of a call, read."""
    status = _status(error)
    info = _detail(status, error_details_pb2.ErrorInfo()) or error_details_pb2.ErrorInfo()
    gone = _detail(status, SlotGoneDetail())
    reason = info.reason or error.code().name
    kind = _BY_REASON.get(info.reason) or _BY_CODE.get(error.code(), ErrorKind.BROKEN)
    return ServiceError(
        kind,
        reason,
        field=_field(status) or info.metadata.get("field", ""),
        alternatives=tuple(map(slot_of, gone.alternatives)) if gone else (),
        retry_after=_retry_after(status),
        incident=info.metadata.get("incident", ""),
    )


def _status(error: aio.AioRpcError) -> status_pb2.Status:
    status = status_pb2.Status()
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS and isinstance(value, bytes):
            status.ParseFromString(value)
    return status


def _field(status: status_pb2.Status) -> str:
    bad = _detail(status, error_details_pb2.BadRequest())
    return bad.field_violations[0].field if bad and bad.field_violations else ""


def _retry_after(status: status_pb2.Status) -> timedelta | None:
    told = _detail(status, error_details_pb2.RetryInfo())
    return told.retry_delay.ToTimedelta() if told else None


def _detail[M: Message](status: status_pb2.Status, kind: M) -> M | None:
    return kind if any(detail.Unpack(kind) for detail in status.details) else None
