"""A year of a team in quarters of an hour: what is asked of it takes no longer than it may."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.working_time import NoShiftReason
from slotsvc.solver.asked_windows import AskedWindows
from slotsvc.solver.closures import mildest
from slotsvc.solver.constraints import Reason
from slotsvc.solver.grid import open_cells, row_service
from slotsvc.solver.instance import Int64
from slotsvc.solver.legs import request_legs
from slotsvc.solver.params import CostWeights, SearchParams
from slotsvc.solver.query import Answer, AskedWindow, SlotQuery
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import TeamCalendar
from tests.solver.calendars import (
    MONDAY,
    Day,
    TeamDays,
    a_calendar,
    a_line,
    a_placement,
    a_query,
    a_shift,
    a_technician,
    at,
    between,
)

DAYS = [MONDAY + timedelta(days=n) for n in range(366)]
TEAM = ["ana", "bo", "cy"]
LINE = a_line(0, 10, 20, 30, 40, 50)
BEGUN = at("0:00") - timedelta(hours=1)
ROOM_S = 0.25
"""Of processor time after the end: what a slow machine may need, much less than all of it takes."""


@cache
def a_year() -> TeamCalendar:
    """Five free visits a day, whose orders are all known; nobody works on the first of a month."""
    off = {(n, day): NoShiftReason.ABSENT for n in range(len(TEAM)) for day in DAYS if day.day == 1}
    days = [
        Day(a_shift(who, day=day), [a_placement(f"{who}{day}{n}", between("8:00", "17:00", day), n,
            timedelta(minutes=40)) for n in range(1, 6)])
        for who in TEAM for day in DAYS if day.day != 1
    ]  # fmt: skip
    return a_calendar(TeamDays([a_technician(who) for who in TEAM], days, off), LINE)


def quarters(finish: str) -> AskedWindows:
    """Every quarter of every day; the site closes at ``finish``."""
    step = timedelta(minutes=15)
    found = []
    for day in DAYS:
        for n in range(36):
            start = at("8:00", day) + n * step
            window = TimeWindow(start, start + step)
            found.append(AskedWindow(day, OfferWindow(window, window, at(finish, day))))
    return AskedWindows(found)


def asked_for(hours: int = 5, finish: str = "17:00") -> SlotQuery:
    query = a_query(1, [], service=timedelta(hours=hours), horizon=timedelta(days=400))
    return replace(query, windows=quarters(finish))


def answered_in(query: SlotQuery, seconds: float) -> tuple[Answer, float]:
    """The answer, and by how much it came late, processor time."""
    calendar = a_year()
    legs = LINE.legs(calendar, query.location)
    params = SearchParams(max_slots=10)
    end = time.thread_time() + seconds
    over = (time.thread_time() >= end for _ in count())
    answer = suggest(calendar, query, legs, params, BEGUN, 500, over.__next__)
    return answer, time.thread_time() - end


@pytest.mark.parametrize("seconds", [0.001, 0.005, 0.02, 0.05])
def test_explaining_a_year_ends_when_time_is_over(seconds: float) -> None:
    """Which cells are full is not found out beyond the end; what is told is counted whole."""
    query = asked_for()
    answered_in(query, 0.0)
    answer, late = answered_in(query, seconds)
    whole, more = answered_in(query, 60.0)
    assert late < ROOM_S
    assert seconds + late < 60.0 + more, "what ended early took no less than all of it"
    counted = {(r.technician, r.reason): r.cells for r in whole.rejections}
    assert {(r.technician, r.reason): r.cells for r in answer.rejections}.items() <= counted.items()
    assert answer.counts.rejected == whole.counts.rejected


def test_a_year_of_closures_is_told_by_one_for_each_technician_and_rule() -> None:
    """Thousands of cells, a few entries, every cell in one of them."""
    calendar = a_year()
    promised = (TimeWindow(BEGUN, BEGUN + timedelta(days=300, minutes=70)),)
    query = replace(asked_for(finish="16:00"), promised=promised, notice=timedelta(days=10))
    legs = LINE.legs(calendar, query.location)
    service = row_service(calendar, query)
    request = request_legs(calendar.arrays, query.location, service, 0, False, legs.into, legs.out)
    _, closures = open_cells(calendar, query, legs, request, CostWeights(), BEGUN)
    entries = list(closures.entries)
    each = Counter((who, closed.reason) for who, closed, _, _ in entries)
    assert set(each.values()) == {1}
    assert {reason for _, reason in each} == {
        Reason.NOTICE, Reason.OUTSIDE_PROMISE, Reason.ABSENT, Reason.OUTSIDE_SHIFT,
        Reason.SITE_CLOSED,
    }  # fmt: skip
    assert sum(cells for *_, cells in entries) == closures.cells > 10_000


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(1, 9))))
def test_the_mildest_stands_for_its_group(closed: list[tuple[int, int, int]]) -> None:
    """The first of the least margin, with the cells of all, as a plain loop finds it."""
    expected: dict[int, tuple[int, int]] = {}
    for number, (group, margin, cells) in enumerate(closed):
        best, before = expected.get(group, (number, 0))
        mild = number if margin < closed[best][1] else best
        expected[group] = mild, before + cells
    columns: list[Int64] = [np.array([row[n] for row in closed], np.int64) for n in range(3)]
    assert mildest(*columns) == list(expected.values())
