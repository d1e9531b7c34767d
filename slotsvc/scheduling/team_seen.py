"""What a search reads of a team in the store: whether anything changed, and only what did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from slotsvc.domain.errors import NotFoundError
from slotsvc.domain.technician import Team, Technician
from slotsvc.domain.visit import RouteKey
from slotsvc.domain.working_time import WorkDay
from slotsvc.scheduling.ports import ReadTx, StoredRoute
from slotsvc.scheduling.work_calendar import read_work_days

FEW_ROUTES = 256
"""So many routes are read by name; more are read with all others of their days."""

type Period = tuple[date, date]
"""First and last day, both included."""

type Shifts = Mapping[tuple[int, date], WorkDay]
"""By technician number and day."""


@dataclass(frozen=True, slots=True)
class Glance:
    """Tells whether anything changed. ``change``: number of the last change of a route."""

    now: datetime
    revision: int
    change: int


@dataclass(frozen=True, slots=True, eq=False)
class TeamSeen:
    """A team from ``period[0]`` to ``period[1]``. ``routes``: touched ones.

    ``changed``: routes that are not those seen before; None: anything may be different.
    """

    glance: Glance
    period: Period
    team: Team
    technicians: tuple[Technician, ...]
    shifts: Shifts
    routes: Mapping[RouteKey, StoredRoute]
    changed: Sequence[RouteKey] | None


def glance_at(tx: ReadTx, tenant: str) -> Glance:
    """Three short queries."""
    return Glance(tx.now(), tx.calendar_revision(tenant), tx.last_change(tenant))


def look(tx: ReadTx, tenant: str, team: str, period: Period, before: TeamSeen | None) -> TeamSeen:
    """``before``: what was seen last; what did not change is taken over. None: nothing yet.

    Raises ``NotFoundError``.
    """
    found = tx.team(tenant, team)
    if found is None:
        raise NotFoundError("no such team")
    glance = glance_at(tx, tenant)
    known = before is not None and before.glance.revision == glance.revision
    if before is not None and known and before.period == period:
        return _changed(tx, tenant, glance, before)
    technicians = tuple(tx.technicians(tenant, team, *period))
    numbers = {who.id: number for number, who in enumerate(technicians)}
    work = read_work_days(tx, tenant, technicians, *period, team)
    shifts = {(numbers[who], day): what for (who, day), what in work.items()}
    routes = _routes(tx, tenant, [who.id for who in technicians], period, before)
    return TeamSeen(glance, period, found, technicians, shifts, routes, None)


def _changed(tx: ReadTx, tenant: str, glance: Glance, before: TeamSeen) -> TeamSeen:
    """The same calendar, some routes of which were written since."""
    _, keys = tx.changed_routes(tenant, before.glance.change)
    ours, (first, last) = {who.id for who in before.technicians}, before.period
    keys = [key for key in keys if key.technician in ours and first <= key.day <= last]
    routes = before.routes
    if keys:
        routes = {**routes, **_read(tx, tenant, sorted(ours), before.period, keys)}
    return TeamSeen(
        glance, before.period, before.team, before.technicians, before.shifts, routes, keys
    )


def _routes(
    tx: ReadTx, tenant: str, technicians: Sequence[str], period: Period, before: TeamSeen | None
) -> Mapping[RouteKey, StoredRoute]:
    """Routes whose version changed are read, the others taken over."""
    if before is None:
        return tx.routes(tenant, technicians, *period)
    known = before.routes
    versions = tx.route_versions(tenant, technicians, *period)
    same = {k: known[k] for k, version in versions.items() if _version(known, k) == version}
    missing = [key for key in versions if key not in same]
    return {**same, **_read(tx, tenant, technicians, period, missing)}


def _read(
    tx: ReadTx, tenant: str, technicians: Sequence[str], period: Period, keys: Sequence[RouteKey]
) -> Mapping[RouteKey, StoredRoute]:
    if len(keys) > FEW_ROUTES:
        found = tx.routes(tenant, technicians, *period)
        return {key: found[key] for key in keys}
    return tx.routes_by_key(keys)


def _version(known: Mapping[RouteKey, StoredRoute], key: RouteKey) -> int:
    return known[key].version if key in known else -1
