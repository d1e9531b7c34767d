"""Random cells straight as arrays, far from anything a map or a company would give."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from slotsvc.solver.cell import Cell
from slotsvc.solver.instance import INF, Int32
from tests.solver.adversarial_roads import TENTHS
from tests.solver.compiled_brute import NEVER, Plain, Seconds

WEIGHTS = ((1000, 250, 2000), (1000, 0, 0), (0, 1, 3), (300, 2000, 100), (0, 0, 0))


def a_cell(seed: int, most: int, hours: int = 0) -> Cell:
    """A cell of up to ``most`` visits. ``hours``: windows are that much longer."""
    rng = np.random.default_rng(seed)
    visits = most if rng.random() < 0.5 else int(rng.integers(0, most + 1))
    travel = roads(rng, visits + 2)
    legs = travel if rng.random() < 0.4 else _legs(rng, travel)
    service = np.concatenate([[0, 0], rng.integers(0, 7, visits)]).astype(np.int32)
    pauses = _pauses(rng, visits)
    clock = np.cumsum(service[2:] + 4) - 4 - service[2:]
    loose = int(rng.choice([4, 12, 40, 90])) + hours
    opens = np.maximum(0, clock + rng.integers(-loose // 2 - 4, 9, visits))
    closes = opens + rng.integers(0, loose + 1, visits)
    if rng.random() < 0.15:  # under way: some windows are over, and maybe the day
        gone = int(rng.integers(0, 15))
        opens, closes = np.maximum(opens - gone, 0), closes - gone
    if rng.random() < 0.1:  # nobody was promised anything
        opens, closes = opens * 0, closes * 0 + INF
    last = int(clock[-1]) + 20 if visits else int(rng.integers(-3, 13))
    end = last + int(rng.integers(0, 40)) + int(pauses[:, 2].sum())
    return Cell(
        np.concatenate([[0, 0], opens]).astype(np.int32),
        np.concatenate([[INF, INF], closes]).astype(np.int32),
        service, travel, legs, _some(rng, visits), pauses, end,
        end - int(rng.choice([0, 0, 5, 25])),
        INF if rng.random() < 0.7 else int(rng.integers(2, 5 * visits + 9)),
    )  # fmt: skip


def roads(rng: np.random.Generator, nodes: int) -> Int32:
    """Driving of one of many kinds, mostly not metric."""
    block = rng.integers(0, 10, (nodes, nodes))
    points = rng.integers(0, 9, nodes)
    line = np.abs(points[:, None] - points[None, :])
    kind = int(rng.integers(7))
    found = {
        0: line, 1: line + rng.integers(0, 2, block.shape), 2: block,
        3: np.where(rng.random(block.shape) < 0.7, 0, block), 4: np.triu(line) + np.tril(line * 3),
        5: np.where(rng.random(block.shape) < 0.2, INF, block), 6: line * rng.integers(1, 5, 1),
    }[kind]  # fmt: skip
    np.fill_diagonal(found, 0)
    return np.ascontiguousarray(found, np.int32)


def _legs(rng: np.random.Generator, travel: Int32) -> Int32:
    """The time legs take: with access, some of it unpaid."""
    legs = travel + rng.integers(0, 4, len(travel))[None, :]
    if rng.random() < 0.3:
        legs[0] -= travel[0]
    if rng.random() < 0.3:
        legs[:, 1] = 0
    return np.where(travel >= INF, INF, legs).astype(np.int32)


def _pauses(rng: np.random.Generator, visits: int) -> Int32:
    count = int(rng.choice([0, 0, 1, 1, 2, 3]))
    opens = np.sort(rng.integers(0, 6 * visits + 6, count))
    found = [opens, opens + rng.integers(0, 16, count), rng.integers(1, 6, count)]
    return np.ascontiguousarray(np.stack(found, axis=1), np.int32)


def _some(rng: np.random.Generator, visits: int) -> np.ndarray:
    return np.concatenate([[False, False], rng.random(visits) < rng.choice([0.0, 0.3])])


def a_long_day(seed: int) -> Cell:
    """Ten to fourteen visits in ten hours, most of them promised, lunch, on roads of any kind."""
    rng = np.random.default_rng(seed)
    visits = int(rng.integers(10, 15))
    travel = _in_seconds(rng, visits + 2)
    service = np.concatenate([[0, 0], rng.integers(10, 40, visits) * 60]).astype(np.int32)
    order = rng.permutation(visits) + 2
    clock, opens, closes = 0, np.zeros(visits + 2, np.int64), np.full(visits + 2, INF, np.int64)
    for here, there in pairwise([0, *order]):
        clock += int(min(travel[here, there], 1800))
        length = int(rng.choice([1, 2, 2, 4])) * 3600
        opens[there] = max(0, clock - int(rng.integers(0, length)))
        closes[there] = opens[there] + length - 1
        clock = max(clock, int(opens[there])) + int(service[there])
    lunch = [[14_400, 21_600, 1_800]][: int(rng.integers(0, 2))]
    end = clock + int(rng.integers(1_800, 9_000))
    access = np.where(np.arange(visits + 2) < 2, 0, rng.integers(0, 300, visits + 2))
    legs = travel if rng.random() < 0.5 else np.minimum(travel + access[None, :], INF)
    return Cell(
        opens.astype(np.int32), closes.astype(np.int32), service, travel, legs.astype(np.int32),
        np.concatenate([[False, False], rng.random(visits) < 0.2]),
        np.array(lunch, np.int32).reshape(-1, 3), end, end - int(rng.choice([0, 0, 3_600])),
        INF if rng.random() < 0.8 else int(rng.integers(400, 900)) * (visits + 1),
    )  # fmt: skip


def _in_seconds(rng: np.random.Generator, nodes: int) -> Int32:
    """Real roads, straight lines rounded up or down, or driving without any geometry."""
    some, kind = rng.integers(0, len(TENTHS), nodes), int(rng.integers(5))
    points = rng.integers(0, 900, (nodes, 2))
    straight = np.hypot(*(points[:, None] - points[None, :]).transpose(2, 0, 1))
    found = {
        0: -(-TENTHS[np.ix_(some, some)] // 10), 1: TENTHS[np.ix_(some, some)] // 10,
        2: np.ceil(straight), 3: np.floor(straight), 4: rng.integers(0, 1_200, (nodes, nodes)),
    }[kind]  # fmt: skip
    np.fill_diagonal(found, 0)
    return np.ascontiguousarray(found, np.int32)


def in_plain_words(cell: Cell) -> Plain:
    """The same for the oracle: its end place is the last node, its windows are half-open."""
    visits = len(cell.opens) - 2
    nodes = [0, *range(2, visits + 2), 1]

    def block(of: Int32) -> Seconds:
        return of[np.ix_(nodes, nodes)].astype(np.int64)

    pauses = cell.pauses.astype(np.int64)
    pauses[:, 1] += 1
    windows = np.stack([cell.opens[2:], cell.closes[2:] + 1], axis=1).astype(np.int64)
    most = NEVER if cell.max_travel >= INF else cell.max_travel
    return Plain(
        windows, cell.service[2:].astype(np.int64), block(cell.travel), block(cell.legs), pauses,
        np.array([0, cell.end, cell.soft_end, most], np.int64), cell.pausable[2:].astype(np.int64),
    )  # fmt: skip
