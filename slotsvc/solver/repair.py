"""The smallest changes that open a window, each one tried.

Every change with a size is *monotone*: what fits with some minutes fits with more, since more
minutes only move a limit out. So its least size is found by halving. A change is told only when the
independent referee accepts the day it leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement, PlacementState
from slotsvc.solver.blocks import rules
from slotsvc.solver.changes import Change, ChangeKind, applied, is_pinned
from slotsvc.solver.constraints import Closed, Reason
from slotsvc.solver.fits import Fit, Placed, best_place, has_room, opens, referee_accepts
from slotsvc.solver.one_window import OneWindow
from slotsvc.solver.params import Weights

_K = ChangeKind
_MINUTE = 60

MOST_MINUTES = {
    _K.START_EARLIER: 12 * 60,
    _K.START_LATER: 12 * 60,
    _K.VISIT_EARLIER: 4 * 60,
    _K.VISIT_LATER: 4 * 60,
    _K.EARLIER_SHIFT: 4 * 60,
    _K.OVERTIME: 4 * 60,
    _K.BREAK_EARLIER: 2 * 60,
    _K.BREAK_LATER: 2 * 60,
    _K.ABSENCE_LATER: 2 * 60,
    _K.MORE_DRIVING: 8 * 60,
    _K.MORE_ADDED_DRIVING: 8 * 60,
    _K.LATER_DUE: 7 * 24 * 60,
    _K.SITE_CLOSES_LATER: 4 * 60,
}
"""Beyond this it is no longer the same plan."""

MOST_OTHERS = 15
"""Other visits of a day that changes are tried with."""

EFFORT = {
    _K.REORDER: (20, 0),
    _K.START_EARLIER: (0, 2),
    _K.START_LATER: (0, 2),
    _K.SHORTER_SERVICE: (10, 3),
    _K.BREAK_EARLIER: (5, 2),
    _K.BREAK_LATER: (5, 2),
    _K.MORE_DRIVING: (5, 1),
    _K.MORE_ADDED_DRIVING: (0, 1),
    _K.OVERTIME: (10, 3),
    _K.EARLIER_SHIFT: (15, 3),
    _K.ABSENCE_LATER: (30, 3),
    _K.VISIT_EARLIER: (20, 3),
    _K.VISIT_LATER: (20, 3),
    _K.SITE_CLOSES_LATER: (25, 2),
    _K.SITE_OPENS: (60, 0),
    _K.LATER_DUE: (30, 1),
    _K.LEAVE_PROMISE: (60, 0),
    _K.UNPIN_VISIT: (40, 0),
    _K.MOVE_VISIT_AWAY: (90, 0),
}
"""How much each change asks of people: so much in any case, and so much a minute. Only an order in
which to tell them; kinds left out lift the one rule that needs lifting."""


@dataclass(frozen=True, slots=True)
class Repair:
    """``changes``: together they open the window. ``least``: with a size one smaller they do not,
    proven; True where there is no size. ``placed``: where the visit would go."""

    changes: tuple[Change, ...]
    placed: Placed
    case: OneWindow
    least: bool


def repairs(case: OneWindow, weights: Weights, most: int) -> tuple[Repair, ...]:
    """At most ``most`` ways to open the window, the one that asks least of people first.

    Single changes wherever one is enough; else, where there is one, a set of changes: one for each
    rule that says no, and the smallest that then makes room.
    """
    closed = tuple(rules(case))
    lifts = [_lift(case, one) for one in closed]
    if any(lift is None for lift in lifts):
        return ()
    found = list(_single(case, closed))
    if not found and lifts:
        found = list(_together(case, [lift for lift in lifts if lift is not None]))
    checked = (_checked(case, one, weights) for one in _mixed(sorted(found, key=_effort)))
    return tuple(_first(checked, most))


type _Found = tuple[tuple[Change, ...], bool]
"""Changes, and whether their sizes are proven least."""


def _first(found: Iterator[Repair | None], most: int) -> Iterator[Repair]:
    told: set[tuple[Change, ...]] = set()
    for repair in found:
        if len(told) == most:
            return
        if repair is not None and repair.changes not in told:
            told.add(repair.changes)
            yield repair


def _checked(case: OneWindow, found: _Found, weights: Weights) -> Repair | None:
    changes, least = found if len(found[0]) == 1 else _pruned(case, *found)
    case = _made(case, changes)
    placed = best_place(case, weights)
    if placed is None or not referee_accepts(case, placed):
        return None
    return Repair(changes, placed, case, least)


def _made(case: OneWindow, changes: Sequence[Change]) -> OneWindow:
    for change in changes:
        case = applied(case, change)
    return case


def _effort(found: _Found) -> tuple[int, str]:
    changes, _ = found
    total = 0
    for change in changes:
        once, each = EFFORT.get(change.kind, (0, 0))
        total += once + each * change.size
    return total, changes[-1].placement


def _mixed(found: Sequence[_Found]) -> list[_Found]:
    """One of every kind before the second of any."""
    seen: dict[ChangeKind, int] = {}
    keys: list[tuple[int, int]] = []
    for number, (changes, _) in enumerate(found):
        kind = changes[-1].kind
        seen[kind] = seen.get(kind, 0) + 1
        keys.append((seen[kind], number))
    return [found[number] for _, number in sorted(keys)]


# rules


def _lift(case: OneWindow, closed: Closed) -> Change | None:
    """The change that lifts a rule and nothing more; None: planners cannot."""
    kind = _LIFTS.get(closed.reason)
    if kind is None or (closed.reason is Reason.NOTICE and _has_begun(case)):
        return None
    size = _lift_size(closed)
    if kind is _K.USE_RESERVE:  # where all of it is used, none is kept
        size = min(size, -(-int(case.query.reserve.total_seconds()) // _MINUTE))
    return Change(kind, size, subject=_lift_subject(closed))


_LIFTS = {
    Reason.MISSING_TAG: _K.GIVE_TAG,
    Reason.SECTOR: _K.SERVE_SECTOR,
    Reason.NOT_THIS_TECHNICIAN: _K.ADMIT_TECHNICIAN,
    Reason.NOTICE: _K.SHORTER_NOTICE,
    Reason.HORIZON: _K.LONGER_HORIZON,
    Reason.CUT_OFF: _K.LATER_CUT_OFF,
    Reason.QUOTA_FULL: _K.HIGHER_QUOTA,
    Reason.RESERVED: _K.USE_RESERVE,
    Reason.SECTOR_DAY: _K.OPEN_SECTOR_DAY,
    Reason.BLACKOUT: _K.LIFT_BLACKOUT,
    Reason.DEADLINE: _K.LATER_DUE,
    Reason.OUTSIDE_PROMISE: _K.LEAVE_PROMISE,
    Reason.MAX_VISITS: _K.MORE_VISITS,
}
_COUNTED = (Reason.QUOTA_FULL, Reason.MAX_VISITS)
_NAMED = (Reason.MISSING_TAG, Reason.SECTOR, Reason.SECTOR_DAY)
_STRICT = (Reason.CUT_OFF, Reason.DEADLINE)
"""Rules that still say no at the very second."""


def _lift_size(closed: Closed) -> int:
    if closed.reason in _COUNTED:
        return closed.margin
    if closed.reason in _NAMED or _LIFTS[closed.reason] in _WITHOUT_SIZE:
        return 0
    if closed.reason in _STRICT:
        return closed.margin // _MINUTE + 1
    return -(-closed.margin // _MINUTE)


_WITHOUT_SIZE = (_K.ADMIT_TECHNICIAN, _K.LIFT_BLACKOUT, _K.LEAVE_PROMISE)


def _lift_subject(closed: Closed) -> str:
    return closed.subject if closed.reason in _NAMED else ""


def _has_begun(case: OneWindow) -> bool:
    return case.wanted.window.promise.start <= case.now


# single changes


def _single(case: OneWindow, closed: Sequence[Closed]) -> Iterator[_Found]:
    """Every single change that is enough."""
    if len(closed) == 1:
        yield from _lifting(case, closed[0])
    for change in _without_size(case):
        if opens(applied(case, change)) is Fit.YES:
            yield (change,), True
    for change, most in _sized(case):
        if (found := _least(case, change, most)) is not None:
            size, proven = found
            yield (replace(change, size=size),), proven


def _lifting(case: OneWindow, closed: Closed) -> Iterator[_Found]:
    """The rule's own change; a later due time is found by its size like all that make room."""
    lift = _lift(case, closed)
    if lift is None or lift.kind in MOST_MINUTES or lift.kind is _K.LEAVE_PROMISE:
        return
    if lift.size:
        if (found := _least(case, lift, lift.size)) is not None:
            yield (replace(lift, size=found[0]),), found[1]
    elif opens(applied(case, lift)) is Fit.YES:
        yield (lift,), True


def _without_size(case: OneWindow) -> Iterator[Change]:
    if case.keep_order and case.may_reorder:
        yield Change(_K.REORDER)
    if case.wanted.hours is not None:
        yield Change(_K.SITE_OPENS)
    if case.query.promised is not None:
        yield Change(_K.LEAVE_PROMISE)
    for placement in _others(case):
        if is_pinned(placement):
            yield _of_visit(_K.UNPIN_VISIT, placement)
        yield _of_visit(_K.MOVE_VISIT_AWAY, placement)


def _others(case: OneWindow) -> Sequence[Placement]:
    """Visits worth a try, those nearest to the window. Absences that are planned as stops belong to
    no tenant."""
    window = case.wanted.window.start_window
    visits = [p for p in case.placements if p.route.tenant]
    return sorted(visits, key=lambda p: _apart(p.start_window, window))[:MOST_OTHERS]


def _apart(one: TimeWindow, other: TimeWindow) -> timedelta:
    """Time between two windows; below zero where they overlap."""
    return max(one.start, other.start) - min(one.end, other.end)


def _of_visit(kind: ChangeKind, placement: Placement) -> Change:
    return Change(kind, visit=placement.visit.id, placement=placement.id)


def _sized(case: OneWindow) -> Iterator[tuple[Change, int]]:
    """Changes with a size, and the most minutes worth a try."""
    for kind, most in MOST_MINUTES.items():
        if kind in _OF_VISITS or kind in _OF_BREAKS or not _applies(case, kind):
            continue
        yield Change(kind), min(most, _room_for(case, kind))
    yield Change(_K.SHORTER_SERVICE), int(case.query.service.total_seconds()) // _MINUTE // 2
    for placement in _others(case):
        for kind in _OF_VISITS:
            yield _of_visit(kind, placement), MOST_MINUTES[kind]
    for number, pause in enumerate(case.shift.breaks, start=1):
        for kind in (_K.ABSENCE_LATER,) if pause.away else (_K.BREAK_EARLIER, _K.BREAK_LATER):
            yield Change(kind, subject=str(number)), MOST_MINUTES[kind]


_OF_VISITS = (_K.VISIT_EARLIER, _K.VISIT_LATER)
_OF_BREAKS = (_K.BREAK_EARLIER, _K.BREAK_LATER, _K.ABSENCE_LATER)


def _applies(case: OneWindow, kind: ChangeKind) -> bool:
    needed = {
        _K.MORE_DRIVING: case.shift.max_travel is not None,
        _K.MORE_ADDED_DRIVING: case.query.max_added_travel is not None,
        _K.LATER_DUE: case.query.due is not None,
        _K.SITE_CLOSES_LATER: case.wanted.hours is not None,
    }
    return needed.get(kind, True)


def _room_for(case: OneWindow, kind: ChangeKind) -> int:
    """Most minutes before the change runs into now, or into another shift."""
    shift, limits = case.shift, [timedelta(days=30)]
    if kind is _K.START_EARLIER:  # the window must neither have begun nor come too soon
        lead = case.wanted.window.promise.start - case.now
        limits.append(min(lead - case.query.notice, lead - timedelta(seconds=1)))
    if kind is _K.EARLIER_SHIFT:
        limits.append(timedelta(0) if case.begun else shift.window.start - case.now)
        if case.earliest_begin is not None:
            limits.append(shift.window.start - case.earliest_begin)
    if kind is _K.OVERTIME and case.latest_end is not None:
        limits.append(case.latest_end - shift.latest_end)
    return max(int(min(limits).total_seconds()) // _MINUTE, 0)


def _least(
    case: OneWindow, change: Change, most: int, fits: Callable[[OneWindow], Fit] = opens
) -> tuple[int, bool] | None:
    """Least size that is enough, and whether one less is proven not to be; None: ``most`` is not
    enough either."""
    if most < 1 or fits(applied(case, replace(change, size=most))) is not Fit.YES:
        return None
    too_small, enough, proven = 0, most, True
    while enough - too_small > 1:
        middle = (too_small + enough) // 2
        found = fits(applied(case, replace(change, size=middle)))
        if found is Fit.YES:
            enough = middle
        else:
            too_small, proven = middle, found is Fit.NO
    if too_small == 0:
        proven = fits(case) is Fit.NO
    return enough, proven


# several changes


def _together(case: OneWindow, lifts: Sequence[Change]) -> Iterator[_Found]:
    """Every rule lifted, and what then makes room."""
    lifted = _made(case, lifts)
    if opens(lifted) is Fit.YES:
        yield tuple(lifts), True
        return
    if has_room(lifted) is not Fit.NO:
        return
    singles = sorted(_single(lifted, tuple(rules(lifted))), key=_effort)
    for (change,), least in singles:
        yield _added(lifts, change), least


def _added(lifts: Sequence[Change], change: Change) -> tuple[Change, ...]:
    """The change behind the lifts; one that lifts a rule further is told as one."""
    for number, lift in enumerate(lifts):
        if replace(lift, size=change.size) == change and change.size:
            more = replace(change, size=lift.size + change.size)
            return (*lifts[:number], *lifts[number + 1 :], more)
    return (*lifts, change)


def _pruned(case: OneWindow, changes: Sequence[Change], least: bool) -> _Found:
    """The set without what the others make needless, and no size larger than they leave it."""
    kept = list(changes)
    for change in changes:
        others = [one for one in kept if one is not change]
        rest = _made(case, others)
        if opens(rest) is Fit.YES:
            kept = others
        elif change.size and (found := _least(rest, change, change.size)) is not None:
            kept[kept.index(change)] = replace(change, size=found[0])
            least = least and found[1]
    return tuple(kept), least


def is_held(case: OneWindow, change: Change) -> bool:
    """Whether the visit that a change is about is only held."""
    return any(p.id == change.placement and p.state is PlacementState.HELD for p in case.placements)
