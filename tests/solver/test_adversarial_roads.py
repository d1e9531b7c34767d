"""The hostile roads are as hostile as they say, or the tests that use them say nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.solver import adversarial_roads as roads
from tests.solver.adversarial_roads import KINDS, TENTHS, Kind
from tests.solver.calendars import NO_ROAD
from tests.solver.dice import Dice

NOT_METRIC = (
    roads.detours, roads.a_hub, roads.no_distance, roads.holes, roads.a_second_too_long,
    roads.rounded_down, roads.porto_down, roads.one_way,
)  # fmt: skip


def some(kind: Kind, count: int = 60) -> list[NDArray[np.int64]]:
    """Small ones of a kind."""
    dice = [Dice(random.Random(n).randbytes(400)) for n in range(count)]
    found = [kind(one, 7, 1) for one in dice]
    for block in found:
        np.fill_diagonal(block, 0)
    return found


def longest_detour_saved(block: NDArray[np.int64]) -> int:
    """Most seconds by which a leg is longer than by way of a third place."""
    via = block[:, :, None] + block[None, :, :]
    return int((block[:, None, :] - via).max())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_breaks_the_triangle_inequality_or_keeps_it(kind: Kind) -> None:
    """Often, sometimes, or never, as its name says; driving is never negative."""
    saved = [longest_detour_saved(block) for block in some(kind)]
    broken = sum(most > 0 for most in saved)
    assert all((block >= 0).all() for block in some(kind))
    if kind in NOT_METRIC:
        assert broken > 5
    else:
        assert broken == 0
    if kind is roads.a_second_too_long:
        assert max(saved) <= 2


def test_roads_are_missing_and_differ_there_and_back() -> None:
    """Where that is what they are for."""
    assert all((block >= NO_ROAD).any() for block in some(roads.holes))
    assert all((block != block.T).any() for block in some(roads.one_way))
    assert all((block == 0).mean() > 0.4 for block in some(roads.no_distance))


def test_real_roads_rounded_up_are_closer_to_a_metric_than_rounded_down() -> None:
    """Of all triples of the table: rounding up keeps the inequality, rounding down does not."""
    up, down = -(-TENTHS // 10), TENTHS // 10
    broken = [
        int((block[:, None, :] > block[:, :, None] + block[None, :, :]).sum())
        for block in (up, down)
    ]
    assert (TENTHS != TENTHS.T).any()
    assert broken[0] < broken[1]
