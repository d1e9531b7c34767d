"""The engine's messages as the portal's values."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.types_pb2 import TimeWindow
from slotsvc.portal.service.answers import (
    Hold,
    Outcome,
    Promise,
    Slot,
    StepReached,
    Visit,
    VisitState,
    Window,
)

_OUTCOMES = {
    visits.OUTCOME_UNSPECIFIED: Outcome.UNKNOWN,
    visits.OUTCOME_DONE: Outcome.DONE,
    visits.OUTCOME_INCOMPLETE: Outcome.INCOMPLETE,
    visits.OUTCOME_CLIENT_ABSENT: Outcome.CLIENT_ABSENT,
    visits.OUTCOME_NO_ACCESS: Outcome.NO_ACCESS,
}


def instant(at: Timestamp) -> datetime:
    """Aware, UTC."""
    return at.ToDatetime(tzinfo=UTC)


def window_of(window: TimeWindow) -> Window:
    """[start, end)."""
    return Window(instant(window.start_time), instant(window.end_time))


def slot_of(slot: slots.Slot) -> Slot:
    """An offer, without what only planners are told."""
    window, expires = window_of(slot.window), instant(slot.expire_time)
    return Slot(slot.token, window, slot.rank, slot.recommended, expires)


def hold_of(hold: slots.Hold) -> Hold:
    """A hold, without its place."""
    expires = instant(hold.expire_time)
    return Hold(hold.name, hold.visit, window_of(hold.window), expires, hold.extendable)


def visit_of(visit: visits.Visit) -> Visit:
    """A visit as its client may know it, whoever asked."""
    return Visit(
        name=visit.name,
        state=VisitState(visits.VisitState.Name(visit.state).removeprefix("VISIT_STATE_")),
        client=visit.client,
        site=visit.site,
        activity_type=visit.activity_type,
        team=visit.team,
        reference=visit.external_ref,
        promise=_promise(visit.promise) if visit.HasField("promise") else None,
        promises=tuple(map(_promise, visit.promises)),
        hold=visit.hold,
        hold_expires=_maybe(visit, "expire_time"),
        created=instant(visit.create_time),
        updated=instant(visit.update_time),
        departed=_maybe(visit, "depart_time"),
        started=_maybe(visit, "actual_start_time"),
        ended=_maybe(visit, "actual_end_time"),
        arrival=_maybe(visit, "estimated_arrival_time"),
        steps=tuple(StepReached(step.step, instant(step.time)) for step in visit.steps),
        outcome=_OUTCOMES[visit.outcome],
        etag=visit.etag,
    )


def _promise(promise: visits.Promise) -> Promise:
    """Several windows told at once: what counts is from the first to the end of the last."""
    window = window_of(promise.window)
    if promise.windows:
        window = Window(window.start, instant(promise.windows[-1].end_time))
    told, superseded = _maybe(promise, "announce_time"), _maybe(promise, "supersede_time")
    return Promise(window, told, superseded)


def _maybe(message: Message, name: str) -> datetime | None:
    return instant(getattr(message, name)) if message.HasField(name) else None
