"""When the calendar changes under booked visits: their routes are judged anew, at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from slotsvc.domain.errors import NotFoundError
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import BEGUN, UnplacedReason
from slotsvc.domain.working_time import Absence
from slotsvc.scheduling.affected_days import affected
from slotsvc.scheduling.backlog import return_to_backlog
from slotsvc.scheduling.book_visit import require_visit
from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.scheduling.desk import shift_of
from slotsvc.scheduling.mutation import Mutation
from slotsvc.scheduling.ports import Event, ReadTx, StoredRoute, WriteTx
from slotsvc.scheduling.resuming import covering
from slotsvc.scheduling.route_violations import judge_anew
from slotsvc.scheduling.timetables import planned_route

_SECOND = timedelta(seconds=1)
LONGEST_AHEAD = timedelta(days=400)
"""Nothing is booked further ahead."""


def judge_changed_days(
    tx: WriteTx, mutation: Mutation, before: Entity | None, after: Entity | None
) -> None:
    """Records what is now broken on every route whose shift the change may touch.

    In the transaction of the change; ``before`` None: created, ``after`` None: deleted.
    """
    keys = [route.key for route in touched(tx, mutation.tenant, before, after)]
    judge_anew(tx, keys, origin_of(before, after), mutation.actor)


def origin_of(before: Entity | None, after: Entity | None) -> Origin:
    """What brings about the violations that the change leads to."""
    return Origin.ABSENCE if isinstance(before or after, Absence) else Origin.CALENDAR


def touched(
    tx: ReadTx, tenant: str, before: Entity | None, after: Entity | None
) -> list[StoredRoute]:
    """Routes with visits among those affected, in order."""
    found = affected(tx, tenant, before, after)
    if found is None:
        return []
    people, (first, last) = found
    last = min(last, (tx.now() + LONGEST_AHEAD).date())
    routes = tx.routes(tenant, people, first, last) if first <= last else {}
    return [routes[key] for key in sorted(routes) if routes[key].live(tx.now())]


type AbsenceAnswer = Callable[[Absence, str, Sequence[str]], bytes]
"""The answer for the absence, its etag, and the visits that went back to the backlog."""


def record_absence(
    tx: WriteTx, mutation: Mutation, absence: Absence, answer: AbsenceAnswer
) -> bytes:
    """Stores an absence and takes the visits planned in it off their routes, all or nothing.

    What their clients were told stands; the visits wait in the backlog. Raises as ``Calendars``.
    """
    if tx.technician(mutation.tenant, absence.technician) is None:
        raise NotFoundError("no such technician")
    routes = touched(tx, mutation.tenant, None, absence)
    inside = [visit for route in routes for visit in _inside(tx, route, absence.window)]
    etag = tx.create(mutation.tenant, absence)
    revision = tx.calendar_revision(mutation.tenant)
    data = {"technician": absence.technician}
    event = Event("ABSENCE_CREATED", absence.id, None, revision, data)
    tx.record(mutation.tenant, event, mutation.actor)
    keys = {route.key for route in routes}
    for visit in inside:
        stored = require_visit(tx, mutation.tenant, visit)
        keys |= return_to_backlog(tx, stored, UnplacedReason.ABSENCE, mutation)
    # judged when all have left: a day that is broken only in between alarms nobody
    judge_anew(tx, sorted(keys), Origin.ABSENCE, mutation.actor)
    return answer(absence, etag, inside)


def _inside(tx: ReadTx, route: StoredRoute, away: TimeWindow) -> list[str]:
    """Booked visits whose planned time on site meets the absence, or of which no time is known."""
    now = tx.now()
    times = _times(tx, route, now)
    booked = [p for p in route.live(now) if p.expires is None and p.state not in BEGUN]
    return [p.visit.id for p in booked if p.id not in times or away.overlaps(times[p.id])]


def _times(tx: ReadTx, route: StoredRoute, now: datetime) -> dict[str, TimeWindow]:
    """When each placement is planned; empty when the day has no times."""
    work, live = shift_of(tx, route.key), route.live(now)
    block = covering(route.block, work.shift, live) if work is not None else None
    if work is None or block is None:
        return {}
    # a visit that is being moved stands at its old place until the move is confirmed
    here = {p.id for p in live}
    booked = tuple(p for p in live if p.replaces not in here)
    planned = planned_route(work.shift, booked, block, now)
    # what was only reported done may have begun in the same second
    return {
        s.placement: TimeWindow(s.start, max(s.finish, s.start + _SECOND)) for s in planned.stops
    }
