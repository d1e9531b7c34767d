"""What is known of every slot so far, and what a cell may cost and still change the answer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver.cell import NEVER
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import Int32, Int64

CUT, MOST_SLOTS, MOST_A_DAY, CHANGED, EVALUATED, PRICED = range(6)
"""Entries of ``Board.tally``. ``CUT``: cost of the last place of the list; ``CHANGED``: 1 when a
slot got cheaper since it was drawn. ``PRICED``: days priced stop by stop."""

ANY = NEVER >> 2
"""More than anything costs, and room to add to it."""

NOBODY = 1 << 30
"""A row behind all others."""


class Board(NamedTuple):
    """``upper``: int64 (S,), the cheapest known cost of each slot, NEVER: none. ``holder``: int32
    (S, 2), row and gap of it; gap -1: an order that was searched. ``last_of_day``: int64 (days,),
    cost of a day's last place. ``day_at``: int32 (days + 1,), first slot of each day. ``tally``:
    int64 (6,).
    """

    upper: Int64
    holder: Int32
    last_of_day: Int64
    day_at: Int32
    tally: Int64


def new_board(slots: int, days: int, max_slots: int, max_per_day: int) -> Board:
    """Nothing is known yet; ``find_days`` comes first."""
    return Board(
        np.full(slots, NEVER, np.int64),
        np.full((slots, 2), NOBODY, np.int32),
        np.full(days, ANY, np.int64),
        np.empty(days + 1, np.int32),
        np.array((ANY, max_slots, max_per_day, 0, 0, 0), np.int64),
    )


@compiled
def find_days(day: Int32, day_at: Int32) -> None:
    """Fills ``day_at`` from the day of each slot, never falling."""
    slot = 0
    for number in range(len(day_at)):
        while slot < len(day) and day[slot] < number:
            slot += 1
        day_at[number] = slot


@compiled
def limit(board: Board, slot: int, day: int) -> int:
    """Most that a slot may cost and still change the answer; at most ANY."""
    most: int = min(board.upper[slot], board.last_of_day[day], board.tally[CUT])
    return most


@compiled
def offer(
    upper: Int64, holder: Int32, tally: Int64, slot: int, cost: int, row: int, gap: int
) -> None:
    """Keeps what is cheapest; of equals the first row, and there the first gap."""
    known = upper[slot]
    if cost > known:
        return
    if cost == known and (
        holder[slot, 0] < row or (holder[slot, 0] == row and holder[slot, 1] <= gap)
    ):
        return
    if cost < known:
        tally[CHANGED] = 1
    upper[slot], holder[slot, 0], holder[slot, 1] = cost, row, gap


@compiled
def draw_cut(upper: Int64, last_of_day: Int64, day_at: Int32, tally: Int64) -> None:
    """Works out each day's last place and the list's last place anew (arrays of ``Board``)."""
    tally[CHANGED] = 0
    slots = len(upper)
    most, a_day = min(tally[MOST_SLOTS], slots), min(tally[MOST_A_DAY], slots)
    if most == 0 or a_day == 0 or (most == slots and a_day == slots):
        return  # nothing is ever cut
    listed, best = np.empty(most, np.int64), np.empty(a_day, np.int64)
    filled = 0
    for day in range(len(last_of_day)):
        kept = 0
        for slot in range(day_at[day], day_at[day + 1]):
            if upper[slot] < NEVER:
                kept = _insert(best, kept, upper[slot])
        if kept == tally[MOST_A_DAY]:
            last_of_day[day] = best[kept - 1]
        for place in range(kept):
            filled = _insert(listed, filled, best[place])
    if filled == tally[MOST_SLOTS]:
        tally[CUT] = listed[filled - 1]


def redraw(board: Board) -> None:
    """``draw_cut`` of a board."""
    draw_cut(board.upper, board.last_of_day, board.day_at, board.tally)


@compiled
def _insert(best: Int64, kept: int, cost: int) -> int:
    """One more of the least, sorted, as many as there is room for; gives how many are kept."""
    most = len(best)
    if kept == most and cost >= best[kept - 1]:
        return kept
    place = min(kept, most - 1)
    while place > 0 and best[place - 1] > cost:
        best[place] = best[place - 1]
        place -= 1
    best[place] = cost
    return min(kept + 1, most)
