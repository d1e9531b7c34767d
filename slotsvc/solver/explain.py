"""Sentences: why an offer ranks where it does, and why others are not possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from slotsvc.domain.time_window import TimeWindow
from slotsvc.solver.cells import with_request
from slotsvc.solver.checked_day import checked_visit
from slotsvc.solver.checker import CheckedVisit
from slotsvc.solver.closures import Closures
from slotsvc.solver.constraints import Closed, Reason, room
from slotsvc.solver.constraints.sentences import ACTION, TELLING, UNKNOWN, sentence, spoken
from slotsvc.solver.full_cells import MARGINS_EACH, Full, without_room
from slotsvc.solver.grid import OpenCells
from slotsvc.solver.instance import INF
from slotsvc.solver.legs import Request
from slotsvc.solver.query import AskedWindow, Offer, Rejected, SlotQuery
from slotsvc.solver.team_calendar import TeamCalendar


def why_first(offer: Offer) -> str:
    """One sentence for the best offer."""
    return f"Best under these travel times: {_parts(offer)}."


def why_alone(offer: Offer) -> str:
    """One sentence for an offer whose rank is not known."""
    return f"{_parts(offer)}; not compared with the best."


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
        "travel": f"{spoken(quantity)} more driving than the best",
        "waiting": f"{spoken(quantity)} more waiting than the best",
        "overtime": f"{spoken(quantity)} more overtime than the best",
        "days_away": f"{quantity} day{'s' if quantity > 1 else ''} later than the best",
        "technician": "not the technician asked for",
        "window": "not in a window asked for",
    }[name]


def _parts(offer: Offer) -> str:
    measured = {component.name: component.quantity for component in offer.components}
    days, late = measured["days_away"], measured.get("overtime", 0)
    travel = f"{_signed(offer.added_travel)} driving"
    waiting = f", {_signed(offer.added_waiting)} waiting" if offer.added_waiting else ""
    overtime = f", {_signed(late)} overtime" if late else ""
    away = "" if days == 0 else f", {days} day{'s' if days > 1 else ''} away"
    order = ", other visits change their order" if offer.resequences else ""
    return travel + waiting + overtime + away + order


def _signed(seconds: int) -> str:
    return f"{'−' if seconds < 0 else '+'}{spoken(abs(seconds))}"


@dataclass(slots=True)
class _Group:
    """Cells closed to one technician for one reason. ``full``: the first cells (row, window)
    without room, whose margin is worked out only if the group is shown. ``kept``: on some of their
    days the other visits keep their order, so another order may have room."""

    cells: int = 0
    closed: Closed | None = None
    window: TimeWindow | None = None
    full: list[tuple[int, AskedWindow]] = field(default_factory=list)
    kept: bool = False

    def note(self, closed: Closed, asked: AskedWindow | None, cells: int) -> None:
        """The mildest closure stands for the group."""
        self.cells += cells
        if self.yields_to(closed):
            self.closed, self.window = closed, asked.window.promise if asked else None

    def note_full(self, full: Full) -> None:
        """Of cells that only a search or all orders could close."""
        self.note(full.closed, full.asked if self.yields_to(full.closed) else None, full.count)
        if full.closed.reason is Reason.NO_ROOM:
            if len(self.full) < MARGINS_EACH:
                self.full.append((full.row, full.asked))
            self.kept |= full.kept

    def yields_to(self, closed: Closed) -> bool:
        """Whether it is milder than all before."""
        return self.closed is None or closed.margin < self.closed.margin


def rejections(
    calendar: TeamCalendar,
    query: SlotQuery,
    request: Request,
    cells: OpenCells | None,
    closures: Closures,
    insert_only: bool,
    most: int,
    out_of_time: Callable[[], bool] = lambda: False,
) -> tuple[Rejected, ...]:
    """At most ``most``, the most telling first: one per technician and reason.

    When time is over, what needs a search is left out: full cells that are not all counted, the
    missing time of those that are, and until when a missing tag was there.
    """
    if most == 0:
        return ()
    groups: dict[tuple[int, Reason, str], _Group] = {}
    for who, closed, asked, count in closures.entries:
        key = (who, closed.reason, closed.subject)
        groups.setdefault(key, _Group()).note(closed, asked, count)
    if cells is not None and not out_of_time():
        for full in without_room(calendar, query, request, cells, insert_only, out_of_time):
            key = (calendar.days[full.row].technician, full.closed.reason, "")
            groups.setdefault(key, _Group()).note_full(full)
    shown = _mixed(sorted(groups.items(), key=_telling))[:most]
    for _, group in shown:
        for closed, asked in _margins(calendar, query, request, group, out_of_time):
            group.note(closed, asked, 0)
    return tuple(_told(calendar, query, who, group, out_of_time) for (who, _, _), group in shown)


type _Entry = tuple[tuple[int, Reason, str], _Group]


def _telling(entry: _Entry) -> tuple[int, int, int]:
    (who, reason, _), group = entry
    return TELLING.index(reason), group.closed.margin if group.closed else 0, who


def _mixed(entries: Sequence[_Entry]) -> list[_Entry]:
    """One of every reason before the second of any: a short list shows each kind."""
    seen: dict[Reason, int] = {}
    place: list[tuple[int, int]] = []
    for number, ((_, reason, _), _) in enumerate(entries):
        seen[reason] = seen.get(reason, 0) + 1
        place.append((seen[reason], number))
    return [entries[number] for _, number in sorted(place)]


def _told(
    calendar: TeamCalendar,
    query: SlotQuery,
    who: int,
    group: _Group,
    out_of_time: Callable[[], bool],
) -> Rejected:
    assert group.closed is not None
    return rejected(
        calendar,
        query,
        who,
        group.closed,
        group.window,
        order_kept=group.kept,
        cells=group.cells,
        out_of_time=out_of_time,
    )


def rejected(
    calendar: TeamCalendar,
    query: SlotQuery,
    who: int,
    closed: Closed,
    window: TimeWindow | None,
    *,
    order_kept: bool,
    cells: int = 1,
    out_of_time: Callable[[], bool] = lambda: False,
) -> Rejected:
    """A closure in words. ``who``: number of the technician, -1: everybody. ``order_kept``: the
    other visits had to keep their order. ``out_of_time``: the sentence is then a shorter one."""
    why = sentence(
        closed,
        order_kept,
        query.rules.weekdays_of(closed.subject) or frozenset(),
        _last_with(calendar, who, closed, window, out_of_time),
    )
    return Rejected(
        calendar.technicians[who].id if who >= 0 else "",
        calendar.technicians[who].display_name if who >= 0 else "",
        closed.reason,
        cells,
        window,
        closed.margin if closed.margin < UNKNOWN else 0,
        closed.subject,
        f"{why} {ACTION[closed.reason]}",
    )


def _last_with(
    calendar: TeamCalendar,
    who: int,
    closed: Closed,
    window: TimeWindow | None,
    out_of_time: Callable[[], bool],
) -> date | None:
    """The last day before a missing tag's window on which the technician had it; None: none, or
    there was no time to look for it."""
    if closed.reason is not Reason.MISSING_TAG or window is None or out_of_time():
        return None
    return max(
        (
            day.day
            for day in calendar.days
            if day.technician == who
            and day.shift.window.start < window.start
            and closed.subject in day.shift.offers
        ),
        default=None,
    )


def _margins(
    calendar: TeamCalendar,
    query: SlotQuery,
    request: Request,
    group: _Group,
    out_of_time: Callable[[], bool],
) -> Sequence[tuple[Closed, AskedWindow]]:
    """What is missing in each of a group's cells; none when time is over before the last: the least
    of half of them would be told as the least of all."""
    found = []
    for row, asked in group.full:
        if out_of_time():
            return ()
        found.append((_margin(calendar, query, request, row, asked), asked))
    return found


def _margin(
    calendar: TeamCalendar, query: SlotQuery, request: Request, row: int, asked: AskedWindow
) -> Closed:
    """How much the mildest insertion misses by."""
    day = calendar.days[row]
    if day.instance.done:
        return Closed(Reason.NO_ROOM, margin=UNKNOWN)
    route = with_request(calendar.arrays, request, row, 0, INF)
    by_id = {p.id: p for p in day.placements}
    visits = [checked_visit(by_id[placement]) for placement in day.instance.visits]
    new = CheckedVisit(
        "new",
        asked.window.start_window,
        timedelta(seconds=int(request.service[row])),
        access=query.access,
        place=query.location,
        pausable=query.pausable,
    )
    nodes = [0, *range(2, 2 + len(visits)), 1, 2 + len(visits)]
    return room.closed(day.shift, visits, new, lambda i, j: int(route.travel[nodes[i], nodes[j]]))
