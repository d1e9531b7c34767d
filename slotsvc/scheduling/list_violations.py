"""Every rule broken on a team's stored routes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from slotsvc.domain.errors import InvalidRequestError, NotFoundError, Violation
from slotsvc.domain.shifts import date_in
from slotsvc.domain.technician import Technician
from slotsvc.scheduling.desk import Desk
from slotsvc.scheduling.ports import ReadTx, StoredRoute
from slotsvc.scheduling.route_violations import on_record, route_findings
from slotsvc.solver.checker import Finding

USUAL_SPAN = timedelta(days=28)
LONGEST_SPAN = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class BrokenRoute:
    """``findings``: what is broken now; ``route.violations`` has what is on record of it."""

    technician: Technician
    route: StoredRoute
    findings: tuple[Finding, ...]


async def list_violations(
    desk: Desk, tenant: str, team: str, first: date | None = None, last: date | None = None
) -> Sequence[BrokenRoute]:
    """Routes of the team's technicians with something on record that is broken still, or broken
    since a hold lapsed, by date, technician and shift.

    ``first`` None: today; ``last`` None: 28 days later; both included.

    Judged anew, for holds lapse and time passes without a write. Raises ``NotFoundError``,
    ``InvalidRequestError`` for too many days.
    """

    def work(tx: ReadTx) -> Sequence[BrokenRoute]:
        found = tx.team(tenant, team)
        if found is None:
            raise NotFoundError("no such team")
        begin = first or date_in(found.zone, tx.now())
        end = last or begin + USUAL_SPAN
        if end - begin >= LONGEST_SPAN:
            text = f"at most {LONGEST_SPAN.days} days in all"
            raise InvalidRequestError([Violation("last_date", text)])
        return sorted(
            _broken(tx, tenant, team, begin, end),
            key=lambda one: (one.route.key.day, one.technician.id, one.route.key.shift),
        )

    return await desk.store.read(work)


def _broken(tx: ReadTx, tenant: str, team: str, first: date, last: date) -> Iterator[BrokenRoute]:
    members = {who.id: who for who in tx.technicians(tenant, team, first, last)}
    now = tx.now()
    for key, route in tx.routes(tenant, members, first, last).items():
        # a move that lapsed leaves the old place, which nobody has judged since
        lapsed = any(not placed.live(now) for placed in route.placements)
        if not route.violations and not lapsed:
            continue
        found = route_findings(tx, route, now)
        # without all of its driving it cannot be judged anew: what is on record stands
        broken = on_record(route.violations) if found is None else found
        if broken:
            yield BrokenRoute(members[key.technician], route, broken)
