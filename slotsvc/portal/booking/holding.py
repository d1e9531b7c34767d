"""Choosing an offer: it is held for a few minutes while its client reads it once more.

The last choice counts: who chooses again, in another tab or after the back button, gives the
earlier choice back. The same form sent twice gives the same hold.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from slotsvc.portal.access import limits
from slotsvc.portal.booking.actions import ActionKind
from slotsvc.portal.booking.desk import Desk, not_found
from slotsvc.portal.booking.kept_holds import (
    HoldOutcome,
    KeptHold,
    close,
    keep,
    kept_for,
    live_holds,
)
from slotsvc.portal.booking.turns import turn_of
from slotsvc.portal.service.answers import Hold, Visit, VisitState, Window
from slotsvc.portal.service.errors import ErrorKind, ServiceError

HOLDS_AN_HOUR = limits.Limit(10, timedelta(hours=1))
"""S24: so many holds of one client, however they end."""

_ATTEMPTS = "HOLD"
_NOTE = 500
_OTHER_PLACES = 3


class SameTimeError(Exception):
    """The time is the one that the visit has: nothing is moved."""


class TooManyHoldsError(Exception):
    """The client made all the holds of this hour. ``wait``: until the next one is free."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("too many holds in an hour")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Choice:
    """An offer that was chosen. ``request_id``: of the form, so that it counts once.

    ``kind`` with ``visit``: BOOK or RESCHEDULE of that one; None: a new one of ``activity_type`` at
    ``site``, with a ``note`` for the technician.
    """

    token: str = field(repr=False)
    request_id: str
    visit: Visit | None
    site: str
    activity_type: str
    kind: ActionKind
    wishes: str = ""
    note: str = ""


async def choose(desk: Desk, choice: Choice, start: datetime | None = None) -> KeptHold:
    """Holds the offer, or another place in the window that begins at ``start``. Raises
    ``ServiceError`` (GONE with alternatives, EXPIRED, LIMIT, …), ``TooManyHoldsError`` and
    ``SameTimeError``."""
    client, present = desk.visitor.client_id, present_of(choice.visit)
    if present and start == present.start:
        raise SameTimeError
    async with turn_of(client):
        before = await desk.portal.database.read(lambda tx: _before(tx, desk, choice))
        if isinstance(before, KeptHold):
            return before
        for name in before:
            await give_back(desk, name)
        hold = await _hold(desk, choice, choice.request_id, start)
        if hold.name in before:  # an old form, whose hold was given back: a new choice now
            hold = await _hold(desk, choice, uuid.uuid4().hex, start)
        if hold.window == present:  # the form did not say what its token is
            await desk.calls.release(hold.name, uuid.uuid4().hex)
            raise SameTimeError
        return await _kept(desk, choice, hold)


def present_of(visit: Visit | None) -> Window | None:
    """The window that the visit has, and that moving it would leave; None: it has none."""
    booked = visit is not None and visit.state is VisitState.BOOKED
    return visit.promise.window if visit and booked and visit.promise else None


async def _hold(desk: Desk, choice: Choice, request_id: str, start: datetime | None) -> Hold:
    """The offer names a place on somebody's route. Where that is lost and the same window has
    another, that one: to the client they are the same."""
    token, note = choice.token, choice.note[:_NOTE]
    for _ in range(_OTHER_PLACES):
        try:
            return await desk.calls.hold(token, request_id, note)
        except ServiceError as error:
            same = [slot.token for slot in error.alternatives if slot.window.start == start]
            if error.kind is not ErrorKind.GONE or not same:
                raise
            token, request_id = same[0], uuid.uuid4().hex
    return await desk.calls.hold(token, request_id, note)


async def give_back(desk: Desk, name: str) -> None:
    """Releases a hold, whatever became of it. Raises ``ServiceError`` WRONG_STATE for a confirmed
    one."""
    id = name.rpartition("/")[2]
    await desk.calls.release(name, f"release-{id}")
    await desk.portal.database.write(lambda tx: close(tx, name, HoldOutcome.RELEASED))


async def held_now(desk: Desk) -> list[KeptHold]:
    """What the visitor's client holds now, as far as he may see it."""
    client, now = desk.visitor.client_id, desk.now
    found = await desk.portal.database.read(lambda tx: live_holds(tx, client, now))
    return [hold for hold in found if _his(desk, hold)]


def _before(connection: Connection, desk: Desk, choice: Choice) -> KeptHold | list[str]:
    """The hold that this very form made before; else the holds that this choice replaces."""
    client, now = desk.visitor.client_id, desk.now
    same = kept_for(connection, choice.request_id, client)
    if same and same.live(now):
        return same
    key = limits.key_of(desk.portal.secrets, _ATTEMPTS, client)
    wait = limits.wait(connection, _ATTEMPTS, key, [HOLDS_AN_HOUR], now)
    if wait:
        raise TooManyHoldsError(wait)
    replaced = {
        hold.name
        for hold in live_holds(connection, client, now)
        if _replaces(choice, hold) and _his(desk, hold)  # never one that he does not see
    }
    if same:
        replaced.add(same.name)
    if choice.visit and choice.visit.hold:
        replaced.add(choice.visit.hold)
    return sorted(replaced)


def _replaces(choice: Choice, hold: KeptHold) -> bool:
    """The engine keeps one hold for a visit, and one for new visits of a type."""
    if choice.visit:
        return hold.visit == choice.visit.name
    return hold.kind is ActionKind.NEW_VISIT and hold.activity_type == choice.activity_type


async def _kept(desk: Desk, choice: Choice, hold: Hold) -> KeptHold:
    await _check(desk, choice, hold)
    now, key = desk.now, limits.key_of(desk.portal.secrets, _ATTEMPTS, desk.visitor.client_id)
    made = KeptHold(
        name=hold.name,
        contact=desk.visitor.contact,
        visit=hold.visit,
        kind=choice.kind,
        site=choice.site,
        activity_type=choice.activity_type,
        window=hold.window,
        expires=hold.expires,
        extendable=hold.extendable,
        request_id=choice.request_id,
        wishes=choice.wishes,
        outcome=None,
    )

    def write(connection: Connection) -> None:
        if keep(connection, made, now):
            limits.add(connection, _ATTEMPTS, key, now)

    await desk.portal.database.write(write)
    return made


async def _check(desk: Desk, choice: Choice, hold: Hold) -> None:
    """The offer was found for what the page says: a token of another page is given back."""
    if choice.visit:
        right = hold.visit == choice.visit.name
    else:
        visit = await desk.calls.visit(hold.visit)
        right = (visit.site, visit.activity_type) == (choice.site, choice.activity_type)
    if not right:
        await desk.calls.release(hold.name, uuid.uuid4().hex)
        raise not_found()


def _his(desk: Desk, hold: KeptHold) -> bool:
    return desk.visitor.sees_site(hold.site) and hold.activity_type in desk.shown.types
