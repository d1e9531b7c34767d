"""The one table from what went wrong to what a client is told, and the message that says it.

A client gets a ``google.rpc.Status`` in the trailer ``grpc-status-details-bin``: always an
``ErrorInfo`` (reason, domain "slotsvc", metadata), and what its kind adds: ``BadRequest`` with all
violations, ``RetryInfo`` with the time to wait, ``SlotGoneDetail`` with other offers,
``PlanWorseDetail`` with what a move would break.
``docs/errors.md`` explains every reason. Codes: https://google.aip.dev/193.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from slotsvc.domain import errors
from slotsvc.domain.errors import SlotsvcError, Violation
from slotsvc.pb.v1 import plan_service_pb2, slot_service_pb2

DOMAIN = "slotsvc"
STATUS_BYTES = 5_500
"""Most that a status may weigh: in base64 it must fit the 8 KiB of metadata that peers accept."""

_MESSAGE_LENGTH = 500
_LOOK_FIRST = timedelta(milliseconds=-1)


@dataclass(frozen=True, slots=True)
class Answer:
    """How one kind of error is told. ``retry_after`` None: repeating the same call is no use;
    negative: nobody may repeat it without looking, a channel that repeats by itself least of all
    (a pushback below 0 says so: https://github.com/grpc/proposal/blob/master/A6-client-retries.md).
    ``spread``: each caller is told another wait, up to half longer or shorter, for many are told at
    once and must not all come again at once.
    """

    code: grpc.StatusCode
    retry_after: timedelta | None = None
    spread: bool = False


ANSWERS: Mapping[type[SlotsvcError], Answer] = {
    errors.InvalidRequestError: Answer(grpc.StatusCode.INVALID_ARGUMENT),
    errors.LostPositionError: Answer(grpc.StatusCode.INVALID_ARGUMENT),
    errors.NotImplementedFieldError: Answer(grpc.StatusCode.UNIMPLEMENTED),
    errors.UnauthenticatedError: Answer(grpc.StatusCode.UNAUTHENTICATED),
    errors.PermissionDeniedError: Answer(grpc.StatusCode.PERMISSION_DENIED),
    errors.NotFoundError: Answer(grpc.StatusCode.NOT_FOUND),
    errors.AlreadyExistsError: Answer(grpc.StatusCode.ALREADY_EXISTS),
    errors.EtagMismatchError: Answer(grpc.StatusCode.ABORTED),
    errors.InUseError: Answer(grpc.StatusCode.FAILED_PRECONDITION),
    errors.IdempotencyKeyReusedError: Answer(grpc.StatusCode.FAILED_PRECONDITION),
    errors.SlotTokenError: Answer(grpc.StatusCode.INVALID_ARGUMENT),
    errors.SlotExpiredError: Answer(grpc.StatusCode.FAILED_PRECONDITION),
    errors.SlotGoneError: Answer(grpc.StatusCode.ABORTED),
    errors.HoldExpiredError: Answer(grpc.StatusCode.FAILED_PRECONDITION),
    errors.HoldLimitError: Answer(grpc.StatusCode.RESOURCE_EXHAUSTED),
    errors.TooManySearchesError: Answer(grpc.StatusCode.RESOURCE_EXHAUSTED, timedelta(seconds=15)),
    errors.PlanWorseError: Answer(grpc.StatusCode.FAILED_PRECONDITION),
    errors.WrongStateError: Answer(grpc.StatusCode.FAILED_PRECONDITION),
    errors.TravelError: Answer(grpc.StatusCode.UNAVAILABLE, timedelta(seconds=2)),
    errors.StoreBusyError: Answer(grpc.StatusCode.UNAVAILABLE, timedelta(milliseconds=200), True),
    errors.OverloadedError: Answer(grpc.StatusCode.UNAVAILABLE, timedelta(milliseconds=500)),
    errors.TooManyWatchesError: Answer(grpc.StatusCode.RESOURCE_EXHAUSTED, timedelta(seconds=10)),
    errors.ServiceStoppingError: Answer(grpc.StatusCode.UNAVAILABLE, timedelta(seconds=1)),
    errors.InvariantError: Answer(grpc.StatusCode.INTERNAL),
}


def answer_to(error: SlotsvcError) -> Answer:
    """How ``error`` is told; a kind not in the table counts as a defect of ours. Where waits
    are ``spread`` it is another each time."""
    mapped = (ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)
    answer = next(mapped, Answer(grpc.StatusCode.INTERNAL))
    if isinstance(error, errors.OverloadedError) and error.retry_after is not None:
        return replace(answer, retry_after=error.retry_after)
    if error.metadata.get("cause") == errors.COMMIT_UNKNOWN:
        return replace(answer, retry_after=_LOOK_FIRST)
    return _spread(answer) if answer.spread else answer


def as_status(error: SlotsvcError, answer: Answer | None = None) -> status_pb2.Status:
    """What the client gets. Alternatives of a ``SlotGoneError`` and routes of a ``PlanWorseError``
    must be proto messages by now. ``answer``: as ``answer_to`` gave it, when the caller tells the
    same wait elsewhere too."""
    answer = answer or answer_to(error)
    details = [error_info(error.reason, error.metadata), *_details(error, answer.retry_after)]
    return status(answer.code, error.message, details)


def status(
    code: grpc.StatusCode, message: str, details: Iterable[Message] = ()
) -> status_pb2.Status:
    """A status of at most ``STATUS_BYTES``; details that no longer fit are left out."""
    number: int = code.value[0]
    told = status_pb2.Status(code=number, message=_shortened(message))
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        if told.ByteSize() + packed.ByteSize() + 8 <= STATUS_BYTES:
            told.details.append(packed)
    return told


def error_info(reason: str, metadata: Mapping[str, str]) -> error_details_pb2.ErrorInfo:
    """The stable, machine-readable part."""
    return error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=dict(metadata))


def _spread(answer: Answer) -> Answer:
    whole_ms = (answer.retry_after or timedelta()) / timedelta(milliseconds=1)
    spread_ms = round(whole_ms * random.uniform(0.5, 1.5))
    return replace(answer, retry_after=timedelta(milliseconds=spread_ms))


def _details(error: SlotsvcError, wait: timedelta | None) -> Iterator[Message]:
    if wait is not None and wait >= timedelta(0):
        delay = Duration()
        delay.FromTimedelta(wait)
        yield error_details_pb2.RetryInfo(retry_delay=delay)
    if isinstance(error, errors.InvalidRequestError):
        yield _bad_request(error.violations)
    if isinstance(error, errors.SlotGoneError):
        yield _slot_gone(error.alternatives)
    if isinstance(error, errors.PlanWorseError):
        yield _plan_worse(error.routes)


def _bad_request(violations: Iterable[Violation]) -> error_details_pb2.BadRequest:
    told = error_details_pb2.BadRequest()
    found = list(violations)
    for count, violation in enumerate(found):
        told.field_violations.add(
            field=violation.field, description=violation.reason, reason="INVALID_FIELD"
        )
        if told.ByteSize() > STATUS_BYTES - 2 * _MESSAGE_LENGTH - 500:
            rest = f"and {len(found) - count} more, this one included"
            told.field_violations[-1].CopyFrom(
                error_details_pb2.BadRequest.FieldViolation(field=violation.field, description=rest)
            )
            break
    return told


def _slot_gone(alternatives: Iterable[object]) -> slot_service_pb2.SlotGoneDetail:
    told = slot_service_pb2.SlotGoneDetail()
    for slot in alternatives:
        if not isinstance(slot, slot_service_pb2.Slot):
            continue
        if told.ByteSize() + slot.ByteSize() > STATUS_BYTES - _MESSAGE_LENGTH - 500:
            break
        told.alternatives.append(slot)
    return told


def _plan_worse(routes: Iterable[object]) -> plan_service_pb2.PlanWorseDetail:
    """First what is worse, then what else is broken, then stops: as much as there is room for."""
    told = plan_service_pb2.PlanWorseDetail()
    found = [route for route in routes if isinstance(route, plan_service_pb2.RouteCheck)]
    for route in found:
        bare = told.routes.add()
        bare.CopyFrom(route)
        bare.ClearField("stops")
        bare.ClearField("findings")
    for worse in (True, False):
        for bare, route in zip(told.routes, found, strict=True):
            for finding in route.findings:
                if finding.worse is worse and _has_room(told, finding):
                    bare.findings.append(finding)
    for bare, route in zip(told.routes, found, strict=True):
        if _has_room(told, *route.stops):
            bare.stops.extend(route.stops)
    return told


def _has_room(told: Message, *more: Message) -> bool:
    size = told.ByteSize() + sum(one.ByteSize() + 4 for one in more)
    return size <= STATUS_BYTES - _MESSAGE_LENGTH - 500


def _shortened(message: str) -> str:
    return message if len(message) <= _MESSAGE_LENGTH else message[: _MESSAGE_LENGTH - 1] + "…"
