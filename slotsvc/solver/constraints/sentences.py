"""What users read: a sentence for every reason, and what would help."""

from __future__ import annotations

from datetime import date

from slotsvc.solver.constraints import Closed, Reason

UNKNOWN = 1 << 30
"""Margin of a closure whose size is not known."""

TELLING = (
    Reason.NO_ROOM, Reason.MAX_TRAVEL, Reason.MAX_ADDED_TRAVEL, Reason.MAX_VISITS, Reason.RESERVED,
    Reason.OFF_MAP, Reason.UNROUTABLE, Reason.DAY_BROKEN, Reason.MOVE_PENDING,
    Reason.QUOTA_FULL, Reason.CUT_OFF, Reason.BLACKOUT, Reason.SECTOR_DAY,
    Reason.OUTSIDE_PROMISE, Reason.DEADLINE,
    Reason.ABSENT, Reason.OTHER_TEAM, Reason.SECTOR,
    Reason.MISSING_TAG, Reason.NOT_THIS_TECHNICIAN, Reason.OUTSIDE_SHIFT, Reason.NOTICE,
    Reason.HORIZON, Reason.SITE_CLOSED, Reason.HOLIDAY, Reason.CLOSED, Reason.NO_SHIFT,
)  # fmt: skip
"""Most telling first."""

ACTION = {
    Reason.NO_ROOM: "Move a visit, or allow another window.",
    Reason.OFF_MAP: "Check the place, or use a map that covers it.",
    Reason.UNROUTABLE: "Check the place: no road leads there.",
    Reason.DAY_BROKEN: "Mend the day first; see its findings.",
    Reason.ABSENT: "Ask another technician, or another day.",
    Reason.MISSING_TAG: "Ask somebody with the tag, or give it to this technician.",
    Reason.NOT_THIS_TECHNICIAN: "Allow the technician in the request.",
    Reason.OUTSIDE_SHIFT: "Ask for a window inside the shift, or extend the shift.",
    Reason.NOTICE: "Ask for a later window, or shorten the notice.",
    Reason.HORIZON: "Ask for an earlier day, or lengthen the horizon.",
    Reason.SITE_CLOSED: "Ask for other opening hours.",
    Reason.MOVE_PENDING: "Ask again in some minutes.",
    Reason.NO_SHIFT: "Ask for another day, or add a shift.",
    Reason.MAX_VISITS: "Ask for another day, or let the technician serve more visits.",
    Reason.MAX_TRAVEL: "Ask for another day, or allow the technician more driving.",
    Reason.MAX_ADDED_TRAVEL: "Allow more added driving, or ask for another day.",
    Reason.SECTOR: "Ask somebody who serves the sector, or give it to this technician.",
    Reason.HOLIDAY: "Ask for another day, or add a shift for the holiday.",
    Reason.CLOSED: "Ask for another day, or end the closure.",
    Reason.OTHER_TEAM: "Ask the other team, or another day.",
    Reason.CUT_OFF: "Ask for a later day, or change the cut-off.",
    Reason.QUOTA_FULL: "Ask for another day, or raise the quota.",
    Reason.RESERVED: "Ask for another day; urgent visits may use the reserve.",
    Reason.SECTOR_DAY: "Ask for one of those days.",
    Reason.BLACKOUT: "Ask for a day before or after.",
    Reason.DEADLINE: "Ask for an earlier day, or agree on a later due time.",
    Reason.OUTSIDE_PROMISE: "Ask inside what was promised, or make the client a new promise.",
}

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def sentence(
    closed: Closed,
    order_kept: bool,
    weekdays: frozenset[int] = frozenset(),
    offered_until: date | None = None,
) -> str:
    """``order_kept``: the other visits had to keep their order. ``weekdays``: on which the sector
    is served. ``offered_until``: the last day with the missing tag; None: there was none."""
    reason = closed.reason
    if reason is Reason.NO_ROOM:
        return _no_room(closed, order_kept)
    if reason is Reason.MISSING_TAG:
        missing = f"The tag “{closed.subject}” is missing"
        return f"{missing} after {_date(offered_until)}." if offered_until else f"{missing}."
    if reason is Reason.SECTOR_DAY:
        return _sector_day(closed.subject, weekdays)
    if reason is Reason.BLACKOUT:
        return _blackout(closed.subject)
    return _sized(closed)


_PLAIN = {
    Reason.OFF_MAP: "The nearest road is too far away.",
    Reason.UNROUTABLE: "No road leads there.",
    Reason.DAY_BROKEN: "The day breaks a rule as it stands.",
    Reason.ABSENT: "Away all day.",
    Reason.NOT_THIS_TECHNICIAN: "The request leaves this technician out.",
    Reason.OUTSIDE_SHIFT: "The window lies outside the shift.",
    Reason.NOTICE: "The window begins at this moment.",
    Reason.HORIZON: "Too far ahead.",
    Reason.SITE_CLOSED: "The site is closed.",
    Reason.MOVE_PENDING: "A visit of this day is being moved.",
    Reason.NO_SHIFT: "No shift that day.",
    Reason.MAX_VISITS: "The shift has all the visits it may have.",
    Reason.MAX_TRAVEL: "The driving would be more than the shift allows.",
    Reason.MAX_ADDED_TRAVEL: "It would add more driving than the request allows.",
    Reason.SECTOR: "The sector “{}” is not served that day.",
    Reason.HOLIDAY: "A public holiday.",
    Reason.CLOSED: "Closed that day.",
    Reason.OTHER_TEAM: "Works for another team that day.",
    Reason.CUT_OFF: "Booking for that day closes at this moment.",
    Reason.QUOTA_FULL: "The day has all the visits of this kind it may have.",
    Reason.RESERVED: "The rest of the shift is kept for emergencies.",
    Reason.DEADLINE: "The window begins at the due time.",
    Reason.OUTSIDE_PROMISE: "The window lies outside what was promised.",
}

_SIZED = {
    Reason.OFF_MAP: "The nearest road is {} m away.",
    Reason.OUTSIDE_SHIFT: "The window misses the shift by {}.",
    Reason.NOTICE: "Too soon by {}.",
    Reason.HORIZON: "Too far ahead by {}.",
    Reason.SITE_CLOSED: "The site closes {} too early for this technician.",
    Reason.MAX_TRAVEL: "The driving would be {} more than the shift allows.",
    Reason.MAX_ADDED_TRAVEL: "It would add {} more driving than the request allows.",
    Reason.CUT_OFF: "Booking for that day closed {} ago.",
    Reason.RESERVED: "The rest of the shift is kept for emergencies; {} missing.",
    Reason.DEADLINE: "The window begins {} after the due time.",
    Reason.OUTSIDE_PROMISE: "The window misses what was promised by {}.",
}


def _sized(closed: Closed) -> str:
    text = _SIZED.get(closed.reason)
    if text is None or not closed.margin:
        return _PLAIN[closed.reason].format(closed.subject)
    metres = closed.reason is Reason.OFF_MAP
    return text.format(closed.margin if metres else spoken(closed.margin))


_FULL = "No order of the day leaves room"
_AS_IT_STANDS = "The order as it stands leaves no room"


def _no_room(closed: Closed, order_kept: bool) -> str:
    full = _AS_IT_STANDS if order_kept else _FULL
    if 0 < closed.margin < UNKNOWN:
        return f"{full}; {spoken(closed.margin)} missing at least."
    return f"{full}."


def _sector_day(sector: str, weekdays: frozenset[int]) -> str:
    named = [_DAYS[day] for day in sorted(weekdays)]
    if not named:
        return f"The sector “{sector}” is not served."
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"The sector “{sector}” is served on {listed}."


def _blackout(subject: str) -> str:
    first, last = map(date.fromisoformat, subject.split("/"))
    if first == last:
        return f"Not offered on {_date(first)}."
    return f"Not offered from {_date(first)} to {_date(last)}."


def _date(day: date | None) -> str:
    return f"{day:%a} {day.day} {day:%b}" if day else ""


def spoken(seconds: int) -> str:
    """A length of time, short and rounded: seconds below a minute, minutes below ten hours, hours
    below three days, then days."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 10 * 3600:
        return f"{(seconds + 30) // 60} min"
    if seconds < 3 * 86_400:
        return f"{(seconds + 1_800) // 3600} h"
    return f"{(seconds + 43_200) // 86_400} days"
