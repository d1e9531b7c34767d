"""What rules close: counted at once, spelt out only for who asks why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from slotsvc.solver.constraints import Closed
from slotsvc.solver.instance import Int64
from slotsvc.solver.query import AskedWindow

type Entry = tuple[int, Closed, AskedWindow | None, int]
"""Technician number or -1 for all, closure, the mildest window or None, cells closed."""


@dataclass(slots=True)
class Closures:
    """Closed cells, counted at once and spelt out only for who asks why."""

    cells: int = 0
    _told: list[Callable[[], Iterable[Entry]]] = field(default_factory=list)

    def add(self, who: int, closed: Closed, asked: AskedWindow | None, cells: int) -> None:
        """Notes a closure."""
        self.add_all(cells, lambda: [(who, closed, asked, cells)])

    def add_all(self, cells: int, told: Callable[[], Iterable[Entry]]) -> None:
        """Notes closures of so many cells; ``told``: what they are."""
        if cells:
            self.cells += cells
            self._told.append(told)

    @property
    def entries(self) -> Iterator[Entry]:
        """What is closed and why. Cells of one technician and one reason may stand together."""
        for told in self._told:
            yield from told()


def mildest(group: Int64, margin: Int64, cells: Int64) -> list[tuple[int, int]]:
    """Of each group the number of its mildest closure, the first of two as mild, and the cells of
    all; groups in the order in which they first appear. All int64 (N,); groups count from 0.

    A year of a team closes thousands of routes and windows: one by one they take too long.
    """
    if not group.size:
        return []
    order = np.lexsort((margin, group))
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    counts, first = np.add.reduceat(cells[order], begins), np.minimum.reduceat(order, begins)
    mild = order[begins]
    return [(int(mild[n]), int(counts[n])) for n in np.argsort(first).tolist()]
