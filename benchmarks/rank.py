"""How long a proven ranking takes, beside the frozen plain scan of the same run.

    python -m benchmarks.rank --technicians 50 --days 14 --visits 5 --requests 20 --seed 0 --json

One JSON object (or a table without ``--json``): ``median_ms`` and ``p99_ms`` of the whole ranking
(default weights; ``travel_only_median_ms`` for driving alone), ``screen_ms`` of its first stage,
``reference_scan_ms`` of ``benchmarks/reference_scan.py`` (plain NumPy insertion: no pauses, no
re-ordering, no proof), ``exact_share`` of requests whose answer is proven, ``cells``, ``pruned``.
Times are of hot calls in one process; compare ratios within one run, not milliseconds across runs.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from itertools import pairwise

import click
import numpy as np

from benchmarks.generator import CELLS, Team, team
from benchmarks.reference_scan import Scan, seconds_of
from slotsvc.domain.place import Location
from slotsvc.solver.base import Base, base_costs
from slotsvc.solver.insertion import Request, Windows, insertions, request_legs
from slotsvc.solver.instance import FIRST_VISIT, START
from slotsvc.solver.params import TRAVEL_ONLY, CostWeights, SearchParams
from slotsvc.solver.ranking import Cells, Ranked, rank

ELSEWHERE = Location(1.0, 0.0)
"""The place of every request: none of the team's."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of each request, and the answers."""

    total: list[float]
    screen: list[float]
    scan: list[float]
    answers: list[Ranked]


def cells_of(made: Team, weights: CostWeights) -> Cells:
    """Every window of every day on every route; days away cost what they cost."""
    routes = len(made.arrays)
    day = np.repeat(np.arange(made.days), made.technicians)
    slot = (day[:, None] * len(CELLS) + np.arange(len(CELLS))).astype(np.int32)
    opens = np.array([start * 3600 for start, _ in CELLS], np.int32)
    closes = np.array([end * 3600 - 1 for _, end in CELLS], np.int32)
    extra = np.repeat((day * weights.day_away)[:, None], len(CELLS), axis=1)
    return Cells(
        Windows(np.tile(opens, (routes, 1)), np.tile(closes, (routes, 1))),
        slot,
        extra.astype(np.int64),
        np.repeat(np.arange(made.days), len(CELLS)).astype(np.int32),
        np.zeros(routes, np.bool_),
    )


def measure(made: Team, base: Base, weights: CostWeights, requests: int, seed: int) -> Measured:
    """Ranks the top 10 for ``requests`` new places, one after the other."""
    cells = cells_of(made, weights)
    params = SearchParams(max_slots=10, max_per_day=len(CELLS), weights=weights)
    rng = np.random.default_rng(seed + 1)
    found = Measured([], [], [], [])
    for number in range(requests + 3):
        where = rng.random((1, 2)) * made.town.across
        legs = request_legs(
            made.arrays,
            ELSEWHERE,
            np.full(len(made.arrays), rng.choice([1800, 3600, 5400]), np.int32),
            0,
            False,
            made.town.driving(made.spots, where)[:, 0],
            made.town.driving(where, made.spots)[0],
        )
        begun = time.perf_counter()
        answer = rank(made.arrays, base, legs, cells, params)
        ranked = time.perf_counter()
        insertions(made.arrays, legs, cells.windows, weights.of_orders)
        screened = time.perf_counter()
        if number >= 3:  # the first three warm up
            found.total.append((ranked - begun) * 1e3)
            found.screen.append((screened - ranked) * 1e3)
            found.scan.append(seconds_of(reference(made, legs, cells)) * 1e3)
            found.answers.append(answer)
    return found


def reference(made: Team, legs: Request, cells: Cells) -> Scan:
    """The same request for the plain scan: committed orders only, times without pauses."""
    batch = made.arrays.batch
    visits = batch.used.sum(axis=1)
    soonest, latest, into, out, leg, starts = [], [], [], [], [], []
    for r in range(len(made.arrays)):
        nodes = [START, *range(FIRST_VISIT, FIRST_VISIT + int(visits[r])), 1]
        early, late = _times(made, r, nodes)
        starts.append(len(leg))
        for gap in range(len(nodes) - 1):
            a, b = nodes[gap], nodes[gap + 1]
            soonest.append(early[gap])
            latest.append(late[gap + 1])
            into.append(legs.into[r, a])
            out.append(legs.out[r, b])
            leg.append(batch.travel[r, a, b])
    route = np.repeat(np.arange(len(made.arrays)), visits + 1)
    service = int(legs.service[0])
    numbers = (np.array(x, np.int32) for x in (soonest, latest, leg, into, out, starts))
    return Scan(*numbers, cells.windows.opens[route], cells.windows.closes[route], service)


def _times(made: Team, r: int, nodes: list[int]) -> tuple[list[int], list[int]]:
    batch = made.arrays.batch
    early, clock = [0], 0
    for a, b in pairwise(nodes[:-1]):
        clock = max(clock + int(batch.travel[r, a, b]), int(batch.opens[r, b]))
        clock += int(batch.service[r, b])
        early.append(clock)
    late = [int(batch.end[r])]
    for a, b in zip(reversed(nodes[1:-1]), reversed(nodes[2:]), strict=False):
        latest = late[0] - int(batch.travel[r, a, b]) - int(batch.service[r, a])
        late.insert(0, min(latest, int(batch.closes[r, a])))
    return early, [0, *late]


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--technicians", default=50, show_default=True)
@click.option("--days", default=14, show_default=True)
@click.option("--visits", default=5, show_default=True)
@click.option("--requests", default=20, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--lunch/--no-lunch", default=True, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(
    technicians: int, days: int, visits: int, requests: int, seed: int, lunch: bool, as_json: bool
) -> None:
    """Measures and prints."""
    made = team(technicians, days, visits, seed, lunch)
    weights = CostWeights()
    begun = time.perf_counter()
    base = base_costs(made.arrays, weights.of_orders, 200_000)
    base_ms = (time.perf_counter() - begun) * 1e3
    found = measure(made, base, weights, requests, seed)
    alone = base_costs(made.arrays, TRAVEL_ONLY.of_orders, 200_000)
    driving = measure(made, alone, TRAVEL_ONLY, requests, seed)
    answers = [*found.answers, *driving.answers]
    proven = [a.skipped == 0 and a.gap == 0 for a in answers]
    result = {
        "technicians": technicians,
        "days": days,
        "visits": visits,
        "lunch": lunch,
        "requests": requests,
        "seed": seed,
        "median_ms": round(float(np.median(found.total)), 3),
        "p99_ms": round(float(np.percentile(found.total, 99)), 3),
        "travel_only_median_ms": round(float(np.median(driving.total)), 3),
        "screen_ms": round(float(np.median(found.screen)), 3),
        "reference_scan_ms": round(float(np.median(found.scan)), 3),
        "zero_line_ms": round(base_ms, 3),
        "exact_share": sum(proven) / len(proven),
        "cells": answers[0].cells,
        "evaluated": int(np.median([a.evaluated for a in found.answers])),
        "pruned": int(np.median([a.pruned for a in found.answers])),
        "orders": sum(len(o.paths) for o in made.arrays.orders),
    }
    if as_json:
        click.echo(json.dumps(result))
        return
    for name, value in result.items():
        click.echo(f"{name:<24}{value}")


if __name__ == "__main__":
    main()
