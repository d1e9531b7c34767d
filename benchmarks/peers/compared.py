"""Our ranking and every peer on the same requests, one after the other."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.generator import WINDOWS, Asked, Team
from benchmarks.ours import EVERY_CELL, EVERY_SLOT_DRIVING, ORDER_KEPT, TOP_10_DRIVING, Engine
from benchmarks.peers.days import Cell, Peer, SlotPeer, cells_of
from benchmarks.peers.judge import Key, Quality, judged, slot_costs
from slotsvc.solver.ranking import Ranked

OURS = "slotsvc, top 10 proven"
OURS_SLOTS = "slotsvc, every slot exact"
OURS_CELLS = "slotsvc, every cell exact"
OURS_KEPT = "insertion, order kept"
OUR_SEARCHES = {
    OURS: TOP_10_DRIVING,
    OURS_SLOTS: EVERY_SLOT_DRIVING,
    OURS_CELLS: EVERY_CELL,
    OURS_KEPT: ORDER_KEPT,
}


@dataclass
class Row:
    """One engine. ``ms``: of each request; extrapolated where ``sampled``."""

    name: str
    ms: list[float] = field(default_factory=list)
    qualities: list[Quality] = field(default_factory=list)
    sampled: str = ""
    unit: str = "cells"


@dataclass(frozen=True, slots=True)
class Sampling:
    """Where a request has more than ``cells`` cells, slow peers are asked about so many of them at
    random (``slots`` random slots, if asked by slot) and the time of all is extrapolated."""

    cells: int
    slots: int
    seed: int


def compare(
    engine: Engine,
    asked: Sequence[Asked],
    peers: Iterable[Peer],
    by_slot: Iterable[SlotPeer],
    sampling: Sampling,
) -> list[Row]:
    """A row per engine, our own first. Instances with pauses: those that can take them."""
    made = engine.made
    able = [p for p in peers if p.takes_pauses or not made.shape.lunch]
    whole = [p for p in by_slot if p.takes_pauses or not made.shape.lunch]
    rows = {name: Row(name) for name in OUR_SEARCHES}
    names = [peer.name for peer in able] + [peer.name for peer in whole]
    rows |= {name: Row(name) for name in names}
    _warm_up(engine, asked[0], able, whole)
    for number, request in enumerate(asked):
        chance = random.Random(f"{sampling.seed}/{number}")
        exact = _ours(engine, request, rows)
        cells = list(cells_of(made, request))
        for peer in able:
            _ask(peer, cells, exact, rows[peer.name], sampling.cells, chance)
        for slot_peer in whole:
            _ask_by_slot(slot_peer, cells, exact, rows[slot_peer.name], sampling, chance)
    return list(rows.values())


def _warm_up(
    engine: Engine, asked: Asked, peers: Iterable[Peer], by_slot: Iterable[SlotPeer]
) -> None:
    """Compilers, caches and JVMs: not what is measured."""
    for search in OUR_SEARCHES.values():
        engine.prepared(search, asked)()
    cells = list(cells_of(engine.made, asked))
    slots = [[cell for cell in cells if cell.slot == slot] for slot in range(SLOTS_TO_WARM_UP)]
    for peer in peers:
        peer.least_driving(cells[0].day)
    for of_slot in slots:
        for slot_peer in by_slot:
            slot_peer.least_added(of_slot)


SLOTS_TO_WARM_UP = 8


def _ours(engine: Engine, asked: Asked, rows: dict[str, Row]) -> dict[Key, int]:
    """Our rows of a request, each call its first; gives the exact answer, cell by cell."""
    answers = {}
    for name, search in OUR_SEARCHES.items():
        call = engine.prepared(search, asked)
        begun = time.process_time()
        answers[name] = call()
        rows[name].ms.append(1e3 * (time.process_time() - begun))
    exact = _by_cell(answers[OURS_CELLS], engine.made)
    kept = _by_cell(answers[OURS_KEPT], engine.made)
    rows[OURS_KEPT].qualities.append(judged(exact, {k: kept.get(k) for k in exact}, True))
    for name in (OURS, OURS_SLOTS):
        _agree(exact, answers[name])
        rows[name].qualities.append(judged(exact, dict(exact), True))
    rows[OURS_CELLS].qualities.append(judged(exact, dict(exact), True))
    return exact


def _by_cell(answer: Ranked, made: Team) -> dict[Key, int]:
    """Added driving of every cell that has room. Every cell was a slot of its own."""
    _proven(answer)
    width = len(WINDOWS)
    day = {w.route: w.route // made.shape.technicians for w in answer.winners}
    return {(w.route, day[w.route] * width + w.slot % width): w.travel for w in answer.winners}


def _proven(answer: Ranked) -> None:
    if answer.skipped or answer.gap:
        raise SystemExit("a ranking of ours is not proven: nothing can be judged by it")


def _agree(exact: dict[Key, int], answer: Ranked) -> None:
    """The ranking by slot must begin like the one made of every cell."""
    _proven(answer)
    costs = [winner.travel for winner in answer.winners]
    if slot_costs(exact)[: len(costs)] != costs:
        raise SystemExit("our ranking by slot and our ranking of every cell do not agree")


def _ask(
    peer: Peer, cells: list[Cell], exact: dict[Key, int], row: Row, most: int, chance: random.Random
) -> None:
    few = len(cells) <= most or not peer.slow
    mine = cells if few else chance.sample(cells, most)
    begun = peer.clock()
    found = [peer.least_driving(cell.day) for cell in mine]
    taken = peer.clock() - begun
    row.ms.append(1e3 * taken * len(cells) / len(mine))
    answers = {
        cell.key: None if least is None else least - cell.without
        for cell, least in zip(mine, found, strict=True)
    }
    row.qualities.append(judged(exact, answers, len(mine) == len(cells)))
    if len(mine) < len(cells):
        row.sampled = f"{most} cells a request"


def _ask_by_slot(
    peer: SlotPeer,
    cells: list[Cell],
    exact: dict[Key, int],
    row: Row,
    sampling: Sampling,
    chance: random.Random,
) -> None:
    """Judged slot by slot: the cell of a slot that the engine chose counts for the slot."""
    slots = sorted({cell.slot for cell in cells})
    few = len(cells) <= sampling.cells or len(slots) <= sampling.slots
    mine = slots if few else sorted(chance.sample(slots, sampling.slots))
    best = {
        slot: min(added for (_, s), added in exact.items() if s == slot)
        for slot in {s for _, s in exact}
    }
    asked = [[cell for cell in cells if cell.slot == slot] for slot in mine]
    begun = peer.clock()
    found = [peer.least_added(of_slot) for of_slot in asked]
    taken = peer.clock() - begun
    row.ms.append(1e3 * taken * len(slots) / len(mine))
    answers: dict[Key, int | None] = {
        (0, slot): added for slot, added in zip(mine, found, strict=True)
    }
    room = {(0, slot): added for slot, added in best.items()}
    row.qualities.append(judged(room, answers, len(mine) == len(slots)))
    row.unit = "slots"
    if len(mine) < len(slots):
        row.sampled = f"{len(mine)} slots a request"
