"""All rules together: every cell is open or closed by exactly one rule, the first that says no."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given, settings

from slotsvc.domain.time_window import from_epoch
from slotsvc.solver.cells import windows_of
from slotsvc.solver.constraints import Reason
from slotsvc.solver.grid import OpenCells, open_cells, row_service
from slotsvc.solver.legs import Request, request_legs
from slotsvc.solver.params import CostWeights, SearchParams
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import TeamCalendar
from tests.examples import examples
from tests.solver.literal_cells import Cell, sort_cells
from tests.solver.random_cells import RuledQuestion, ruled_questions


def cells_of(calendar: TeamCalendar, request: Request, found: OpenCells | None) -> set[Cell]:
    """Row, promise, first and last start of every open cell."""
    if found is None:
        return set()
    cells, opened = found.cells, set()
    windows = windows_of(calendar.arrays, request, cells)
    for row in range(len(calendar.arrays)):
        for slot in range(int(cells.low[row]), int(cells.high[row])):
            opens, closes = (int(part[row, slot - cells.low[row]]) for part in windows)
            if opens <= closes:
                origin = int(found.origin[row])
                last = from_epoch(origin + closes)
                promise = found.windows[slot].window.promise
                opened.add((row, promise, from_epoch(origin + opens), last))
                window = found.window_of(row, slot, closes).window
                assert window.start_window.end == last + timedelta(seconds=1)
    return opened


@settings(max_examples=examples(1500))
@given(ruled_questions())
def test_open_cells_are_those_that_no_rule_closes(question: RuledQuestion) -> None:
    """The rules one by one, read literally, leave the same cells and count the same closures."""
    calendar, query = question.calendar, question.query
    legs = question.roads.legs(calendar, query.location)
    request = request_legs(
        calendar.arrays, query.location, row_service(calendar, query), 0, query.pausable,
        legs.into, legs.out,
    )  # fmt: skip
    cells, closures = open_cells(calendar, query, legs, request, CostWeights(), question.now)
    expected = sort_cells(calendar, question.roads, query, question.now)
    counted: Counter[tuple[int, Reason]] = Counter()
    for who, closed, _, count in closures.entries:
        assert count > 0
        counted[who, closed.reason] += count
    assert cells_of(calendar, request, cells) == expected.open
    assert counted == +expected.closed


@settings(max_examples=examples(300))
@given(ruled_questions())
def test_the_receipt_counts_every_cell_once(question: RuledQuestion) -> None:
    """Cells are rejected, evaluated, pruned or skipped, and the rejections told add up."""
    calendar, query = question.calendar, question.query
    legs = question.roads.legs(calendar, query.location)
    params = SearchParams(max_slots=3)
    answer = suggest(calendar, query, legs, params, question.now, max_rejections=500)
    expected = sort_cells(calendar, question.roads, query, question.now)
    counts = answer.counts
    assert counts.cells == counts.rejected + counts.evaluated + counts.pruned + counts.skipped
    assert counts.cells == len(expected.open) + expected.closed.total()
    searched = {Reason.NO_ROOM, Reason.MAX_TRAVEL, Reason.MAX_ADDED_TRAVEL}
    told = sum(r.cells for r in answer.rejections if r.reason not in searched)
    assert told == counts.rejected
    assert all(r.message for r in answer.rejections)
