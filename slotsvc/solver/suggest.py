"""The answer: calendar and question in, ranked offers with proof out. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from slotsvc.domain.time_window import from_epoch
from slotsvc.solver import costs
from slotsvc.solver.closures import Closures
from slotsvc.solver.costs import days_away, overtime, technician, travel, waiting, window
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.explain import rejections, why_first, why_here
from slotsvc.solver.grid import OpenCells, limited_arrays, open_cells, row_service
from slotsvc.solver.instance import FIRST_VISIT
from slotsvc.solver.legs import Request, request_legs
from slotsvc.solver.params import Freedom, SearchParams
from slotsvc.solver.query import Answer, Counts, Legs, Offer, SlotQuery
from slotsvc.solver.ranking import Ranked, Winner, rank
from slotsvc.solver.referee import disputed
from slotsvc.solver.scan import REQUEST
from slotsvc.solver.team_calendar import TeamCalendar
from slotsvc.solver.unproven import NOTHING_KNOWN, Known
from slotsvc.solver.visit_times import times_with_request


def suggest(
    calendar: TeamCalendar,
    query: SlotQuery,
    legs: Legs,
    params: SearchParams,
    now: datetime,
    max_rejections: int = 0,
    out_of_time: Callable[[], bool] = lambda: False,
    ask_referee: bool = False,
    known: Known = NOTHING_KNOWN,
) -> Answer:
    """Ranks what can be offered. Never raises for "no slot": the rejections then say why.

    ``ask_referee``: let the independent checker look at every offer. ``known``: what was proven
    elsewhere of the same question.
    """
    insert_only = params.freedom is Freedom.INSERT_ONLY
    request = request_legs(
        calendar.arrays, query.location, row_service(calendar, query),
        int(query.access.total_seconds()), query.pausable, legs.into, legs.out,
    )  # fmt: skip
    cells, closures = open_cells(calendar, query, legs, request, params.weights, now)
    if cells is None:
        ranked = Ranked((), 0, 0, 0, 0, 0, 0)
    else:
        arrays = limited_arrays(calendar, query, insert_only)
        ranked = rank(arrays, calendar.base, request, cells.cells, params, out_of_time, known)
    offers = tuple(
        _offer(calendar, query, request, cells, winner, params)
        for winner in ranked.winners
        if cells is not None
    )
    # what explains and checks is left out when nobody has time for it
    over = out_of_time()
    return Answer(
        _told(offers),
        rejections(
            calendar, query, request, None if over else cells, closures, insert_only,
            max_rejections, out_of_time,
        ),
        _counts(ranked, closures, calendar),
        insert_only,
        legs.map_id,
        legs.estimated or bool(calendar.facts.estimated.any()),
        now,
        disputed(calendar, query, request, offers) if ask_referee and not over else None,
        ranked.unproven,
    )  # fmt: skip


def _counts(ranked: Ranked, closures: Closures, calendar: TeamCalendar) -> Counts:
    return Counts(
        cells=ranked.cells + closures.cells,
        rejected=closures.cells,
        evaluated=ranked.evaluated,
        pruned=ranked.pruned,
        skipped=ranked.skipped,
        gap=ranked.gap,
        routes=len(calendar.days),
        routes_in_order=int(calendar.facts.keep_order.sum()),
    )


def _offer(
    calendar: TeamCalendar,
    query: SlotQuery,
    request: Request,
    cells: OpenCells,
    winner: Winner,
    params: SearchParams,
) -> Offer:
    day = calendar.days[winner.route]
    asked = cells.window_of(winner.route, winner.slot, winner.closes)
    who = calendar.technicians[day.technician]
    components = _components(query, cells, winner, who.id, params)
    stop = times_with_request(calendar, request, winner, params.weights)
    base = calendar.base
    fixed = calendar.facts.keep_order[winner.route] or params.freedom is Freedom.INSERT_ONLY
    zero = base.today_travel if fixed else base.travel
    against_today = winner.travel + int(zero[winner.route] - base.today_travel[winner.route])
    origin = from_epoch(day.instance.origin)
    return Offer(
        window=asked.window,
        technician=who.id,
        technician_name=who.display_name,
        day=day.day,
        shift=day.shift.number,
        order=_order(day, winner),
        arrival=origin + timedelta(seconds=stop.arrival),
        start=origin + timedelta(seconds=stop.start),
        finish=origin + timedelta(seconds=stop.finish),
        components=components,
        cost=sum(c.cost for c in components),
        added_travel=winner.travel,
        added_waiting=winner.waiting,
        added_overtime=winner.overtime,
        added_against_today=against_today,
        resequences=[n for n in winner.order if n != REQUEST] != list(day.instance.committed),
        version=day.version,
        valid_until=day.valid_until,
        estimated=day.estimated,
    )


def _components(
    query: SlotQuery, cells: OpenCells, winner: Winner, who: str, params: SearchParams
) -> tuple[costs.Component, ...]:
    asked, weights = cells.windows[winner.slot], params.weights
    return (
        travel.cost(winner.travel, weights),
        waiting.cost(winner.waiting, weights),
        overtime.cost(winner.overtime, weights),
        days_away.cost((asked.day - query.first_day).days, weights),
        technician.cost(who, query.preferred, weights),
        window.cost(asked.window.promise, query.preferred_windows, weights),
    )


def _order(day: DayOfWork, winner: Winner) -> tuple[str, ...]:
    """Placement ids of the whole route: what is settled, then the new order, "" for the visit."""
    ids = day.instance.visits
    return (
        *day.instance.done,
        *("" if node == REQUEST else ids[node - FIRST_VISIT] for node in winner.order),
    )


def _told(offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    """The same offers, each with the sentence why it ranks there."""
    if not offers:
        return ()
    first = replace(offers[0], why=why_first(offers[0]))
    rest = (replace(offer, why=why_here(offer, first)) for offer in offers[1:])
    return (first, *rest)
