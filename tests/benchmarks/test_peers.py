"""The two peers that come with the runtime packages. The others are asked by ``make bench``."""

from __future__ import annotations

import random

import numpy as np
import pytest

from benchmarks.generator import WINDOWS, Asked, Shape, Team, requests, team
from benchmarks.ours import EVERY_CELL, ORDER_KEPT, SEARCHES, Engine, measure
from benchmarks.peers.compared import OURS, OURS_KEPT, Sampling, compare
from benchmarks.peers.cp_sat_peer import CpSat
from benchmarks.peers.days import cells_of
from benchmarks.peers.routing_peer import Routing
from benchmarks.reference_scan import scan


@pytest.fixture(scope="module", params=[True, False], ids=["lunch", "no lunch"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return Engine(team(Shape(3, 3, 6, seed=4, lunch=request.param), synthetic=True))


def test_cp_sat_agrees_with_every_cell(engine: Engine) -> None:
    """What CP-SAT proves for a technician's day and window is what our ranking says."""
    asked = requests(engine.made, 2, 0)[1]
    ours = {w.slot: w.travel for w in engine.prepared(EVERY_CELL, asked)().winners}
    cells = random.Random(5).sample(list(cells_of(engine.made, asked)), 25)
    solver = CpSat()
    for cell in cells:
        least = solver.least_driving(cell.day)
        proven = None if least is None else least - cell.without
        number = cell.route * len(WINDOWS) + cell.slot % len(WINDOWS)
        assert ours.get(number) == proven
    assert any(cell.route * len(WINDOWS) + cell.slot % len(WINDOWS) in ours for cell in cells)


def test_a_comparison_judges_everybody_by_the_same_answer(engine: Engine) -> None:
    """Nobody finds a cheaper or a forbidden cell; whoever keeps the order finds no more."""
    asked = requests(engine.made, 2, 0)
    rows = compare(engine, asked, [Routing()], [], Sampling(30, 8, 0))
    assert [row.name for row in rows[-1:]] == [Routing.name]
    for row in rows:
        assert len(row.ms) == len(row.qualities) == 2
        assert sum(q.wrong for q in row.qualities) == 0
    by_name = {row.name: row for row in rows}
    assert all(q.missed == q.dearer == 0 for q in by_name[OURS].qualities)
    assert by_name[Routing.name].sampled
    kept, best = by_name[OURS_KEPT].qualities, by_name[OURS].qualities
    assert all((k.slots or 0) <= (b.slots or 0) for k, b in zip(kept, best, strict=True))


def test_searches_are_proven_and_timed(engine: Engine) -> None:
    """Every way to ask gives a proven answer with figures."""
    asked = requests(engine.made, 2, 0)
    for search in SEARCHES:
        figures = measure(engine, search, asked).figures()
        assert figures["proven"] is True
        assert float(figures["hot_ms"]) > 0


def test_the_plain_scan_is_insertion_without_pauses() -> None:
    """On days without lunch the yardstick finds what our ranking finds with the order kept."""
    made = team(Shape(3, 3, 6, seed=4, lunch=False), synthetic=True)
    engine = Engine(made)
    for asked in requests(made, 5, 0):
        kept = engine.prepared(ORDER_KEPT, asked)()
        ours = {(w.route, w.slot % len(WINDOWS)): w.travel for w in kept.winners}
        assert ours == _scanned(engine, made, asked)


def _scanned(engine: Engine, made: Team, asked: Asked) -> dict[tuple[int, int], int]:
    added = scan(engine.gaps.scan(made, asked))
    rows = np.flatnonzero(made.qualified(asked))
    return {
        (int(rows[i]), int(column)): int(added[i, column])
        for i, column in np.argwhere(added < 1 << 29)
    }
