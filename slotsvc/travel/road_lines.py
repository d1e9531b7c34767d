"""Rows and columns of one place against a tuple of places that a caller keeps, remembered whole."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import TravelTable

MOST_CELLS = 2_000_000
"""About 12 bytes each."""
_OF_A_LINE = 64
"""A line costs as much as so many cells before it has any: those of few places are many."""

type _Key = tuple[Location, int, bool]


class RememberedLines:
    """The tables with a single place on one side and a tuple on the other that were asked for last.

    A tuple is known by its identity: one that is equal but made anew is another. For one thread.
    """

    def __init__(self, *, most_cells: int = MOST_CELLS) -> None:
        self._most_cells = most_cells
        self._cells = 0
        # Holding the tuple keeps its identity from being reused.
        self._lines: OrderedDict[_Key, tuple[object, TravelTable]] = OrderedDict()

    def find(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable | None:
        """The table if it is remembered: a copy that the caller may write to."""
        key = _key(sources, destinations)
        if key is None or key not in self._lines:
            return None
        self._lines.move_to_end(key)
        return _copy(self._lines[key][1])

    def keep(
        self, sources: Sequence[Location], destinations: Sequence[Location], table: TravelTable
    ) -> None:
        """Remembers a copy if the table is such a line, and forgets the longest unasked."""
        key = _key(sources, destinations)
        if key is None or key in self._lines or table.seconds.size > self._most_cells:
            return
        whole = destinations if key[2] else sources
        self._lines[key] = whole, _copy(table)
        self._cells += table.seconds.size + _OF_A_LINE
        while self._cells > self._most_cells:
            _, (_, forgotten) = self._lines.popitem(last=False)
            self._cells -= forgotten.seconds.size + _OF_A_LINE


def _key(sources: Sequence[Location], destinations: Sequence[Location]) -> _Key | None:
    if len(sources) == 1 and isinstance(destinations, tuple):
        return sources[0], id(destinations), True
    if len(destinations) == 1 and isinstance(sources, tuple):
        return destinations[0], id(sources), False
    return None


def _copy(table: TravelTable) -> TravelTable:
    return replace(
        table,
        seconds=table.seconds.copy(),
        source_snap_m=table.source_snap_m.copy(),
        destination_snap_m=table.destination_snap_m.copy(),
    )
