"""A question as the search sees it: arrays, the request's legs, the open cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slotsvc.solver.cells import Windows, windows_of
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.grid import OpenCells, open_cells, row_service
from slotsvc.solver.legs import Request, request_legs
from slotsvc.solver.params import SearchParams
from tests.solver.brute_force import TinyRoute
from tests.solver.literal import kept_in_order, tiny
from tests.solver.random_days import Question

RULES_OF_TIME = frozenset({"overtime", "max_travel", "unpaid", "access", "pausable", "pace"})
"""What the search itself must know of a day; see ``random_days.ALL_FEATURES``."""


@dataclass(frozen=True)
class Cell:
    """One asked window on one route. ``route``: the day with the request as its last visit."""

    row: int
    column: int
    day: DayOfWork
    route: TinyRoute


@dataclass(frozen=True)
class Opened:
    """An open question. ``keep``: per row, whether the other visits keep their order."""

    question: Question
    request: Request
    cells: OpenCells

    @property
    def weights(self) -> tuple[int, int, int]:
        """Of driving, waiting and overtime."""
        weights = self.params.weights
        return weights.of_orders

    @property
    def params(self) -> SearchParams:
        """The question's."""
        return self.question.params

    @property
    def windows(self) -> Windows:
        """Of every cell."""
        return windows_of(self.question.calendar.arrays, self.request, self.cells.cells)

    def keep(self, row: int) -> bool:
        """Whether the other visits of a route keep their order."""
        return kept_in_order(self.question.calendar.days[row], self.params)

    def each(self) -> Iterator[Cell]:
        """Every open cell."""
        cells, windows = self.cells.cells, self.windows
        for row, day in enumerate(self.question.calendar.days):
            for column in range(int(cells.high[row] - cells.low[row])):
                if windows.opens[row, column] <= windows.closes[row, column]:
                    window = self.cells.windows[int(cells.low[row]) + column].window
                    route = tiny(day, self.question.roads, self.question.query, window)
                    yield Cell(row, column, day, route)


def opened(question: Question) -> Opened | None:
    """What is left to search when rules that need no search were applied; None: nothing."""
    query = question.query
    legs = question.roads.legs(question.calendar, query.location)
    calendar, access = question.calendar, int(query.access.total_seconds())
    on_site = row_service(calendar, query)
    request = request_legs(
        calendar.arrays, query.location, on_site, access, query.pausable, legs.into, legs.out
    )
    cells, _ = open_cells(
        question.calendar, query, legs, request, question.params.weights, question.now
    )
    return None if cells is None else Opened(question, request, cells)
