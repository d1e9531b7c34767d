"""What the rules ask of every route, as arrays: kept with the calendar, read by every search.

R routes. Those that offer the same tags in the same sectors are of one *kind*, so that a rule about
tags is asked once for each kind and not for each route.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np

from slotsvc.domain.booking_rules import free_for_all
from slotsvc.domain.working_time import Shift
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.instance import INF, Bool, Int32, Int64

_NUMBERS = ("technician", "day", "origin", "latest", "pace", "kind", "room", "on_site", "free")
_NOTHING = timedelta(0)
_FLAGS = ("keep_order", "published", "move_pending", "estimated")


@dataclass(frozen=True, slots=True, eq=False)
class RouteFacts:
    """All (R,); numbers int64. ``technician``: number in the calendar. ``day``: ordinal of the
    service date. ``origin`` / ``latest``: Unix time from which a route's seconds count, and of the
    last second of its shift, overtime included. ``pace``: percent. ``kind``: number in ``kinds``,
    a shift for each. ``by_day``: the rows by technician, day and row. ``room``: visits that the
    shift still takes, INF: any number. ``on_site``: seconds of all live visits, the settled ones
    included. ``free``: seconds of the regular time that are no pause. Flags as in ``DayOfWork``.
    """

    technician: Int64
    day: Int64
    origin: Int64
    latest: Int64
    pace: Int64
    kind: Int64
    room: Int64
    on_site: Int64
    free: Int64
    by_day: Int64
    keep_order: Bool
    published: Bool
    move_pending: Bool
    estimated: Bool
    kinds: tuple[Shift, ...]

    def service(self, seconds: int) -> Int32:
        """int32 (R,): time on site at each route's pace, rounded up (``at_pace``)."""
        found: Int32 = (-(-seconds * self.pace // 100)).astype(np.int32)
        return found

    def free_to_resequence(self) -> RouteFacts:
        """As a planner may use them: an order that is kept only because it was told is free."""
        return replace(self, keep_order=self.keep_order & ~self.published)


def route_facts(days: Sequence[DayOfWork]) -> RouteFacts:
    """Of the days, in their order."""
    columns: dict[str, Any] = {name: np.zeros(len(days), np.int64) for name in _NUMBERS}
    columns |= {name: np.zeros(len(days), np.bool_) for name in _FLAGS}
    empty = RouteFacts(**columns, by_day=np.arange(len(days)), kinds=())
    return replaced_facts(empty, dict(enumerate(days)))


def replaced_facts(facts: RouteFacts, changes: Mapping[int, DayOfWork]) -> RouteFacts:
    """The same facts with those of some rows changed. The old ones stay as they are."""
    columns = {name: getattr(facts, name).copy() for name in (*_NUMBERS, *_FLAGS)}
    kinds = list(facts.kinds)
    number_of = {_kind(shift): number for number, shift in enumerate(kinds)}
    for row, day in changes.items():
        kind = number_of.setdefault(_kind(day.shift), len(kinds))
        if kind == len(kinds):
            kinds.append(day.shift)
        for name, number in zip(_NUMBERS, _numbers(day, kind), strict=True):
            columns[name][row] = number
        for name in _FLAGS:
            columns[name][row] = getattr(day, name)
    moved = any(not np.array_equal(columns[n], getattr(facts, n)) for n in ("technician", "day"))
    by_day = np.lexsort((columns["day"], columns["technician"])) if moved else facts.by_day
    return RouteFacts(**columns, by_day=by_day, kinds=tuple(kinds))


def _kind(shift: Shift) -> tuple[frozenset[str], frozenset[str] | None]:
    return shift.offers, shift.sectors


def _numbers(day: DayOfWork, kind: int) -> tuple[int, ...]:
    """In the order of ``_NUMBERS``."""
    shift, route = day.shift, day.instance
    most = shift.max_visits
    return (
        day.technician,
        day.day.toordinal(),
        route.origin,
        route.origin + route.end,
        shift.pace,
        kind,
        INF if most is None else most - len(day.placements),
        _on_site(day),
        _regular(shift),
    )


def _on_site(day: DayOfWork) -> int:
    settled = set(day.instance.done)
    over = sum(int(p.on_site.total_seconds()) for p in day.placements if p.id in settled)
    return int(day.instance.service.sum()) + over


def _regular(shift: Shift) -> int:
    return int(free_for_all(shift, _NOTHING).total_seconds())
