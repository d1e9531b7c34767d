"""A held offer: looked at once more, prolonged, given back or confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from slotsvc.portal.booking.actions import ActionKind, Verdict
from slotsvc.portal.booking.choosing import equivalents, new_search, search_for
from slotsvc.portal.booking.desk import Desk, not_found, note
from slotsvc.portal.booking.holding import SameTimeError, give_back, present_of
from slotsvc.portal.booking.kept_holds import (
    HoldOutcome,
    KeptHold,
    booked_later,
    close,
    kept,
    prolong,
)
from slotsvc.portal.booking.new_visits import may_ask
from slotsvc.portal.booking.telling import Told, tell
from slotsvc.portal.service.answers import Slot, Visit, VisitState, Window
from slotsvc.portal.service.errors import ErrorKind, ServiceError


class Standing(StrEnum):
    """How things are with a hold."""

    LIVE = "LIVE"
    LAPSED = "LAPSED"
    GIVEN_BACK = "GIVEN_BACK"
    CONFIRMED = "CONFIRMED"


class NotOpenError(Exception):
    """The action is not open any more; ``verdict`` says why."""

    def __init__(self, verdict: Verdict, visit: Visit) -> None:
        super().__init__("the action is not open")
        self.verdict = verdict
        self.visit = visit


@dataclass(frozen=True, slots=True)
class Review:
    """A hold with the visit that it becomes or moves."""

    hold: KeptHold
    visit: Visit
    standing: Standing


async def review(desk: Desk, id: str) -> Review:
    """The hold with this last part of its name, as it stands in the engine now.

    Raises ``ServiceError`` NOT_FOUND where it is not his.
    """
    name = desk.named("holds", id)
    hold = await desk.portal.database.read(lambda tx: kept(tx, name, desk.visitor.client_id))
    if hold is None:
        raise not_found()
    visit = await desk.calls.visit(hold.visit)
    # a new visit whose hold lapsed is none any more, but its client may choose again
    lapsed = visit.state is VisitState.RELEASED and visit.client == desk.visitor.client
    his = desk.visitor.sees_site(hold.site) and hold.activity_type in desk.shown.types
    if not (lapsed and his) and not desk.sees(visit):
        raise not_found()
    return Review(hold, visit, _standing(desk, hold, visit))


async def confirm(desk: Desk, id: str) -> Review:
    """Makes the held window the appointment, and writes to the contact.

    Confirming twice is confirming once. Raises ``ServiceError`` (EXPIRED, …), ``NotOpenError``, and
    ``SameTimeError``, where meanwhile the visit has that very window.
    """
    found = await review(desk, id)
    hold, visit = found.hold, found.visit
    if hold.outcome is HoldOutcome.CONFIRMED:
        return found
    if found.standing in (Standing.LAPSED, Standing.GIVEN_BACK):
        raise ServiceError(ErrorKind.EXPIRED, "HOLD_EXPIRED")
    before = present_of(visit)
    if found.standing is Standing.LIVE and hold.window == before:
        await give_back(desk, hold.name)
        raise SameTimeError
    booked = visit if found.standing is Standing.CONFIRMED else await _confirmed(desk, hold, visit)
    await settle(desk, hold, booked, before)
    return Review(hold, booked, Standing.CONFIRMED)


async def settle(desk: Desk, hold: KeptHold, booked: Visit, before: Window | None) -> None:
    """Writes down, once, that the hold became the appointment: outcome, audit and letter.

    ``before``: the window that the visit had, None where nobody knows. What is under way or over,
    or not his to see any more, needs no letter.
    """
    told = Told.RESCHEDULED if hold.kind is ActionKind.RESCHEDULE else Told.BOOKED
    stands = booked.state is VisitState.BOOKED and desk.sees(booked)
    letter = await tell(desk, booked, told) if stands else None

    def write(connection: Connection) -> None:
        told_before = booked_later(connection, hold)
        if close(connection, hold.name, HoldOutcome.CONFIRMED) and not told_before:
            left = before if before != hold.window else None
            note(connection, desk, booked, f"VISIT_{told}", start=hold.window, before=left)
            if letter is not None:
                letter.put(connection)

    await desk.portal.database.write(write)
    desk.portal.outbox.wake()


async def extend(desk: Desk, id: str) -> None:
    """More time to think, once. Raises ``ServiceError`` (LIMIT for the second time, EXPIRED, …)."""
    found = await review(desk, id)
    if found.standing is not Standing.LIVE:
        raise ServiceError(ErrorKind.EXPIRED, "HOLD_EXPIRED")
    hold = await desk.calls.extend(found.hold.name, f"extend-{id}")
    await desk.portal.database.write(
        lambda tx: prolong(tx, hold.name, hold.expires, hold.extendable)
    )


async def instead(desk: Desk, hold: KeptHold) -> tuple[Slot, ...]:
    """The nearest offers to a hold that lapsed, perhaps the same window; () for none."""
    if hold.kind is ActionKind.NEW_VISIT:
        search = new_search(desk, hold.site, hold.activity_type)
    else:
        search = search_for(desk, await desk.visit_named(hold.visit))
    return await equivalents(desk, search, hold.window)


def _standing(desk: Desk, hold: KeptHold, visit: Visit) -> Standing:
    if hold.outcome is HoldOutcome.CONFIRMED or _is_booked(hold, visit):
        return Standing.CONFIRMED
    if hold.outcome is HoldOutcome.RELEASED:
        return Standing.GIVEN_BACK
    return Standing.LIVE if visit.hold == hold.name and hold.live(desk.now) else Standing.LAPSED


def _is_booked(hold: KeptHold, visit: Visit) -> bool:
    """Confirmed, though this portal has not written it down: it stopped in between."""
    stands = visit.promise.window if visit.promise else None
    booked = visit.state is VisitState.BOOKED and stands == hold.window
    undecided = hold.outcome in (None, HoldOutcome.LAPSED)
    return booked and undecided and visit.hold != hold.name


def _check_open(desk: Desk, hold: KeptHold, visit: Visit) -> None:
    """A new visit has no window yet that could be too near; but who confirms it may be another
    session than the one that held it."""
    new = hold.kind is ActionKind.NEW_VISIT
    verdict = may_ask(desk, hold.activity_type) if new else desk.may(hold.kind, visit)
    if not verdict.open:
        raise NotOpenError(verdict, visit)


async def _confirmed(desk: Desk, hold: KeptHold, visit: Visit) -> Visit:
    _check_open(desk, hold, visit)
    request_id = f"confirm-{hold.id}"
    try:
        if hold.kind is ActionKind.RESCHEDULE:
            return await desk.calls.reschedule(hold.visit, hold.name, request_id)
        return await desk.calls.book(hold.name, request_id)
    except ServiceError as error:
        now = await desk.calls.visit(hold.visit)
        if error.kind is ErrorKind.WRONG_STATE and _is_booked(hold, now):
            return now
        raise
