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
from slotsvc.scheduling.calendar_ports import CalendarRead, Entity
from slotsvc.scheduling.desk import shift_of
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.placing import without_replaced
from slotsvc.scheduling.ports import Event, ReadTx, Store, StoredRoute, WriteTx
from slotsvc.scheduling.resuming import route_places
from slotsvc.scheduling.route_violations import judge_anew
from slotsvc.scheduling.timetables import planned_route

LONGEST_AHEAD = timedelta(days=400)
"""Nothing is booked further ahead."""


def judge_changed_days(
    tx: WriteTx, mutation: Mutation, before: Entity | None, after: Entity | None
) -> None:
    """Records what is now broken on every route whose shift the change may touch.

    In the transaction of the change; ``before`` None: created, ``after`` None: deleted.
    """
    keys = [route.key for route in _touched(tx, mutation.tenant, before, after)]
    absent = isinstance(before or after, Absence)
    judge_anew(tx, keys, Origin.ABSENCE if absent else Origin.CALENDAR, mutation.actor)


def _touched(
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


async def record_absence(
    store: Store, mutation: Mutation, make: Callable[[CalendarRead], Absence], answer: AbsenceAnswer
) -> bytes:
    """Stores an absence and takes the visits planned in it off their routes, all or nothing.

    What their clients were told stands; the visits wait in the backlog. Raises as ``Calendars``.
    """

    def work(tx: WriteTx) -> bytes:
        absence = make(tx)
        if tx.technician(mutation.tenant, absence.technician) is None:
            raise NotFoundError("no such technician")
        routes = _touched(tx, mutation.tenant, None, absence)
        inside = [visit for route in routes for visit in _inside(tx, route, absence.window)]
        etag = tx.create(mutation.tenant, absence)
        revision = tx.calendar_revision(mutation.tenant)
        data = {"technician": absence.technician}
        event = Event("ABSENCE_CREATED", absence.id, None, revision, data)
        tx.record(mutation.tenant, event, mutation.actor)
        for visit in inside:
            stored = require_visit(tx, mutation.tenant, visit)
            return_to_backlog(tx, stored, UnplacedReason.ABSENCE, mutation)
        keys = [route.key for route in routes]
        judge_anew(tx, keys, Origin.ABSENCE, mutation.actor)
        return answer(absence, etag, inside)

    return await store.write(once(mutation, work))


def _inside(tx: ReadTx, route: StoredRoute, away: TimeWindow) -> list[str]:
    """Booked visits whose planned time on site meets the absence, or of which no time is known."""
    now = tx.now()
    times = _times(tx, route, now)
    booked = [p for p in route.live(now) if p.expires is None and p.state not in BEGUN]
    return [p.visit.id for p in booked if p.id not in times or away.overlaps(times[p.id])]


def _times(tx: ReadTx, route: StoredRoute, now: datetime) -> dict[str, TimeWindow]:
    """When each placement is planned; empty when the day has no times."""
    work = shift_of(tx, route.key)
    block = route.block
    if work is None or block is None:
        return {}
    live = route.live(now)
    if not set(route_places(work.shift, live)) <= set(block.places):
        return {}
    planned = planned_route(work.shift, without_replaced(route.live(now)), block, now)
    return {s.placement: TimeWindow(s.start, s.finish) for s in planned.stops}
