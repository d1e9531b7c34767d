"""What planners read: a sentence for every change that would open a window."""

from __future__ import annotations

from collections.abc import Sequence

from slotsvc.solver.changes import Change, ChangeKind

_K = ChangeKind

_SENTENCES = {
    _K.START_EARLIER: "let it start up to {size} before the window",
    _K.START_LATER: "let it start up to {size} after the window",
    _K.SHORTER_SERVICE: "plan {size} less time on site",
    _K.REORDER: "let the other visits of the day change their order",
    _K.VISIT_EARLIER: "let visit {visit} start up to {size} before its window",
    _K.VISIT_LATER: "let visit {visit} start up to {size} after its window",
    _K.UNPIN_VISIT: "unpin the start of visit {visit}",
    _K.MOVE_VISIT_AWAY: "move visit {visit} to another day or technician",
    _K.EARLIER_SHIFT: "begin the shift {size} earlier",
    _K.OVERTIME: "let the technician finish {size} later than the shift allows",
    _K.BREAK_EARLIER: "let break {subject} begin up to {size} before its time",
    _K.BREAK_LATER: "let break {subject} begin up to {size} after its time",
    _K.ABSENCE_LATER: "let the absence during the shift begin {size} later",
    _K.MORE_DRIVING: "allow the shift {size} more driving",
    _K.MORE_ADDED_DRIVING: "allow the request {size} more added driving",
    _K.MORE_VISITS: "allow the shift {count} more",
    _K.GIVE_TAG: "give the technician the tag “{subject}”",
    _K.SERVE_SECTOR: "give the technician the sector “{subject}” for that day",
    _K.ADMIT_TECHNICIAN: "allow this technician in the request",
    _K.SHORTER_NOTICE: "do with {size} less notice",
    _K.LONGER_HORIZON: "look {size} further ahead",
    _K.LATER_CUT_OFF: "take the booking {size} after the cut-off",
    _K.HIGHER_QUOTA: "allow {count} more of this kind that day",
    _K.USE_RESERVE: "use {size} of the emergency reserve: give the request a priority",
    _K.OPEN_SECTOR_DAY: "offer the sector “{subject}” on that weekday too",
    _K.LIFT_BLACKOUT: "end the blackout on that date",
    _K.LATER_DUE: "agree on a due time {size} later",
    _K.LEAVE_PROMISE: "ask the client anew, outside what was promised",
    _K.SITE_CLOSES_LATER: "have the site open {size} longer",
    _K.SITE_OPENS: "have the site open in the whole window",
}
_HELD = "release the hold on visit {visit}, or wait until it lapses"


def way_out(changes: Sequence[Change], held: frozenset[str]) -> str:
    """One sentence for all the changes together. ``held``: placements that are only held."""
    parts = [_part(change, held) for change in changes]
    told = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{told[:1].upper()}{told[1:]}."


def _part(change: Change, held: frozenset[str]) -> str:
    is_hold = change.kind is _K.MOVE_VISIT_AWAY and change.placement in held
    return (_HELD if is_hold else _SENTENCES[change.kind]).format(
        size=minutes(change.size),
        count="1 visit" if change.size == 1 else f"{change.size} visits",
        visit=change.visit,
        subject=change.subject,
    )


def minutes(count: int) -> str:
    """An exact length of time: "13 min", "2 h", "1 h 5 min", "2 days 3 h"."""
    days, rest = divmod(count, 24 * 60)
    parts = ((days, "day" if days == 1 else "days"), (rest // 60, "h"), (rest % 60, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
