"""What is broken on a stored route, recorded in the transaction that brings it about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from slotsvc.domain.route_violation import Origin, RouteViolation
from slotsvc.domain.technician import Technician
from slotsvc.domain.visit import Placement, RouteKey
from slotsvc.domain.working_time import NoShiftReason, Shift
from slotsvc.scheduling.placing import findings, without_a_shift, without_replaced
from slotsvc.scheduling.ports import Event, ReadTx, StoredRoute, WriteTx
from slotsvc.scheduling.resuming import covering
from slotsvc.scheduling.under_way import rest_of
from slotsvc.scheduling.work_calendar import read_shift, read_teams
from slotsvc.solver.checker import Finding, FindingKind


def route_findings(tx: ReadTx, route: StoredRoute, now: datetime) -> tuple[Finding, ...] | None:
    """Every rule that what is left of the route breaks; None: its driving is not all known."""
    live = without_replaced(route.live(now))
    if not live:
        return ()
    who = tx.technician(route.key.tenant, route.key.technician)
    shift = read_shift(tx, who, route.key) if who else NoShiftReason.DAY_OFF
    if not isinstance(shift, Shift):
        return without_a_shift(live, shift)
    block = covering(route.block, shift, live)
    if block is None:
        return None
    rest = rest_of(shift, live, block, now)
    found = findings(rest.shift, rest.open, block, on_record(route.violations))
    return (*found, *_of_other_teams(tx, route.key, who, rest.open))


def _of_other_teams(
    tx: ReadTx, key: RouteKey, who: Technician | None, open_: Sequence[Placement]
) -> tuple[Finding, ...]:
    """Visits of a team that has lent the technician away since."""
    if who is None:
        return ()
    teams = read_teams(tx, who, key)
    away = [p for p in open_ if p.visit.team and p.visit.team not in teams]
    return without_a_shift(away, NoShiftReason.OTHER_TEAM)


def record_violations(
    tx: WriteTx,
    keys: Iterable[RouteKey],
    origin: Origin,
    actor: str,
    override_reason: str = "",
) -> None:
    """Writes what is now broken on these routes, whose locks are held.

    What was on record keeps its date, origin and reason; ``origin`` and ``override_reason`` are of
    what is new or bigger. Other rules broken than before, or by other sizes, are an event.
    """
    now = tx.now()
    for key, route in tx.routes_by_key(keys).items():
        found = route_findings(tx, route, now)
        if found is None or (not found and not route.violations):
            continue
        visits = {p.id: p.visit.id for p in route.placements}
        fresh = _merged(route.violations, found, visits, now, origin, override_reason)
        if fresh == route.violations:
            continue
        tx.write_violations(key, fresh)
        if differ(route, found):
            _tell(tx, route, fresh, actor)
        _tell_risks(tx, route, fresh, actor)


def judge_anew(tx: WriteTx, keys: Iterable[RouteKey], origin: Origin, actor: str) -> None:
    """Locks and writes those routes of which something else is broken now than is on record.

    The others keep their version: nothing happened to them.
    """
    now = tx.now()
    routes = tx.routes_by_key(keys).values()
    changed = [
        route.key
        for route in routes
        if (found := route_findings(tx, route, now)) is not None and differ(route, found)
    ]
    if changed:
        tx.lock_routes(changed)
        record_violations(tx, changed, origin, actor)


def differ(route: StoredRoute, found: Sequence[Finding]) -> bool:
    """Whether other rules are broken than is on record, or by other sizes."""
    stored = {(v.kind, v.subject, v.size) for v in route.violations}
    return stored != {(f.kind.value, f.subject, f.size) for f in found}


def on_record(violations: Sequence[RouteViolation]) -> tuple[Finding, ...]:
    """Stored violations as findings."""
    return tuple(Finding(FindingKind(v.kind), v.subject, v.size, v.cause) for v in violations)


def _merged(
    before: Sequence[RouteViolation],
    found: Sequence[Finding],
    visits: Mapping[str, str],
    now: datetime,
    origin: Origin,
    reason: str,
) -> tuple[RouteViolation, ...]:
    known = {(v.kind, v.subject): v for v in before}
    merged: dict[tuple[str, str], RouteViolation] = {}
    for f in found:
        limit = (f.kind.value, f.subject)
        old = known.get(limit)
        if old is not None and f.size <= old.size:
            merged[limit] = replace(old, size=f.size, cause=f.cause)
        else:
            since = old.since if old else now
            kept = reason or (old.override_reason if old else "")
            merged[limit] = RouteViolation(
                *limit, visits.get(f.subject, ""), f.size, f.cause, since, origin, kept
            )
    return tuple(merged[limit] for limit in sorted(merged))


def _tell_risks(
    tx: WriteTx, route: StoredRoute, found: Sequence[RouteViolation], actor: str
) -> None:
    """A client who will be served late, or in time again, is an event of its own."""
    before, after = _late(route.violations), _late(found)
    key = route.key
    for visit in sorted(before.keys() ^ after.keys()):
        kind = "PROMISE_AT_RISK" if visit in after else "PROMISE_SAFE"
        data = {"late_seconds": after.get(visit, 0)}
        tx.record(key.tenant, Event(kind, visit, key, route.version, data), actor)


def _late(violations: Sequence[RouteViolation]) -> dict[str, int]:
    """Seconds by which each visit will be late."""
    return {v.visit: v.size for v in violations if v.visit and v.kind == FindingKind.LATE.value}


def _tell(tx: WriteTx, route: StoredRoute, found: Sequence[RouteViolation], actor: str) -> None:
    kind = "ROUTE_BROKEN" if found else "ROUTE_MENDED"
    key = route.key
    data = {"violations": len(found)}
    tx.record(key.tenant, Event(kind, key.technician, key, route.version, data), actor)
