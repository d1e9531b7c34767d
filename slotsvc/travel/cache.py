"""Travel times remembered in memory, whole rows and columns at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import Provenance, TravelTable, TravelTimes
from slotsvc.travel.place_slots import PlaceSlots, Slots
from slotsvc.travel.time_lines import TimeLines

Cells = NDArray[np.int32]


class CachedTravelTimes:
    """A read-through cache around ``inner``; what it answers is LIVE and from one map.

    Sits above the road engine and below the fallback: estimates are passed on, never remembered. A
    new map id of ``inner`` empties the cache, also in the middle of an answer.

    ``max_places``: places known at a time; ``max_entries``: remembered times, rows and columns
    together, 4 bytes each, taken from the system only when used. The least recently asked make way.
    ``hits`` / ``misses`` count pairs since the start.

    Fastest when the caller passes its sites as the same tuple object each time.
    """

    def __init__(
        self, inner: TravelTimes, *, max_places: int = 8192, max_entries: int = 16_000_000
    ) -> None:
        self._inner = inner
        self._max_places = max_places
        self._max_lines = max(16, max_entries // (2 * (max_places + 1)))
        self.hits = 0
        self.misses = 0
        self._forget_all()

    @property
    def map_id(self) -> str:
        """The inner map id."""
        return self._inner.map_id

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """All pairs; asks ``inner`` for the rows and columns with an unknown pair only."""
        if self._remembered_map != self._inner.map_id:
            self._forget_all()
        from_slots, to_slots = self._slots.find(sources), self._slots.find(destinations)
        cells = np.maximum(
            self._rows.read(from_slots, to_slots), self._columns.read(to_slots, from_slots).T
        )
        unknown = cells == 0
        n_unknown = int(np.count_nonzero(unknown))
        self.hits += cells.size - n_unknown
        self.misses += n_unknown
        known = self._table(cells, self._snap_m[from_slots], self._snap_m[to_slots])
        if not cells.size:
            return await self._inner.table(sources, destinations)
        if n_unknown == 0:
            return known
        return await self._completed(known, unknown, sources, destinations)

    async def _completed(
        self,
        known: TravelTable,
        unknown: NDArray[np.bool_],
        sources: Sequence[Location],
        destinations: Sequence[Location],
    ) -> TravelTable:
        rows, columns = np.flatnonzero(unknown.any(axis=1)), np.flatnonzero(unknown.any(axis=0))
        some, others = (
            [sources[i] for i in rows.tolist()],
            [destinations[j] for j in columns.tolist()],
        )
        fetched = await self._inner.table(some, others)
        whole = fetched.seconds.shape == known.seconds.shape
        if fetched.map_id != known.map_id or fetched.provenance is not Provenance.LIVE:
            return fetched if whole else await self._inner.table(sources, destinations)
        self._remember(some, others, fetched)
        if whole:
            return fetched
        # Arrays of ``known`` are copies of ours: nobody else holds them yet.
        known.seconds[np.ix_(rows, columns)] = fetched.seconds
        known.source_snap_m[rows] = fetched.source_snap_m
        known.destination_snap_m[columns] = fetched.destination_snap_m
        return known

    def _remember(
        self, sources: Sequence[Location], destinations: Sequence[Location], table: TravelTable
    ) -> None:
        by_row = len(sources) <= len(destinations)
        lines = min(len(sources), len(destinations))
        both = [*sources, *destinations]
        if lines > self._max_lines // 4 or len(both) > self._max_places // 2:
            return
        if table.map_id != self._remembered_map:
            return
        self._make_room(both)
        from_slots, to_slots = self._slots.take(sources), self._slots.take(destinations)
        self._snap_m[from_slots] = table.source_snap_m
        self._snap_m[to_slots] = table.destination_snap_m
        if by_row:
            self._rows.write(from_slots, to_slots, table.seconds + 1)
        else:
            self._columns.write(to_slots, from_slots, (table.seconds + 1).T)

    def _make_room(self, places: Sequence[Location]) -> None:
        freed: Slots = self._slots.make_room(places)
        if freed.size:
            self._rows.forget(freed)
            self._columns.forget(freed)

    def _forget_all(self) -> None:
        self._remembered_map = self._inner.map_id
        self._slots = PlaceSlots(self._max_places)
        self._rows = TimeLines(self._max_lines, self._max_places + 1)
        self._columns = TimeLines(self._max_lines, self._max_places + 1)
        self._snap_m = np.zeros(self._max_places + 1)

    def _table(
        self,
        cells: Cells,
        source_snap_m: NDArray[np.float64],
        destination_snap_m: NDArray[np.float64],
    ) -> TravelTable:
        return TravelTable(
            seconds=cells - np.int32(1),
            source_snap_m=source_snap_m,
            destination_snap_m=destination_snap_m,
            map_id=self._remembered_map,
            provenance=Provenance.LIVE,
        )
