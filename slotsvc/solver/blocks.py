"""Everything that keeps a visit out of one window: rules first, then room.

The same rules as ``slotsvc.solver.grid`` applies to a whole team, which stops at the first no.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from slotsvc.domain.time_window import TimeWindow
from slotsvc.solver.constraints import (
    Closed,
    Reason,
    blackout,
    commitment,
    cut_off,
    max_travel,
    max_visits,
    notice,
    opening_hours,
    pending_move,
    quota,
    reach,
    reserve,
    sector,
    sector_day,
    shift,
    soundness,
    technician_choice,
)
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START
from slotsvc.solver.one_window import OneWindow, Wanted, start_windows
from slotsvc.solver.query import SlotQuery

_SECOND = timedelta(seconds=1)


def rules(case: OneWindow) -> Iterator[Closed]:
    """Every rule that says no whatever the times are."""
    query = case.query
    yield from window_rules(query, case.wanted, case.zone, case.now, case.late_booking)
    checks = (
        technician_choice.check(case.shift.technician, query.required, query.forbidden),
        *_missing_tags(case),
        sector.check(case.shift, query.sector),
        soundness.check(case.sound),
        pending_move.check(case.move_pending),
        max_visits.check(case.shift, case.placed),
        _reserve(case),
        _roads(case),
        reach.check_snap(case.snap_m, case.snap_limit_m),
    )
    yield from (closed for closed in checks if closed)


def window_rules(
    query: SlotQuery, wanted: Wanted, zone: str, now: datetime, late_booking: timedelta
) -> Iterator[Closed]:
    """Every rule that closes the window to everybody. ``late_booking``: as in ``OneWindow``."""
    in_time = commitment.until_due(wanted.window, query.due)
    window = wanted.window if isinstance(in_time, Closed) else in_time
    found = (
        notice.check(wanted.window.promise, now, query.notice, query.horizon),
        cut_off.check(query.rules, wanted.day, zone, now - late_booking),
        blackout.check(query.rules, wanted.day),
        in_time,
        commitment.as_promised(window, query.promised),
        sector_day.check(query.rules, query.sector, wanted.day),
        quota.check(query.rules, query.taken.get(wanted.day, 0)),
    )
    yield from (closed for closed in found if isinstance(closed, Closed))


def _missing_tags(case: OneWindow) -> Iterator[Closed]:
    for tag in sorted(case.query.requires - case.shift.offers):
        yield Closed(Reason.MISSING_TAG, tag)


def _reserve(case: OneWindow) -> Closed | None:
    query = case.query
    if not query.reserve or query.priority > 0:
        return None
    taken = sum((p.on_site for p in case.placements), case.settled) + case.on_site
    return reserve.check((case.regular - query.reserve) // _SECOND, taken // _SECOND)


def _roads(case: OneWindow) -> Closed | None:
    request = len(case.travel) - 1
    visits = [*range(FIRST_VISIT, request)]
    there = min(int(case.travel[node, request]) for node in [START, *visits])
    back = min(int(case.travel[request, node]) for node in [END, *visits])
    return reach.check_road(there, back)


def times(case: OneWindow) -> Closed | None:
    """What the window alone misses: the opening hours, or the shift; None: neither."""
    starts = list(start_windows(case))
    wanted = case.wanted.window.start_window
    if not starts:
        return opening_hours.closed() if case.wanted.hours is not None else None
    latest = case.shift.latest_end - case.on_site
    begins = case.shift.window.start
    if any(s.start <= latest and s.end > begins for s in starts):
        return None
    return shift.outside(_missed(case, wanted))


def _missed(case: OneWindow, starts: TimeWindow) -> int:
    begins, latest = case.shift.window.start, case.shift.latest_end - case.on_site
    late = (starts.start - latest) // _SECOND
    early = (begins - starts.end) // _SECOND + 1
    return max(late, early, 0)


def too_far(case: OneWindow, over: int) -> Closed:
    """There is time, but ``over`` seconds too much driving."""
    most = INF if case.shift.max_travel is None else case.shift.max_travel // _SECOND
    added = case.query.max_added_travel
    by_request = added is not None and case.driven + added // _SECOND < most
    return max_travel.closed(over, added=by_request)
