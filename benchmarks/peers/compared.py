"""Our ranking and every peer on the same requests, one after the other."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.generator import WINDOWS, Asked, Team
from benchmarks.ours import EVERY_CELL, EVERY_SLOT_DRIVING, ORDER_KEPT, TOP_10_DRIVING, Engine
from benchmarks.peers.days import Cell, Peer, SlotPeer, cells_of
from benchmarks.peers.judge import Key, Quality, judged
from slotsvc.solver.ranking import Ranked

OURS = "slotsvc, top 10 proven"
OURS_SLOTS = "slotsvc, every slot exact"
OURS_CELLS = "slotsvc, every cell exact"
OURS_KEPT = "insertion, order kept"
CALLS = 3
"""Each of our rankings is timed as the first of three calls: no answer is warm when it counts."""


@dataclass
class Row:
    """One engine. ``ms``: of each request; extrapolated where ``sampled``."""

    name: str
    ms: list[float] = field(default_factory=list)
    qualities: list[Quality] = field(default_factory=list)
    sampled: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """A peer is asked about at most ``cells`` random cells of a request (``slots`` random slots,
    if it is asked by slot); the time of all of them is extrapolated and marked as such."""

    cells: int
    slots: int
    seed: int


def compare(
    made: Team,
    asked: Sequence[Asked],
    peers: Iterable[Peer],
    by_slot: Iterable[SlotPeer],
    sampling: Sampling,
) -> list[Row]:
    """A row per engine, our own first. Instances with pauses: those that can take them."""
    engine = Engine(made)
    able = [p for p in peers if p.takes_pauses or not made.shape.lunch]
    whole = [p for p in by_slot if p.takes_pauses or not made.shape.lunch]
    rows = {name: Row(name) for name in (OURS, OURS_SLOTS, OURS_CELLS, OURS_KEPT)}
    rows |= {peer.name: Row(peer.name) for peer in [*able, *whole]}
    for search in (TOP_10_DRIVING, EVERY_SLOT_DRIVING, EVERY_CELL, ORDER_KEPT):
        engine.prepared(search, asked[0])()
    for number, request in enumerate(asked):
        chance = random.Random(f"{sampling.seed}/{number}")
        exact = _ours(engine, request, rows)
        cells = list(cells_of(made, request))
        for peer in able:
            _ask(peer, cells, exact, rows[peer.name], sampling.cells, chance)
        for peer in whole:
            _ask_by_slot(peer, cells, exact, rows[peer.name], sampling.slots, chance)
    return list(rows.values())


def _ours(engine: Engine, asked: Asked, rows: dict[str, Row]) -> dict[Key, int]:
    """Our rows of a request; gives the exact answer, cell by cell."""
    answers = {}
    for name, search in (
        (OURS, TOP_10_DRIVING),
        (OURS_SLOTS, EVERY_SLOT_DRIVING),
        (OURS_CELLS, EVERY_CELL),
        (OURS_KEPT, ORDER_KEPT),
    ):
        call = engine.prepared(search, asked)
        begun = time.perf_counter()
        answers[name] = call()
        rows[name].ms.append(1e3 * (time.perf_counter() - begun))
    exact = _by_cell(answers[OURS_CELLS])
    _same_slots(exact, answers)
    kept = _by_cell(answers[OURS_KEPT])
    everywhere = {key: kept.get(key) for key in exact}
    rows[OURS_KEPT].qualities.append(judged(exact, everywhere, True))
    for name in (OURS, OURS_SLOTS, OURS_CELLS):
        rows[name].qualities.append(judged(exact, exact, True))
    return exact


def _by_cell(answer: Ranked) -> dict[Key, int]:
    """Added driving of every cell that has room. Every cell was a slot of its own."""
    width = len(WINDOWS)
    return {(w.route, w.slot % width): w.travel for w in answer.winners}


def _same_slots(exact: dict[Key, int], answers: dict[str, Ranked]) -> None:
    """The ranking by slot and the one by cell must say the same."""


def _ask(
    peer: Peer, cells: list[Cell], exact: dict[Key, int], row: Row, most: int, chance: random.Random
) -> None:
    mine = cells if len(cells) <= most else chance.sample(cells, most)
    begun = time.perf_counter()
    found = [peer.least_driving(cell.day) for cell in mine]
    taken = time.perf_counter() - begun
    row.ms.append(1e3 * taken * len(cells) / len(mine))
    answers = {
        cell.key: None if least is None else least - cell.without
        for cell, least in zip(mine, found, strict=True)
    }
    row.qualities.append(judged(exact, answers, len(mine) == len(cells)))
    if len(mine) < len(cells):
        row.sampled = f"{most} cells a request"
