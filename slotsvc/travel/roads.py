"""Travel times from the road engine in this process: the graph OSRM made, and a hierarchy over it.

The same times as OSRM's table, some ten times sooner: a new place against all places of a calendar
takes about a millisecond each way on the roads of a city.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import structlog

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import (
    UNREACHABLE,
    Provenance,
    TravelTable,
    TravelUnavailableError,
)
from slotsvc.travel.hierarchy import Hierarchy, Int32
from slotsvc.travel.hierarchy_sweep import INF, Ends, lines, straight
from slotsvc.travel.map_info import MapFiles, MapInfo
from slotsvc.travel.road_files import load_roads
from slotsvc.travel.road_graph import RoadGraph
from slotsvc.travel.road_lines import RememberedLines
from slotsvc.travel.road_places import Group, RoadPlaces

_log = structlog.get_logger(__name__)

THREADS = 2
"""Sweeps at once; they hold no lock of the interpreter."""
_LINES_AT_ONCE = 64
"""Of a large table; other callers come in between, and who has left stops it."""


class RoadTravelTimes:
    """``TravelTimes`` from a road graph and its hierarchy. LIVE; the same map id as OSRM's.

    ``hits`` / ``misses`` count pairs remembered and pairs searched since the start.

    Fastest when the caller passes its sites as the same tuple object each time.
    """

    def __init__(self, graph: RoadGraph, hierarchy: Hierarchy) -> None:
        self._map_id, self._node_at = graph.map_id, graph.node_at
        self._hierarchy = hierarchy
        self._places = RoadPlaces(graph, hierarchy)
        self._lines = RememberedLines()
        self.hits = self.misses = 0
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="roads")

    @classmethod
    def of_map(cls, files: MapFiles, info: MapInfo) -> RoadTravelTimes:
        """For the map in ``files``. Raises ``ArrayFileError`` when its road files are missing,
        damaged or of another map, format or OSRM version."""
        return cls(*load_roads(files, info))

    @property
    def map_id(self) -> str:
        """Identity of the compiled map."""
        return self._map_id

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """All pairs, LIVE. A place far off the map gets the times of the road it was put on:
        judge it by its snap distance. Raises ``TravelUnavailableError``."""
        known = self._lines.find(sources, destinations)
        if known is not None:
            self.hits += known.seconds.size
            return known
        self.misses += len(sources) * len(destinations)
        try:
            table = await self._swept(sources, destinations)
        except Exception as error:
            _log.exception("the road engine failed", error=type(error).__name__)
            raise TravelUnavailableError("the road engine failed") from error
        self._lines.keep(sources, destinations, table)
        return table

    def places_on_roads(self, count: int) -> list[Location]:
        """About so many places all over the map, each in the middle of a stretch of road."""
        step = max(1, len(self._node_at) // count)
        return [Location(lat / 1e6, lon / 1e6) for lon, lat in self._node_at[::step].tolist()]

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _swept(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        in_thread = asyncio.get_running_loop().run_in_executor
        work = await in_thread(self._threads, self._begun, sources, destinations)
        while work.left:
            await in_thread(self._threads, work.more)
        return TravelTable(
            seconds=work.seconds,
            source_snap_m=work.sources.places.snap_m.copy(),
            destination_snap_m=work.destinations.places.snap_m.copy(),
            map_id=self._map_id,
            provenance=Provenance.LIVE,
        )

    def _begun(self, sources: Sequence[Location], destinations: Sequence[Location]) -> _Work:
        """Places found, and the first lines of the table, which may be all of them."""
        from_, to = self._places.group(sources), self._places.group(destinations)
        work = _Work(self._hierarchy, from_, to)
        work.more()
        return work


class _Work:
    """A table that is being filled, from the shorter side: by rows forwards, by columns backwards.

    ``left``: lines to go. ``seconds``: (sources, destinations), rounded up, once none is left;
    ``UNREACHABLE``: no way.
    """

    def __init__(self, hierarchy: Hierarchy, sources: Group, destinations: Group) -> None:
        self.sources, self.destinations = sources, destinations
        self._hierarchy = hierarchy
        self._by_row = len(sources) <= len(destinations)
        shape = sorted((len(sources), len(destinations)))
        self._deciseconds = np.full(shape, INF, dtype=np.int32)
        self.left, self.seconds = shape[0], self._deciseconds

    def more(self) -> None:
        """Fills some lines."""
        begin = len(self._deciseconds) - self.left
        end = min(begin + _LINES_AT_ONCE, len(self._deciseconds))
        times, tree = self._deciseconds[begin:end], self._hierarchy
        one, other = self.sources.places, self.destinations.places
        if not times.size:
            pass
        elif self._by_row:
            over = self.destinations.above_ends()
            lines(_some(one.begins, begin, end), tree.up, tree.parent, over, other.ends, times)
            straight(_some(one.ends, begin, end), other.ends, 1, times)
        else:
            over = self.sources.above_begins()
            lines(_some(other.ends, begin, end), tree.down, tree.parent, over, one.begins, times)
            straight(_some(other.ends, begin, end), one.ends, -1, times)
        self.left -= end - begin
        if not self.left:  # here, in a thread: millions of pairs take a while
            self.seconds = self._rounded_up()

    def _rounded_up(self) -> Int32:
        up = np.where(self._deciseconds < INF, (self._deciseconds + 9) // 10, UNREACHABLE)
        return np.ascontiguousarray((up if self._by_row else up.T).astype(np.int32))


def _some(ends: Ends, begin: int, end: int) -> Ends:
    """Those of places ``begin`` to ``end``."""
    return Ends(ends.first[begin : end + 1], ends.node, ends.cost)
