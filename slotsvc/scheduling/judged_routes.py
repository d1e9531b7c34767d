"""Every stored route, judged anew by the referee: what is broken must be on record (I1, I7).

Days may be broken (a sick technician, an overrun): that is on record, with its size. A finding that
is not is a defect, ours or of the disk. Where time alone changes the judgement (a day under way, a
hold that has lapsed since the last write) the record may lag behind, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from slotsvc.domain.visit import BEGUN, RouteState
from slotsvc.scheduling.ports import ReadTx, StoredRoute
from slotsvc.scheduling.route_violations import route_findings


@dataclass(slots=True)
class Judged:
    """Counts: ``routes`` with visits, ``skipped`` for the reasons above, ``unknown``: driving that
    is not all known, ``broken``: with something on record."""

    routes: int = 0
    skipped: int = 0
    unknown: int = 0
    broken: int = 0


def disputes(tx: ReadTx, route: StoredRoute, now: datetime, judged: Judged) -> Iterator[str]:
    """What the referee finds on the route that is not on record. Counts into ``judged``."""
    if not route.live(now):
        return
    judged.routes += 1
    judged.broken += bool(route.violations)
    if _goes_on(route, now):
        judged.skipped += 1
        return
    found = route_findings(tx, route, now)
    if found is None:
        judged.unknown += 1
        return
    recorded = {(v.kind, v.subject): v.size for v in route.violations}
    for finding in found:
        size = recorded.get((finding.kind.value, finding.subject))
        if size is None or size < finding.size:
            known = "not on record" if size is None else f"on record with {size}"
            yield (
                f"{finding.kind.value} of {finding.subject}, size {finding.size}, is {known}: "
                f"{finding.cause}"
            )


def _goes_on(route: StoredRoute, now: datetime) -> bool:
    under_way = route.state is RouteState.RUNNING or route.key.day <= now.date()
    begun = any(p.state in BEGUN for p in route.placements)
    lapsed = any(not p.live(now) for p in route.placements)
    return under_way or begun or lapsed
