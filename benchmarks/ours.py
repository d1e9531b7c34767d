"""Our own rankings of the benchmark's requests, and what one of them takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from benchmarks.generator import DAY, SHIFT, WINDOWS, Asked, Team
from benchmarks.reference_scan import Scan, seconds_of
from slotsvc.domain.place import Location
from slotsvc.solver.arrays import replaced, team_arrays
from slotsvc.solver.base import Base, base_costs
from slotsvc.solver.cells import NO_CLOSING, Cells
from slotsvc.solver.instance import END, START, Int32
from slotsvc.solver.legs import Request, request_legs
from slotsvc.solver.params import TRAVEL_ONLY, CostWeights, Freedom, SearchParams
from slotsvc.solver.ranking import Ranked, rank

ELSEWHERE = Location(-45.0, 0.0)
"""The place of every request: none of the team's."""

QUARTERS = np.arange(0, SHIFT, 900, np.int32)
"""Exact starts every 15 minutes, seconds from the start of the shift."""


@dataclass(frozen=True, slots=True)
class Search:
    """One way to ask. ``most``: slots wanted, None: all of them. ``quarters``: the grid of exact
    starts instead of the four windows. ``every_cell``: each technician's window is a slot."""

    name: str
    weights: CostWeights
    most: int | None = 10
    quarters: bool = False
    every_cell: bool = False
    freedom: Freedom = Freedom.RESEQUENCE

    def cells(self, made: Team, asked: Asked) -> Cells:
        """What is offered: every window of every day of the qualified technicians."""
        opens, closes = self._windows()
        shape, width, routes = made.shape, opens.size, len(made.routes)
        day = np.repeat(np.arange(shape.days, dtype=np.int32), shape.technicians)
        low = np.arange(routes, dtype=np.int32) if self.every_cell else day
        slot_day = day if self.every_cell else np.arange(shape.days, dtype=np.int32)
        begins = slot_day.astype(np.int64) * DAY
        return Cells(
            low=low * width,
            high=np.where(made.qualified(asked), (low + 1) * width, low * width).astype(np.int32),
            opens=(begins[:, None] + opens).ravel(),
            closes=(begins[:, None] + closes).ravel(),
            finish=np.full(slot_day.size * width, NO_CLOSING, np.int64),
            origin=day.astype(np.int64) * DAY,
            extra=np.repeat(slot_day.astype(np.int64) * self.weights.day_away, width),
            who=np.zeros(routes, np.int64),
            day=np.repeat(slot_day, width),
            fixed=np.zeros(routes, np.bool_),
        )

    def params(self, cells: Cells) -> SearchParams:
        """Its limits."""
        most = cells.day.size if self.most is None else self.most
        return SearchParams(most, cells.day.size, self.weights, self.freedom)

    def _windows(self) -> tuple[Int32, Int32]:
        if self.quarters:
            return QUARTERS, QUARTERS
        hours = np.array(WINDOWS, np.int32) * 3600
        return hours[:, 0].copy(), hours[:, 1] - 1


TOP_10 = Search("top 10, default weights", CostWeights())
TOP_10_DRIVING = Search("top 10, driving alone", TRAVEL_ONLY)
EVERY_SLOT = Search("every slot, default weights", CostWeights(), most=None)
EVERY_SLOT_DRIVING = Search("every slot, driving alone", TRAVEL_ONLY, most=None)
EVERY_CELL = Search("every cell, driving alone", TRAVEL_ONLY, most=None, every_cell=True)
ORDER_KEPT = Search(
    "every cell, order kept", TRAVEL_ONLY, most=None, every_cell=True, freedom=Freedom.INSERT_ONLY
)
QUARTER_GRID = Search("15-minute grid, top 10", CostWeights(), quarters=True)
SEARCHES = (
    TOP_10, TOP_10_DRIVING, EVERY_SLOT, EVERY_SLOT_DRIVING, EVERY_CELL, QUARTER_GRID,
)  # fmt: skip


class Engine:
    """Our ranking of one team. The zero line is made once per set of weights."""

    def __init__(self, made: Team) -> None:
        self.made = made
        self._bases: dict[tuple[int, int, int], Base] = {}
        self.gaps = _committed_gaps(made)

    def base(self, weights: CostWeights) -> Base:
        """What every route costs without the request."""
        key = weights.of_orders
        if key not in self._bases:
            self._bases[key] = base_costs(self.made.arrays, key, SearchParams().label_budget)
        return self._bases[key]

    def request(self, asked: Asked) -> Request:
        """The visit to place, with its driving."""
        into, out = self.made.to_and_from(asked)
        service = np.full(len(self.made.routes), asked.service, np.int32)
        return request_legs(self.made.arrays, ELSEWHERE, service, 0, False, into, out)

    def prepared(self, search: Search, asked: Asked) -> Callable[[], Ranked]:
        """The ranking as a call without anything to prepare."""
        cells = search.cells(self.made, asked)
        params, request = search.params(cells), self.request(asked)
        base = self.base(search.weights)
        return lambda: rank(self.made.arrays, base, request, cells, params)

    def scan_s(self, asked: Asked) -> float:
        """Seconds of the frozen plain scan of the same question: hot, the best of five."""
        return seconds_of(self.gaps.scan(self.made, asked))


@dataclass
class Times:
    """Milliseconds of one search, one value per request."""

    hot: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    over_scan: list[float] = field(default_factory=list)
    answers: list[Ranked] = field(default_factory=list)

    @property
    def proven(self) -> bool:
        """All answers."""
        return all(a.skipped == 0 and a.gap == 0 for a in self.answers)

    def figures(self) -> dict[str, float | int | bool]:
        """Medians; ``p99_ms`` is of the first calls."""
        return {
            "hot_ms": round(float(np.median(self.hot)), 3),
            "first_ms": round(float(np.median(self.first)), 3),
            "p99_ms": round(float(np.percentile(self.first, 99)), 3),
            "over_scan": round(float(np.median(self.over_scan)), 2),
            "proven": self.proven,
            "cells": int(np.median([a.cells for a in self.answers])),
            "evaluated": int(np.median([a.evaluated for a in self.answers])),
            "pruned": int(np.median([a.pruned for a in self.answers])),
        }


WARM_UP = 3
HOT_CALLS = 5


def measure(engine: Engine, search: Search, asked: list[Asked]) -> Times:
    """Each request once (``first``), then the best of five calls (``hot``) beside the best of five
    plain scans. The first three requests are asked once before, to warm up."""
    found = Times()
    for request in asked[:WARM_UP]:
        engine.prepared(search, request)()
    for request in asked:
        call = engine.prepared(search, request)
        begun = time.perf_counter()
        found.answers.append(call())
        found.first.append(1e3 * (time.perf_counter() - begun))
        found.hot.append(1e3 * min(_seconds(call) for _ in range(HOT_CALLS)))
        found.over_scan.append(found.hot[-1] / (1e3 * engine.scan_s(request)))
    return found


def scan_ms(engine: Engine, asked: list[Asked]) -> float:
    """Median of the plain scan."""
    return 1e3 * float(np.median([engine.scan_s(request) for request in asked]))


def parts(engine: Engine, asked: Asked) -> dict[str, float]:
    """Milliseconds of what surrounds a ranking, the best of five: the arrays of the whole team, of
    one changed route (what a booking costs the next search), the zero line of all routes and of
    one that changed, and a request's legs."""
    made, weights = engine.made, TOP_10.weights.of_orders
    budget, base = SearchParams().label_budget, engine.base(TOP_10.weights)
    changed = replaced(made.arrays, {0: made.routes[0]})
    steps: dict[str, Callable[[], object]] = {
        "arrays_ms": lambda: team_arrays(made.routes),
        "changed_route_ms": lambda: replaced(made.arrays, {0: made.routes[0]}),
        "zero_line_ms": lambda: base_costs(made.arrays, weights, budget),
        "changed_zero_line_ms": lambda: base_costs(changed, weights, budget, (made.arrays, base)),
        "request_legs_ms": lambda: engine.request(asked),
    }
    return {
        name: round(1e3 * min(_seconds(step) for _ in range(HOT_CALLS)), 3)
        for name, step in steps.items()
    }


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps of all committed orders, times without pauses; arrays (G,), places numbered as in
    ``arrays.places``."""

    route: Int32
    soonest: Int32
    latest: Int32
    leg: Int32
    before: Int32
    after: Int32

    def scan(self, made: Team, asked: Asked) -> Scan:
        """The same request for the plain scan."""
        into, out = made.to_and_from(asked)
        mine = made.qualified(asked)[self.route]
        route = self.route[mine]
        first = np.flatnonzero(np.diff(route, prepend=-1)).astype(np.int32)
        hours = np.array(WINDOWS, np.int32) * 3600
        shape = (route.size, len(WINDOWS))
        return Scan(
            self.soonest[mine], self.latest[mine], self.leg[mine],
            into[self.before[mine]], out[self.after[mine]], first,
            np.broadcast_to(hours[:, 0], shape).copy(),
            np.broadcast_to(hours[:, 1] - 1, shape).copy(),
            asked.service,
        )  # fmt: skip


def _committed_gaps(made: Team) -> Gaps:
    number = {place: i for i, place in enumerate(made.arrays.places)}
    rows = [
        row
        for index, route in enumerate(made.routes)
        for row in _gaps_of(index, route.travel, made, [number[p] for p in route.places])
    ]
    columns = np.array(rows, np.int32).reshape(len(rows), 6).T
    return Gaps(*(np.ascontiguousarray(column) for column in columns))


def _gaps_of(
    index: int, travel: Int32, made: Team, places: list[int]
) -> list[tuple[int, int, int, int, int, int]]:
    """Per gap: route, earliest finish before it, latest arrival after it, its drive, its places."""
    route = made.routes[index]
    nodes = [START, *route.committed, END]
    early, late = [0], [route.end]
    for a, b in pairwise(nodes[:-1]):
        arrival = early[-1] + int(travel[a, b])
        early.append(max(arrival, int(route.opens[b])) + int(route.service[b]))
    for a, b in pairwise(reversed(nodes[1:])):
        arrival = late[0] - int(travel[b, a]) - int(route.service[b])
        late.insert(0, min(arrival, int(route.closes[b])))
    return [
        (index, early[g], late[g], int(travel[a, b]), places[a], places[b])
        for g, (a, b) in enumerate(pairwise(nodes))
    ]
