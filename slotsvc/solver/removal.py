"""The referee's word on what is left when holds lapse and visits are cancelled.

Part of ``slotsvc.solver.checker``; see there for the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from slotsvc.domain.working_time import Shift
from slotsvc.solver.checked_day import (
    UNROUTABLE_S,
    CheckedVisit,
    Day,
    Pause,
    Travel,
    Work,
    arrivals,
    finishes,
    in_seconds,
    part,
)
from slotsvc.solver.courses import broken
from slotsvc.solver.findings import Finding, FindingKind

_NEVER = 1 << 62
"""A clock that means: it cannot be done."""


def removal_safe(
    shift: Shift,
    visits: Sequence[CheckedVisit],
    travel: Travel,
    pairs: Sequence[tuple[str, str]] = (),
) -> Finding | None:
    """None when every subset of ``visits`` that lapses and cancellations can leave is feasible.

    ``pairs``: (old, new) ids of placements of which one replaces the other: never both are served.
    A pair of which one is not on this route says nothing. Visits marked ``fixed`` always stay.
    Otherwise one subset that is not feasible, named by what is gone from it and what then breaks.
    Exact for any number of visits: of all subsets that end at the same visit only those are
    followed that leave it latest, since whatever is feasible after a later finish is feasible after
    an earlier one; driving is judged apart, by the subset with the most of it. Tags and sectors are
    not judged here: they do not change when somebody else is gone.
    """
    day = in_seconds(shift, visits, travel)
    for gone in _ways_out(day, pairs):
        kept = [i for i, work in enumerate(day.works) if work.id not in gone]
        left = _infeasible_subset(part(day, kept))
        if left is not None:
            return _removal(day, [kept[i] for i in left])
    return None


def _ways_out(day: Day, pairs: Sequence[tuple[str, str]]) -> dict[frozenset[str], None]:
    """Which of the pairs' placements may be gone together, one of each pair."""
    stays = {work.id: work.fixed for work in day.works}
    here = [pair for pair in pairs if stays.keys() >= set(pair)]
    choices = [[name for name in pair if not stays[name]] for pair in here]
    return dict.fromkeys(frozenset(gone) for gone in product(*filter(None, choices)))


def _infeasible_subset(day: Day) -> list[int] | None:
    """Positions of the works of one infeasible subset; None when all subsets are feasible."""
    if day.most_visits is not None and len(day.works) > day.most_visits:
        return list(range(len(day.works)))
    late = _late_subset(day)
    return _far_subset(day) if late is None else late


@dataclass(frozen=True, slots=True)
class _Subset:
    """Works kept so far, the last one included. ``clocks[b]``: earliest finish with b breaks."""

    kept: tuple[int, ...]
    clocks: tuple[int, ...]

    def no_earlier_than(self, other: _Subset) -> bool:
        return all(mine >= theirs for mine, theirs in zip(self.clocks, other.clocks, strict=True))


def _late_subset(day: Day) -> list[int] | None:
    nothing = _Subset((), (day.start, *(_NEVER for _ in day.pauses)))
    ending_at: list[list[_Subset]] = [[nothing]]
    for node in range(1, day.home + 1):
        found: list[_Subset] = []
        for before in _before(day, node):
            for subset in ending_at[before]:
                after = _kept_too(day, subset, before, node)
                if min(after.clocks) >= _NEVER:
                    return [*subset.kept, *range(node - 1, len(day.works))]
                found.append(after)
        ending_at.append(_latest(found))
    return None


def _before(day: Day, node: int) -> Iterator[int]:
    """Nodes that may come right before a node when others are gone, the nearest first."""
    for before in range(node - 1, -1, -1):
        yield before
        if before and day.works[before - 1].fixed:
            return


def _kept_too(day: Day, subset: _Subset, before: int, node: int) -> _Subset:
    road = day.driving(before, node) < UNROUTABLE_S
    clocks = subset.clocks if road else (_NEVER,) * len(subset.clocks)
    reached = _arrivals(clocks, day.legs(before, node), day.pauses)
    if node == day.home:
        rested = _arrivals(reached, 0, day.pauses)[-1]
        return _Subset(subset.kept, (rested if rested <= day.end else _NEVER,))
    served = _finishes(reached, day.works[node - 1], day.pauses)
    return _Subset((*subset.kept, node - 1), tuple(served))


def _arrivals(clocks: Sequence[int], leg: int, pauses: Sequence[Pause]) -> list[int]:
    """Earliest arrival with 0, 1, 2 … breaks taken in all; no break may begin too late."""
    best = [_NEVER] * len(clocks)
    for taken, clock in enumerate(clocks):
        if clock < _NEVER:
            for arrival, late in arrivals(clock, leg, pauses[taken:]):
                if not any(late):
                    best[taken + len(late)] = min(best[taken + len(late)], arrival)
    return best


def _finishes(clocks: Sequence[int], work: Work, pauses: Sequence[Pause]) -> list[int]:
    """Earliest finish with 0, 1, 2 … breaks taken in all, from arrivals with so many taken."""
    best = [_NEVER] * len(clocks)
    for taken, clock in enumerate(clocks):
        if clock <= work.last:
            for finish, late in finishes(max(clock, work.first), work, pauses[taken:]):
                if not any(late):
                    best[taken + len(late)] = min(best[taken + len(late)], finish)
    return best


def _latest(subsets: Sequence[_Subset]) -> list[_Subset]:
    kept: list[_Subset] = []
    for subset in subsets:
        if not any(other.no_earlier_than(subset) for other in kept):
            kept = [other for other in kept if not subset.no_earlier_than(other)] + [subset]
    return kept


def _far_subset(day: Day) -> list[int] | None:
    """The subset with the most driving, if that is more than allowed. Roads are rounded and need
    not keep the triangle inequality, so it may be one that leaves visits out."""
    if day.most_driving is None:
        return None
    most: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for node in range(1, day.home + 1):
        ways = ((most[b][0] + day.driving(b, node), most[b][1]) for b in _before(day, node))
        driven, kept = max(ways, key=lambda way: way[0])
        most.append((driven, kept if node == day.home else (*kept, node - 1)))
    driven, kept = most[-1]
    return list(kept) if driven > day.most_driving else None


def _removal(day: Day, left: Sequence[int]) -> Finding:
    first = broken(part(day, left))[0]
    gone = [work.id for i, work in enumerate(day.works) if i not in left]
    cause = f"without {', '.join(gone)}: {first.cause}" if gone else first.cause
    return Finding(FindingKind.REMOVAL, first.subject, first.size, cause)
