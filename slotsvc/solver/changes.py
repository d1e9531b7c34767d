"""What a planner could change so that a visit fits, and the day as it is then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum

import numpy as np

from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Pin, Placement
from slotsvc.domain.working_time import Break, Shift
from slotsvc.solver.one_window import OneWindow


class ChangeKind(Enum):
    """Values are the stable names of the API, where each is explained."""

    START_EARLIER = "START_EARLIER"
    START_LATER = "START_LATER"
    SHORTER_SERVICE = "SHORTER_SERVICE"
    REORDER = "REORDER"
    VISIT_EARLIER = "VISIT_EARLIER"
    VISIT_LATER = "VISIT_LATER"
    UNPIN_VISIT = "UNPIN_VISIT"
    MOVE_VISIT_AWAY = "MOVE_VISIT_AWAY"
    EARLIER_SHIFT = "EARLIER_SHIFT"
    OVERTIME = "OVERTIME"
    BREAK_EARLIER = "BREAK_EARLIER"
    BREAK_LATER = "BREAK_LATER"
    ABSENCE_LATER = "ABSENCE_LATER"
    MORE_DRIVING = "MORE_DRIVING"
    MORE_ADDED_DRIVING = "MORE_ADDED_DRIVING"
    MORE_VISITS = "MORE_VISITS"
    GIVE_TAG = "GIVE_TAG"
    SERVE_SECTOR = "SERVE_SECTOR"
    ADMIT_TECHNICIAN = "ADMIT_TECHNICIAN"
    SHORTER_NOTICE = "SHORTER_NOTICE"
    LONGER_HORIZON = "LONGER_HORIZON"
    LATER_CUT_OFF = "LATER_CUT_OFF"
    HIGHER_QUOTA = "HIGHER_QUOTA"
    USE_RESERVE = "USE_RESERVE"
    OPEN_SECTOR_DAY = "OPEN_SECTOR_DAY"
    LIFT_BLACKOUT = "LIFT_BLACKOUT"
    LATER_DUE = "LATER_DUE"
    LEAVE_PROMISE = "LEAVE_PROMISE"
    SITE_CLOSES_LATER = "SITE_CLOSES_LATER"
    SITE_OPENS = "SITE_OPENS"


@dataclass(frozen=True, slots=True)
class Change:
    """``size``: minutes, or visits; 0: it has none. ``visit``: id of the other visit it is about,
    ``placement``: of its place. ``subject``: the tag, the sector, the number of the break."""

    kind: ChangeKind
    size: int = 0
    visit: str = ""
    placement: str = ""
    subject: str = ""


def applied(case: OneWindow, change: Change) -> OneWindow:
    """The case as it is when the change is made."""
    return _APPLY[change.kind](case, change)


type _Apply = Callable[[OneWindow, Change], OneWindow]


def _minutes(change: Change) -> timedelta:
    return timedelta(minutes=change.size)


def _wider(window: TimeWindow, earlier: timedelta, later: timedelta) -> TimeWindow:
    return TimeWindow(window.start - earlier, window.end + later)


_NOTHING = timedelta(0)


def _start(case: OneWindow, earlier: timedelta, later: timedelta) -> OneWindow:
    old = case.wanted.window
    promise = _wider(old.promise, earlier, later)
    window = OfferWindow(promise, _wider(old.start_window, earlier, later))
    return replace(case, wanted=replace(case.wanted, window=window))


def _shorter_service(case: OneWindow, change: Change) -> OneWindow:
    service = case.query.service - _minutes(change)
    return replace(case, query=replace(case.query, service=service))


def _visit(case: OneWindow, change: Change, starts: Callable[[Placement], TimeWindow]) -> OneWindow:
    placements = tuple(
        replace(p, start_window=starts(p)) if p.id == change.placement else p
        for p in case.placements
    )
    return replace(case, placements=placements)


def _unpinned(case: OneWindow) -> Callable[[Placement], TimeWindow]:
    whole = TimeWindow(case.shift.window.start, case.shift.latest_end)
    return lambda placement: placement.promise or whole


def _away(case: OneWindow, change: Change) -> OneWindow:
    number = next(n for n, p in enumerate(case.placements) if p.id == change.placement)
    nodes = np.delete(np.arange(len(case.travel)), 2 + number)
    travel = np.ascontiguousarray(case.travel[np.ix_(nodes, nodes)])
    kept = (*case.placements[:number], *case.placements[number + 1 :])
    return replace(case, placements=kept, travel=travel, placed=case.placed - 1)


def _shift(case: OneWindow, **fields: object) -> OneWindow:
    return replace(case, shift=replace(case.shift, **fields))  # type: ignore[arg-type]


def _earlier_shift(case: OneWindow, change: Change) -> OneWindow:
    case = replace(case, regular=case.regular + _minutes(change))
    return _shift(case, window=_wider(case.shift.window, _minutes(change), _NOTHING))


def _overtime(case: OneWindow, change: Change) -> OneWindow:
    return _shift(case, overtime=case.shift.overtime + _minutes(change))


def _break(case: OneWindow, change: Change, move: Callable[[Break], Break]) -> OneWindow:
    number = break_index(case.shift, change)
    breaks = list(case.shift.breaks)
    breaks[number] = move(breaks[number])
    return _shift(case, breaks=tuple(breaks))


def break_index(shift: Shift, change: Change) -> int:
    """Which of the shift's breaks a change is about."""
    return int(change.subject) - 1


def _more_driving(case: OneWindow, change: Change) -> OneWindow:
    most = case.shift.max_travel
    return case if most is None else _shift(case, max_travel=most + _minutes(change))


def _query(case: OneWindow, **fields: object) -> OneWindow:
    return replace(case, query=replace(case.query, **fields))  # type: ignore[arg-type]


def _more_added(case: OneWindow, change: Change) -> OneWindow:
    most = case.query.max_added_travel
    return case if most is None else _query(case, max_added_travel=most + _minutes(change))


def _more_visits(case: OneWindow, change: Change) -> OneWindow:
    most = case.shift.max_visits
    return case if most is None else _shift(case, max_visits=most + change.size)


def _admitted(case: OneWindow, change: Change) -> OneWindow:
    who, query = case.shift.technician, case.query
    required = query.required | {who} if query.required else query.required
    return _query(case, required=required, forbidden=query.forbidden - {who})


def _sector(case: OneWindow, change: Change) -> OneWindow:
    served = case.shift.sectors
    return case if served is None else _shift(case, sectors=served | {change.subject})


def _quota(case: OneWindow, change: Change) -> OneWindow:
    rules = case.query.rules
    if rules.daily_quota is None:
        return case
    return _query(case, rules=replace(rules, daily_quota=rules.daily_quota + change.size))


def _sector_day(case: OneWindow, change: Change) -> OneWindow:
    weekday = case.wanted.day.weekday()
    days = tuple(
        replace(one, weekdays=one.weekdays | {weekday}) if one.sector == change.subject else one
        for one in case.query.rules.sector_days
    )
    return _query(case, rules=replace(case.query.rules, sector_days=days))


def _blackout(case: OneWindow, change: Change) -> OneWindow:
    kept = tuple(span for span in case.query.rules.blackouts if case.wanted.day not in span)
    return _query(case, rules=replace(case.query.rules, blackouts=kept))


def _later_due(case: OneWindow, change: Change) -> OneWindow:
    due = case.query.due
    return case if due is None else _query(case, due=due + _minutes(change))


def _hours(case: OneWindow, later: timedelta) -> OneWindow:
    hours = case.wanted.hours
    longer = None if hours is None else tuple(_wider(span, _NOTHING, later) for span in hours)
    return replace(case, wanted=replace(case.wanted, hours=longer))


_K = ChangeKind
_APPLY: Mapping[ChangeKind, _Apply] = {
    _K.START_EARLIER: lambda case, change: _start(case, _minutes(change), _NOTHING),
    _K.START_LATER: lambda case, change: _start(case, _NOTHING, _minutes(change)),
    _K.SHORTER_SERVICE: _shorter_service,
    _K.REORDER: lambda case, change: replace(case, keep_order=False),
    _K.VISIT_EARLIER: lambda case, change: _visit(
        case, change, lambda p: _wider(p.start_window, _minutes(change), _NOTHING)
    ),
    _K.VISIT_LATER: lambda case, change: _visit(
        case, change, lambda p: _wider(p.start_window, _NOTHING, _minutes(change))
    ),
    _K.UNPIN_VISIT: lambda case, change: _visit(case, change, _unpinned(case)),
    _K.MOVE_VISIT_AWAY: _away,
    _K.EARLIER_SHIFT: _earlier_shift,
    _K.OVERTIME: _overtime,
    _K.BREAK_EARLIER: lambda case, change: _break(
        case, change, lambda b: replace(b, begins=_wider(b.begins, _minutes(change), _NOTHING))
    ),
    _K.BREAK_LATER: lambda case, change: _break(
        case, change, lambda b: replace(b, begins=_wider(b.begins, _NOTHING, _minutes(change)))
    ),
    _K.ABSENCE_LATER: lambda case, change: _break(
        case, change, lambda b: replace(b, begins=_wider(b.begins, _NOTHING, _minutes(change)))
    ),
    _K.MORE_DRIVING: _more_driving,
    _K.MORE_ADDED_DRIVING: _more_added,
    _K.MORE_VISITS: _more_visits,
    _K.GIVE_TAG: lambda case, change: _shift(case, offers=case.shift.offers | {change.subject}),
    _K.SERVE_SECTOR: _sector,
    _K.ADMIT_TECHNICIAN: _admitted,
    _K.SHORTER_NOTICE: lambda case, change: _query(
        case, notice=case.query.notice - _minutes(change)
    ),
    _K.LONGER_HORIZON: lambda case, change: _query(
        case, horizon=case.query.horizon + _minutes(change)
    ),
    _K.LATER_CUT_OFF: lambda case, change: replace(
        case, late_booking=case.late_booking + _minutes(change)
    ),
    _K.HIGHER_QUOTA: _quota,
    _K.USE_RESERVE: lambda case, change: _query(
        case, reserve=max(case.query.reserve - _minutes(change), _NOTHING)
    ),
    _K.OPEN_SECTOR_DAY: _sector_day,
    _K.LIFT_BLACKOUT: _blackout,
    _K.LATER_DUE: _later_due,
    _K.LEAVE_PROMISE: lambda case, change: _query(case, promised=None),
    _K.SITE_CLOSES_LATER: lambda case, change: _hours(case, _minutes(change)),
    _K.SITE_OPENS: lambda case, change: replace(case, wanted=replace(case.wanted, hours=None)),
}


def is_pinned(placement: Placement) -> bool:
    """Whether its start may not be moved."""
    return placement.pin is Pin.START
