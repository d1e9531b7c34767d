"""Roads on which bounds and shortcuts in the search break first: no triangle inequality, nothing
the same in both directions, no road at all, or real ones rounded to seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.solver.calendars import NO_ROAD, Roads
from tests.solver.dice import Dice

type Seconds = NDArray[np.int64]
type Kind = Callable[[Dice, int, int], Seconds]
"""From dice, the number of places and the seconds of a unit: seconds, (places, places)."""

TENTHS: Seconds = np.loadtxt(Path(__file__).with_name("porto_table.txt"), np.int64)
"""Driving on real roads."""


def adversarial_roads(dice: Dice, places: int, unit: int) -> Roads:
    """Roads of one of the kinds."""
    seconds = dice.pick(KINDS)(dice, places, unit)
    np.fill_diagonal(seconds, 0)
    return Roads(np.minimum(seconds, NO_ROAD).astype(np.int32))


def _any(dice: Dice, places: int, most: int) -> Seconds:
    return np.array([[dice(most) for _ in range(places)] for _ in range(places)], np.int64)


def _on_a_line(dice: Dice, places: int) -> Seconds:
    points = np.array([dice(12) for _ in range(places)], np.int64)
    return np.abs(points[:, None] - points[None, :])


def _where(dice: Dice, places: int, one_in: int) -> NDArray[np.bool_]:
    return np.array([[dice.chance(one_in) for _ in range(places)] for _ in range(places)])


def detours(dice: Dice, places: int, unit: int) -> Seconds:
    """A line on which some direct legs take several times as long as by way of others."""
    longer = np.where(_where(dice, places, 3), 2 + dice(5), 1)
    return _on_a_line(dice, places) * longer * unit


def a_hub(dice: Dice, places: int, unit: int) -> Seconds:
    """Everything is far apart but one place, from which and to which it is near."""
    block, hub = _any(dice, places, 6) + 9, dice(places)
    block[hub], block[:, hub] = _any(dice, places, 3)[:2]
    return block * unit


def no_distance(dice: Dice, places: int, unit: int) -> Seconds:
    """Most legs take no time at all: ties everywhere."""
    return np.where(_where(dice, places, 4), _any(dice, places, 9), 0) * unit


def holes(dice: Dice, places: int, unit: int) -> Seconds:
    """One road in four is not there."""
    return np.where(_where(dice, places, 4), NO_ROAD, _any(dice, places, 10) * unit)


def one_way(dice: Dice, places: int, unit: int) -> Seconds:
    """There quickly, back by a long way, in turns."""
    block = _on_a_line(dice, places)
    return np.where(np.triu(np.ones((places, places), np.bool_)), block, 2 * block + 5) * unit


def a_second_too_long(dice: Dice, places: int, unit: int) -> Seconds:
    """A line, and here and there a second more, so that the inequality fails by one or two."""
    return _on_a_line(dice, places) * unit + _any(dice, places, 2)


def rounded_up(dice: Dice, places: int, unit: int) -> Seconds:
    """Straight lines on a plane, rounded up."""
    return np.ceil(_straight(dice, places) * unit).astype(np.int64)


def rounded_down(dice: Dice, places: int, unit: int) -> Seconds:
    """Straight lines on a plane, rounded down: the inequality fails by a second."""
    return np.floor(_straight(dice, places) * unit).astype(np.int64)


def _straight(dice: Dice, places: int) -> NDArray[np.float64]:
    points = np.array([(dice(11), dice(11)) for _ in range(places)], np.float64)
    return np.hypot(*(points[:, None] - points[None, :]).transpose(2, 0, 1))


def porto_up(dice: Dice, places: int, unit: int) -> Seconds:
    """Some of Porto, a minute being a unit, rounded up as the adapters do."""
    return -(-_porto(dice, places) * unit // 600)


def porto_down(dice: Dice, places: int, unit: int) -> Seconds:
    """Some of Porto, rounded down."""
    return _porto(dice, places) * unit // 600


def _porto(dice: Dice, places: int) -> Seconds:
    some = [dice(len(TENTHS)) for _ in range(places)]
    return TENTHS[np.ix_(some, some)]


KINDS: tuple[Kind, ...] = (
    detours, a_hub, no_distance, holes, one_way, a_second_too_long, rounded_up, rounded_down,
    porto_up, porto_down,
)  # fmt: skip
