"""Places put on the road once and remembered: where a journey from each begins, where one ends."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.solver.compiled import compiled
from slotsvc.travel.hierarchy import Hierarchy, Int32
from slotsvc.travel.hierarchy_sweep import Above, Ends, above
from slotsvc.travel.road_graph import RoadGraph
from slotsvc.travel.road_snap import Snapped, snap

_REMEMBERED_TUPLES = 16
MOST_PLACES = 100_000
"""Remembered at a time, about 100 bytes each; then all are forgotten."""


class OnRoad(NamedTuple):
    """Some places on the road, in order.

    ``ends``: a journey there ends on these stretches, ``cost`` deciseconds after their beginning.
    ``begins``: a journey from there begins at these stretches, ``cost`` later. ``snap_m``: metres.
    """

    ends: Ends
    begins: Ends
    snap_m: NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Group:
    """Places asked for together; what lies above them is gathered when first needed."""

    places: OnRoad
    _hierarchy: Hierarchy
    _above_ends: Above | None = field(default=None)
    _above_begins: Above | None = field(default=None)

    @property
    def above_ends(self) -> Above:
        """For sweeps to the places."""
        if self._above_ends is None:
            self._above_ends = above(
                self._hierarchy.down, self._hierarchy.parent, self.places.ends
            )
        return self._above_ends

    @property
    def above_begins(self) -> Above:
        """For sweeps against the traffic: from the places."""
        if self._above_begins is None:
            self._above_begins = above(
                self._hierarchy.up, self._hierarchy.parent, self.places.begins
            )
        return self._above_begins


class RoadPlaces:
    """Remembers places, and the tuples of places that callers keep. Safe in threads."""

    def __init__(
        self, graph: RoadGraph, hierarchy: Hierarchy, *, most_places: int = MOST_PLACES
    ) -> None:
        self._graph, self._hierarchy, self._most_places = graph, hierarchy, most_places
        nodes = np.arange(graph.node_count + 1)
        self._first_arc = np.searchsorted(graph.tail, nodes).astype(np.int32)
        self._lock = Lock()
        # Holding the tuple keeps its identity from being reused.
        self._groups: OrderedDict[int, tuple[tuple[Location, ...], Group]] = OrderedDict()
        self._forget()

    def group(self, places: Sequence[Location]) -> Group:
        """``places`` on the road; at once for a tuple that was asked for lately."""
        with self._lock:
            known = self._groups.get(id(places))
            if known is not None:
                self._groups.move_to_end(id(places))
                return known[1]
            group = Group(self._on_road(places), self._hierarchy)
            if isinstance(places, tuple):
                self._groups[id(places)] = (places, group)
                if len(self._groups) > _REMEMBERED_TUPLES:
                    self._groups.popitem(last=False)
            return group

    def _on_road(self, places: Sequence[Location]) -> OnRoad:
        number_of = self._number_of
        if new := [place for place in dict.fromkeys(places) if place not in number_of]:
            if len(number_of) + len(new) > self._most_places:
                self._forget()
                return self._on_road(places) if len(new) < self._most_places else self._put(places)
            for place in new:
                number_of[place] = len(number_of)
            self._known = _chained(self._known, self._put(new))
        numbers = np.fromiter(map(number_of.__getitem__, places), np.int64, len(places))
        return _picked(self._known, numbers)
