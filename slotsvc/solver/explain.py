"""Sentences: why an offer ranks where it does, and why others are not possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.time_window import TimeWindow
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.batch import NEVER
from slotsvc.solver.cells import with_requests
from slotsvc.solver.checker import CheckedVisit
from slotsvc.solver.constraints import Closed, Reason, room
from slotsvc.solver.exact import best_orders
from slotsvc.solver.grid import Closures, OpenCells
from slotsvc.solver.insertion import Request, insertions, leaves_safely
from slotsvc.solver.instance import INF, Bool
from slotsvc.solver.query import AskedWindow, Offer, Rejected, SlotQuery
from slotsvc.solver.team_calendar import TeamCalendar
from slotsvc.solver.visit_times import with_request

_TELLING = (
    Reason.NO_ROOM, Reason.OFF_MAP, Reason.UNROUTABLE, Reason.DAY_BROKEN, Reason.MOVE_PENDING,
    Reason.ABSENT,
    Reason.MISSING_TAG, Reason.NOT_THIS_TECHNICIAN, Reason.OUTSIDE_SHIFT, Reason.NOTICE,
    Reason.HORIZON, Reason.SITE_CLOSED, Reason.NO_SHIFT,
)  # fmt: skip
"""Most telling first."""

_ACTION = {
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
}
MOST_SEARCHED = 64
"""Cells of days with too many orders to know that are searched to explain "no room"."""

MARGINS_EACH = 2
"""Cells of each technician for which the missing time is worked out."""

_UNKNOWN = 1 << 30
_FULL = "No order of the day leaves room"


def why_first(offer: Offer) -> str:
    """One sentence for the best offer."""
    return f"Best under these travel times: {_parts(offer)}."


def why_here(offer: Offer, best: Offer) -> str:
    """One sentence for a later offer: what most costs it its rank."""
    more = [
        (mine.cost - theirs.cost, mine.name, mine.quantity - theirs.quantity)
        for mine, theirs in zip(offer.components, best.components, strict=True)
    ]
    cost, name, quantity = max(more)
    if cost <= 0:
        return f"As good as the best, later on the clock: {_parts(offer)}."
    return f"{_parts(offer)}; {_behind(name, quantity)}."


def _behind(name: str, quantity: int) -> str:
    """What an offer has more of than the best one."""
    return {
        "travel": f"{_spoken(quantity)} more driving than the best",
        "waiting": f"{_spoken(quantity)} more waiting than the best",
        "days_away": f"{quantity} day{'s' if quantity > 1 else ''} later than the best",
        "technician": "not the technician asked for",
        "window": "not in a window asked for",
    }[name]


def _parts(offer: Offer) -> str:
    travel = f"{_signed(offer.added_travel)} driving"
    waiting = f", {_signed(offer.added_waiting)} waiting" if offer.added_waiting else ""
    days = offer.components[2].quantity
    away = "" if days == 0 else f", {days} day{'s' if days > 1 else ''} away"
    order = ", other visits change their order" if offer.resequences else ""
    return travel + waiting + away + order


def _signed(seconds: int) -> str:
    return f"{'−' if seconds < 0 else '+'}{_spoken(abs(seconds))}"


def _spoken(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{(seconds + 30) // 60} min"


@dataclass(slots=True)
class _Group:
    """Cells closed to one technician for one reason. ``full``: cells (row, window) without room,
    whose margin is worked out only if the group is shown."""

    cells: int = 0
    closed: Closed | None = None
    window: TimeWindow | None = None
    full: list[tuple[int, AskedWindow]] = field(default_factory=list)

    def note(self, closed: Closed, asked: AskedWindow | None, cells: int) -> None:
        """The mildest closure stands for the group."""
        self.cells += cells
        if self.closed is None or closed.margin < self.closed.margin:
            self.closed, self.window = closed, asked.window.promise if asked else None


def rejections(
    calendar: TeamCalendar,
    query: SlotQuery,
    request: Request,
    cells: OpenCells | None,
    closures: Closures,
    insert_only: bool,
    most: int,
) -> tuple[Rejected, ...]:
    """At most ``most``, the most telling first: one per technician and reason."""
    if most == 0:
        return ()
    groups: dict[tuple[int, Reason, str], _Group] = {}
    for who, closed, asked, count in closures.entries:
        key = (who, closed.reason, closed.subject)
        groups.setdefault(key, _Group()).note(closed, asked, count)
    if cells is not None:
        for row, asked in _without_room(calendar, request, cells, insert_only):
            key = (calendar.days[row].technician, Reason.NO_ROOM, "")
            group = groups.setdefault(key, _Group())
            group.note(Closed(Reason.NO_ROOM, margin=_UNKNOWN), asked, 1)
            group.full.append((row, asked))
    shown = _mixed(sorted(groups.items(), key=_telling))[:most]
    for _, group in shown:
        for row, asked in group.full[:MARGINS_EACH]:
            group.note(_margin(calendar, query, request, row, asked), asked, 0)
    return tuple(_told(calendar, who, group, insert_only) for (who, _, _), group in shown)


type _Entry = tuple[tuple[int, Reason, str], _Group]


def _telling(entry: _Entry) -> tuple[int, int, int]:
    (who, reason, _), group = entry
    return _TELLING.index(reason), group.closed.margin if group.closed else 0, who


def _mixed(entries: Sequence[_Entry]) -> list[_Entry]:
    """One of every reason before the second of any: a short list shows each kind."""
    seen: dict[Reason, int] = {}
    place: list[tuple[int, int]] = []
    for number, ((_, reason, _), _) in enumerate(entries):
        seen[reason] = seen.get(reason, 0) + 1
        place.append((seen[reason], number))
    return [entries[number] for _, number in sorted(place)]


def _told(calendar: TeamCalendar, who: int, group: _Group, insert_only: bool) -> Rejected:
    closed = group.closed
    assert closed is not None
    name = calendar.technicians[who].display_name if who >= 0 else ""
    return Rejected(
        calendar.technicians[who].id if who >= 0 else "",
        name,
        closed.reason,
        group.cells,
        group.window,
        closed.margin if closed.margin < _UNKNOWN else 0,
        closed.subject,
        f"{_sentence(closed, insert_only)} {_ACTION[closed.reason]}",
    )


def _sentence(closed: Closed, insert_only: bool) -> str:
    full = "The order as it stands leaves no room" if insert_only else _FULL
    size = _spoken(closed.margin)
    return {
        Reason.NO_ROOM: f"{full}; {size} missing at least."
        if 0 < closed.margin < _UNKNOWN
        else f"{full}.",
        Reason.OFF_MAP: f"The nearest road is {closed.margin} m away.",
        Reason.UNROUTABLE: "No road leads there.",
        Reason.DAY_BROKEN: "The day breaks a rule as it stands.",
        Reason.ABSENT: "Away all day.",
        Reason.MISSING_TAG: f"The tag “{closed.subject}” is missing.",
        Reason.NOT_THIS_TECHNICIAN: "The request leaves this technician out.",
        Reason.OUTSIDE_SHIFT: f"The window misses the shift by {size}."
        if closed.margin
        else "The window lies outside the shift.",
        Reason.NOTICE: f"Too soon by {size}.",
        Reason.HORIZON: f"Too far ahead by {size}.",
        Reason.SITE_CLOSED: "The site is closed.",
        Reason.MOVE_PENDING: "A visit of this day is being moved.",
        Reason.NO_SHIFT: "No shift that day.",
    }[closed.reason]


def _without_room(
    calendar: TeamCalendar, request: Request, cells: OpenCells, insert_only: bool
) -> Iterator[tuple[int, AskedWindow]]:
    """Open cells in which no order is possible. Proven: by all orders of the day where they are
    known, by search for the first few cells of other days."""
    arrays, gaps = calendar.arrays, calendar.arrays.gaps
    fixed = cells.cells.fixed | insert_only
    found = insertions(
        arrays, request, cells.cells.windows, (1, 0),
        (gaps.committed | ~fixed[gaps.route])[:, None],
    )  # fmt: skip
    full = cells.cells.slot >= 0
    full[gaps.route[found.gap], found.column] = False
    known = (calendar.base.whole & leaves_safely(arrays, request)) | fixed
    doubtful = np.argwhere(full & ~known[:, None])[:MOST_SEARCHED]
    searched = doubtful[~_possible(arrays, request, cells, doubtful)]
    for row, column in (*np.argwhere(full & known[:, None]), *searched):
        yield int(row), cells.windows[int(cells.cells.slot[row, column])]


def _possible(
    arrays: TeamArrays, request: Request, cells: OpenCells, tried: NDArray[np.intp]
) -> Bool:
    """bool (tried,): some order has room, or the search gave up before it knew."""
    batch = with_requests(arrays, request, cells.cells.windows, tried[:, 0], tried[:, 1])
    best = best_orders(batch, np.full(len(tried), NEVER - 1), (1, 0), 20_000)
    possible: Bool = (best.cost < NEVER) | ~best.finished
    return possible


def _margin(
    calendar: TeamCalendar, query: SlotQuery, request: Request, row: int, asked: AskedWindow
) -> Closed:
    """How much the mildest insertion misses by."""
    day = calendar.days[row]
    if day.instance.done:
        return Closed(Reason.NO_ROOM, margin=_UNKNOWN)
    route = with_request(day.instance, request, row, 0, INF)
    by_id = {p.id: p for p in day.placements}
    rest = [by_id[placement] for placement in day.instance.visits]
    visits = [CheckedVisit(p.id, p.start_window, p.visit.service) for p in rest]
    new = CheckedVisit("new", asked.window.start_window, query.service)
    nodes = [0, *range(2, 2 + len(visits)), 1, 2 + len(visits)]
    return room.closed(day.shift, visits, new, lambda i, j: int(route.travel[nodes[i], nodes[j]]))
