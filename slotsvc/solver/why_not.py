"""Why one technician cannot serve in a window, and what would open it. Pure.

Rules and room are judged for this one shift and window alone, all of them, where the ranking stops
at the first that says no. What is possible is priced by the ranking itself; all verdicts on one
request are then compared with its best slot, which is searched once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.time_window import from_epoch
from slotsvc.domain.working_time import NoShiftReason
from slotsvc.solver.blocks import rules, window_rules
from slotsvc.solver.constraints import Closed, Reason, shift, technician_choice
from slotsvc.solver.constraints.sentences import TELLING, UNKNOWN
from slotsvc.solver.explain import rejected, why_alone, why_first, why_here
from slotsvc.solver.fits import without_room
from slotsvc.solver.one_window import OneWindow, Wanted, one_window
from slotsvc.solver.params import Freedom, SearchParams
from slotsvc.solver.query import Answer, AskedWindow, Legs, Offer, Rejected, SlotQuery
from slotsvc.solver.repair import Repair, is_held, repairs
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import TeamCalendar
from slotsvc.solver.ways_out import way_out


@dataclass(frozen=True, slots=True)
class Asked:
    """``query``: the request with its whole grid, which the answer is compared with.

    ``technician``: number in the calendar. ``most``: so many ways out.
    """

    query: SlotQuery
    technician: int
    wanted: Wanted
    most: int = 3


@dataclass(frozen=True, slots=True)
class WayOut:
    """A checked repair in words. ``arrival`` .. ``finish``: planned times of the visit, number
    ``position`` on its route. ``added_travel``: driving of the route then, less what it is now."""

    repair: Repair
    technician_name: str
    message: str
    position: int
    arrival: datetime
    start: datetime
    finish: datetime
    added_travel: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """``offer``: it is possible; None: it is not, and ``blocks`` say why, ``ways_out`` how it
    could be. ``message``: one sentence."""

    wanted: Wanted
    offer: Offer | None
    blocks: tuple[Rejected, ...]
    ways_out: tuple[WayOut, ...]
    message: str


def why_not(
    calendar: TeamCalendar,
    asked: Asked,
    legs: Legs,
    params: SearchParams,
    now: datetime,
    out_of_time: Callable[[], bool] = lambda: False,
) -> Verdict:
    """The verdict on one technician and window, not compared yet. ``out_of_time``: nobody waits for
    it any more; it then has no blocks, and an offer only if one was found."""
    if out_of_time():
        return Verdict(asked.wanted, None, (), (), _sum_up((), ()))
    wanted = asked.wanted
    offer = _offer(calendar, asked, legs, params, now, out_of_time)
    if offer is not None:
        return _possible(wanted, offer, why_alone(offer))
    if out_of_time():
        return Verdict(wanted, None, (), (), _sum_up((), ()))
    judged = [
        _judged(calendar, asked, case, params)
        for case in _cases(calendar, asked, legs, params, now)
    ]
    if not judged:
        closed = (
            *window_rules(asked.query, wanted, calendar.zone, now, _NOTHING),
            _off(calendar, asked),
        )
        blocks = _told(calendar, asked, closed, order_kept=False)
        return Verdict(wanted, None, blocks, (), _sum_up(blocks, ()))
    blocks, ways_out = min(judged, key=lambda found: (not found[1], len(found[0])))
    return Verdict(wanted, None, blocks, ways_out, _sum_up(blocks, ways_out))


_NOTHING = timedelta(0)


def _sum_up(blocks: Sequence[Rejected], ways_out: Sequence[WayOut]) -> str:
    """The most telling block, and the first way out; without blocks nothing was found out."""
    if not blocks:
        return "Not judged: there was no time left for it."
    why = blocks[0].message
    if not ways_out:
        return f"Not possible. {why}"
    return f"Not possible. {why.partition('. ')[0].rstrip('.')}. {ways_out[0].message}"


# possible


def _possible(wanted: Wanted, offer: Offer, why: str) -> Verdict:
    return Verdict(wanted, replace(offer, why=why), (), (), f"Possible: {why}")


def _offer(
    calendar: TeamCalendar,
    asked: Asked,
    legs: Legs,
    params: SearchParams,
    now: datetime,
    out_of_time: Callable[[], bool],
) -> Offer | None:
    who = calendar.technicians[asked.technician].id
    if technician_choice.check(who, asked.query.required, asked.query.forbidden):
        return None
    query = replace(asked.query, windows=_windows(asked.wanted), closed=())
    alone = replace(query, required=frozenset([who]))
    return next(iter(_first(calendar, alone, legs, params, now, out_of_time).offers), None)


def best_of(
    calendar: TeamCalendar,
    query: SlotQuery,
    legs: Legs,
    params: SearchParams,
    now: datetime,
    out_of_time: Callable[[], bool] = lambda: False,
) -> Offer | None:
    """The best slot of a request; None: it has none, or time was over before all were looked at."""
    if out_of_time():
        return None
    found = _first(calendar, query, legs, params, now, out_of_time)
    return None if found.counts.skipped else next(iter(found.offers), None)


def _first(
    calendar: TeamCalendar,
    query: SlotQuery,
    legs: Legs,
    params: SearchParams,
    now: datetime,
    out_of_time: Callable[[], bool],
) -> Answer:
    one = replace(params, max_slots=1, max_per_day=1)
    return suggest(calendar, query, legs, one, now, out_of_time=out_of_time)


def _windows(wanted: Wanted) -> tuple[AskedWindow, ...]:
    """The parts of the window in which the site is open."""
    window = wanted.window
    if wanted.hours is None:
        return (AskedWindow(wanted.day, window),)
    found = []
    for open_ in wanted.hours:
        promise, starts = window.promise.intersect(open_), window.start_window.intersect(open_)
        if promise is not None and starts is not None:
            found.append(AskedWindow(wanted.day, OfferWindow(promise, starts, open_.end)))
    return tuple(found)


def compared(
    verdict: Verdict,
    best: Offer,
    calendar: TeamCalendar,
    asked: Asked,
    legs: Legs,
    params: SearchParams,
    now: datetime,
    out_of_time: Callable[[], bool] = lambda: False,
) -> Verdict:
    """The verdict with why its offer is not the first of its request, or that it is. ``best``: what
    ``best_of`` gives for the request. ``out_of_time``: nobody else is then looked for."""
    offer = verdict.offer
    if offer is None:
        return verdict
    if offer.cost <= best.cost:
        return _possible(verdict.wanted, offer, why_first(offer))
    told = why_here(offer, best)
    here = replace(asked.query, windows=_windows(asked.wanted), closed=())
    found = () if out_of_time() else _first(calendar, here, legs, params, now, out_of_time).offers
    for other in found:
        if other.technician != offer.technician and other.cost < offer.cost:
            told = f"{told} {other.technician_name} would serve this window for less."
    return _possible(verdict.wanted, offer, told)


# not possible


def _cases(
    calendar: TeamCalendar, asked: Asked, legs: Legs, params: SearchParams, now: datetime
) -> list[OneWindow]:
    """The technician's shifts that the window touches, else those of its day."""
    starts = asked.wanted.window.start_window
    rows = [row for row, d in enumerate(calendar.days) if d.technician == asked.technician]
    touched = []
    for row in rows:
        begins = from_epoch(calendar.days[row].instance.origin)
        if begins < starts.end and starts.start < calendar.days[row].shift.latest_end:
            touched.append(row)
    of_day = [row for row in rows if calendar.days[row].day == asked.wanted.day]
    insert_only = params.freedom is Freedom.INSERT_ONLY
    return [
        one_window(calendar, asked.query, legs, row, asked.wanted, now, insert_only=insert_only)
        for row in touched or of_day
    ]


def _off(calendar: TeamCalendar, asked: Asked) -> Closed:
    found = calendar.shifts.get((asked.technician, asked.wanted.day))
    return shift.off(found) if isinstance(found, NoShiftReason) else Closed(Reason.NO_SHIFT)


type _Judged = tuple[tuple[Rejected, ...], tuple[WayOut, ...]]


def _judged(calendar: TeamCalendar, asked: Asked, case: OneWindow, params: SearchParams) -> _Judged:
    full = without_room(case)
    closed = (*rules(case), *(() if full is None else (full,)))
    closed = closed or (Closed(Reason.NO_ROOM, margin=UNKNOWN),)  # the ranking gave up before this
    blocks = _told(calendar, asked, closed, order_kept=case.keep_order)
    found = repairs(case, params.weights.of_orders, asked.most)
    return blocks, tuple(_way_out(calendar, asked, case, repair) for repair in found)


def _told(
    calendar: TeamCalendar, asked: Asked, closed: Sequence[Closed], *, order_kept: bool
) -> tuple[Rejected, ...]:
    telling = sorted(closed, key=lambda one: TELLING.index(one.reason))
    window = asked.wanted.window.promise
    return tuple(
        rejected(calendar, asked.query, asked.technician, one, window, order_kept=order_kept)
        for one in telling
    )


def _way_out(calendar: TeamCalendar, asked: Asked, case: OneWindow, repair: Repair) -> WayOut:
    held = frozenset(c.placement for c in repair.changes if is_held(case, c))
    route, table = repair.placed.route, repair.placed.table
    request = len(route.places) - 1
    position = repair.placed.order.index(request)
    stop, origin = table.stops[position], from_epoch(route.origin)
    arrival, start, finish = (
        origin + timedelta(seconds=t) for t in (stop.arrival, stop.start, stop.finish)
    )
    return WayOut(
        repair,
        calendar.technicians[asked.technician].display_name,
        way_out(repair.changes, held),
        case.done + position,
        arrival,
        start,
        finish,
        table.travel - case.driven,
    )
