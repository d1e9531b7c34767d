"""All rules together: every cell is open or closed by exactly one rule, the first that says no."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given, settings

from slotsvc.domain.time_window import from_epoch
from slotsvc.solver.constraints import Reason
from slotsvc.solver.grid import OpenCells, open_cells, row_service
from slotsvc.solver.insertion import request_legs
from slotsvc.solver.params import CostWeights, SearchParams
from slotsvc.solver.suggest import suggest
from tests.examples import examples
from tests.solver.literal_cells import Cell, sort_cells
from tests.solver.random_cells import RuledQuestion, ruled_questions


def cells_of(found: OpenCells | None) -> set[Cell]:
    """Row, promise, first and last start of every open cell."""
    if found is None:
        return set()
    cells, opened = found.cells, set()
    for row, slots in enumerate(cells.slot):
        for column, slot in enumerate(slots):
            if slot >= 0:
                origin = int(found.origin[row])
                first = from_epoch(origin + int(cells.windows.opens[row, column]))
                last = from_epoch(origin + int(cells.windows.closes[row, column]))
                opened.add((row, found.windows[slot].window.promise, first, last))
                assert found.window_of(row, int(slot)).window.start_window.end == (
                    last + timedelta(seconds=1)
                )
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
    assert cells_of(cells) == expected.open
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
