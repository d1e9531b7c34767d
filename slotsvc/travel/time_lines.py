"""Remembered travel times: one array line per place asked for, indexed by the other place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slotsvc.travel.place_slots import Slots

NO_LINE = 0


class TimeLines:
    """Up to ``max_lines`` lines of ``n_slots`` cells; the least recently used line makes way.

    A cell holds seconds + 1, so that untouched memory, zero, means unknown and costs nothing until
    it is written. Line 0 and cell 0 stay empty: they stand for what is not here.
    """

    def __init__(self, max_lines: int, n_slots: int) -> None:
        self.max_lines = max_lines
        self._cells = np.zeros((max_lines + 1, n_slots), dtype=np.int32)
        self._line_of = np.zeros(n_slots, dtype=np.intp)
        self._owner = np.zeros(max_lines + 1, dtype=np.intp)
        self._last_used = np.zeros(max_lines + 1, dtype=np.int64)
        self._clock = 0

    def read(self, keys: Slots, others: Slots) -> NDArray[np.int32]:
        """Cells (keys, others): seconds + 1, or 0 where unknown."""
        lines = self._line_of[keys]
        self._touch(lines)
        return self._cells[lines[:, None], others[None, :]]

    def write(self, keys: Slots, others: Slots, cells: NDArray[np.int32]) -> None:
        """Remember ``cells`` (keys, others), seconds + 1. At most ``max_lines`` keys."""
        self._touch(self._line_of[keys])
        for key in keys.tolist():
            if self._line_of[key] == NO_LINE:
                self._give_line(key)
        self._cells[self._line_of[keys][:, None], others[None, :]] = cells

    def forget(self, slots: Slots) -> None:
        """Drop everything known from or to these slots: they will mean other places."""
        lines = self._line_of[slots]
        lines = lines[lines != NO_LINE]
        self._cells[lines] = 0
        self._owner[lines] = 0
        self._last_used[lines] = 0
        self._line_of[slots] = NO_LINE
        self._cells[:, slots] = 0

    def _touch(self, lines: NDArray[np.intp]) -> None:
        self._clock += 1
        self._last_used[lines] = self._clock

    def _give_line(self, key: int) -> None:
        line = 1 + int(np.argmin(self._last_used[1:]))
        if self._owner[line]:
            self._line_of[self._owner[line]] = NO_LINE
            self._cells[line] = 0
        self._owner[line] = key
        self._line_of[key] = line
        self._last_used[line] = self._clock
