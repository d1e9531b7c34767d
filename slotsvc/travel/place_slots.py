"""Places numbered so that arrays can be indexed by place; the longest unasked lose their number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location

Slots = NDArray[np.intp]

UNKNOWN = 0
"""The slot of a place without one. Arrays keep their index 0 empty."""
_REMEMBERED_TUPLES = 256


class PlaceSlots:
    """Up to ``capacity`` places, each with a slot from 1 to ``capacity``."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._slot_of: dict[Location, int] = {}
        self._place_at: list[Location | None] = [None] * (capacity + 1)
        self._last_asked = np.zeros(capacity + 1, dtype=np.int64)
        self._free = list(range(capacity, 0, -1))
        self._clock = 0
        # A caller that keeps its sites in one tuple is looked up by the tuple's identity. Holding
        # the tuple keeps that identity from being reused.
        self._tuples: OrderedDict[int, tuple[tuple[Location, ...], Slots]] = OrderedDict()

    def find(self, places: Sequence[Location]) -> Slots:
        """Slots of ``places``, ``UNKNOWN`` where a place has none. Counts as asking for them."""
        slots = self._remembered(places)
        self._clock += 1
        self._last_asked[slots] = self._clock
        return slots

    def take(self, places: Sequence[Location]) -> Slots:
        """Slots of ``places``, new ones where needed; ``make_room`` must have been called."""
        for place in places:
            if place not in self._slot_of:
                slot = self._free.pop()
                self._slot_of[place] = slot
                self._place_at[slot] = place
        return self.find(places)

    def make_room(self, places: Sequence[Location]) -> Slots:
        """Free slots until all of ``places`` fit, least recently asked first; the slots freed.

        ``places`` themselves keep theirs. They must be no more than half the capacity.
        """
        needed = sum(place not in self._slot_of for place in set(places))
        if needed <= len(self._free):
            return np.empty(0, dtype=np.intp)
        self.find(places)
        return self._free_oldest(max(needed, self.capacity // 16))

    def _remembered(self, places: Sequence[Location]) -> Slots:
        known = self._tuples.get(id(places))
        if known is not None:
            self._tuples.move_to_end(id(places))
            return known[1]
        slot_of = self._slot_of.get
        slots = np.array([slot_of(place, UNKNOWN) for place in places], dtype=np.intp)
        if isinstance(places, tuple) and slots.all():
            self._tuples[id(places)] = (places, slots)
            if len(self._tuples) > _REMEMBERED_TUPLES:
                self._tuples.popitem(last=False)
        return slots

    def _free_oldest(self, count: int) -> Slots:
        taken = np.fromiter(self._slot_of.values(), dtype=np.intp, count=len(self._slot_of))
        oldest = taken[np.argsort(self._last_asked[taken], kind="stable")[:count]]
        for slot in oldest.tolist():
            place = self._place_at[slot]
            assert place is not None
            del self._slot_of[place]
            self._place_at[slot] = None
            self._free.append(slot)
        self._tuples.clear()
        return oldest
