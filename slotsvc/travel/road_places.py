"""Places put on the road once and remembered: where a journey from each begins, where one ends."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.travel.hierarchy import Hierarchy, Int32, Ways
from slotsvc.travel.hierarchy_sweep import Above, Ends, above
from slotsvc.travel.road_graph import RoadGraph
from slotsvc.travel.road_snap import snap

_REMEMBERED_TUPLES = 16
"""A few megabytes each for thousands of places."""
_FEW = 50
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


_NO_ENDS = Ends(np.zeros(1, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int32))
_NOWHERE = OnRoad(_NO_ENDS, _NO_ENDS, np.zeros(0))


class Reach(NamedTuple):
    """What lies above the nodes of some places. ``places``: of how many in all."""

    above: Above
    places: int

    def suits(self, nodes: Int32, places: int) -> bool:
        """Whether it holds most of ``nodes`` and not much else."""
        if self.places > places + places // 4 + _FEW:
            return False
        return bool(np.count_nonzero(self.above.number[nodes]) >= 0.9 * len(nodes))


class Group:
    """Places asked for together; what lies above them is gathered when first needed.

    ``like``: a group to begin with, if it suits.
    """

    def __init__(self, places: OnRoad, hierarchy: Hierarchy, like: Group | None = None) -> None:
        self.places = places
        self._hierarchy = hierarchy
        self._ends: Reach | None = like._ends if like else None
        self._begins: Reach | None = like._begins if like else None
        self._has_ends = self._has_begins = False

    def __len__(self) -> int:
        return len(self.places.snap_m)

    def resembles(self, places: OnRoad) -> bool:
        """Whether a group of ``places`` would best begin with this one."""
        one, other = self._ends, self._begins
        if one is not None:
            return one.suits(places.ends.node, len(places.snap_m))
        return other is not None and other.suits(places.begins.node, len(places.snap_m))

    def above_ends(self) -> Above:
        """For sweeps to the places."""
        tree = self._hierarchy
        if not self._has_ends:
            self._ends = self._grown(tree.down, self.places.ends.node, self._ends)
            self._has_ends = True
        assert self._ends is not None
        return self._ends.above

    def above_begins(self) -> Above:
        """For sweeps against the traffic: from the places."""
        tree = self._hierarchy
        if not self._has_begins:
            self._begins = self._grown(tree.up, self.places.begins.node, self._begins)
            self._has_begins = True
        assert self._begins is not None
        return self._begins.above

    def _grown(self, ways: Ways, nodes: Int32, known: Reach | None) -> Reach:
        if known is not None and known.suits(nodes, len(self)):
            new = np.count_nonzero(known.above.number[nodes] == 0)
            whole = above(ways, self._hierarchy.parent, nodes, known.above)
            return Reach(whole, known.places + int(new))
        return Reach(above(ways, self._hierarchy.parent, nodes), len(self))


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
        self._number_of: dict[Location, int] = {}
        self._known = _NOWHERE

    def group(self, places: Sequence[Location]) -> Group:
        """``places`` on the road; at once for a tuple that was asked for lately."""
        with self._lock:
            known = self._groups.get(id(places))
            if known is not None:
                self._groups.move_to_end(id(places))
                return known[1]
            group = self._made(places)
            if isinstance(places, tuple):
                self._groups[id(places)] = (places, group)
                if len(self._groups) > _REMEMBERED_TUPLES:
                    self._groups.popitem(last=False)
            return group

    def _made(self, places: Sequence[Location]) -> Group:
        on_road = self._on_road(places)
        remembered = (group for _, group in reversed(self._groups.values()))
        like = next((group for group in remembered if group.resembles(on_road)), None)
        return Group(on_road, self._hierarchy, like)

    def _on_road(self, places: Sequence[Location]) -> OnRoad:
        numbers = list(map(self._number_of.get, places))
        if None in numbers:
            if not self._learned(places):
                return self._put(places)
            numbers = list(map(self._number_of.get, places))
        return _picked(self._known, np.array(numbers, dtype=np.int64))

    def _learned(self, places: Sequence[Location]) -> bool:
        """Puts those on the road that are not known; False when there are too many."""
        new = [place for place in dict.fromkeys(places) if place not in self._number_of]
        if len(self._number_of) + len(new) > self._most_places:
            self._known, self._number_of = _NOWHERE, {}
            new = list(dict.fromkeys(places))
            if len(new) > self._most_places:
                return False
        self._known = _chained(self._known, self._put(new))
        self._number_of.update(zip(new, count(len(self._number_of)), strict=False))
        return True

    def _put(self, places: Sequence[Location]) -> OnRoad:
        snapped = snap(self._graph, places)
        rank = self._hierarchy.rank
        ends = Ends(snapped.first, rank[snapped.node], snapped.offset)
        arc, arcs = _spread(self._first_arc, snapped.node)
        before = np.concatenate([[0], np.cumsum(arcs)]).astype(np.int32)
        cost = self._graph.weight[arc] - np.repeat(snapped.offset, arcs)
        begins = Ends(before[snapped.first], rank[self._graph.head[arc]], cost)
        return OnRoad(ends, begins, snapped.snap_m)


def _spread(first: Int32, which: NDArray[np.integer]) -> tuple[NDArray[np.int64], Int32]:
    """Where the entries of rows ``which`` stand when row r has those from ``first[r]`` to
    ``first[r + 1]``, and how many each has."""
    begin, entries = first[which], first[which + 1] - first[which]
    last = np.cumsum(entries, dtype=np.int64)
    total = int(last[-1]) if len(last) else 0
    return np.arange(total) + np.repeat(begin - (last - entries), entries), entries


def _picked(known: OnRoad, numbers: NDArray[np.int64]) -> OnRoad:
    ends, begins = (_rows(of, numbers) for of in (known.ends, known.begins))
    return OnRoad(ends, begins, known.snap_m[numbers])


def _rows(of: Ends, numbers: NDArray[np.int64]) -> Ends:
    entry, entries = _spread(of.first, numbers)
    first = np.concatenate([[0], np.cumsum(entries)]).astype(np.int32)
    return Ends(first, of.node[entry], of.cost[entry])


def _chained(one: OnRoad, two: OnRoad) -> OnRoad:
    ends, begins = (
        Ends(
            np.concatenate([a.first, b.first[1:] + a.first[-1]]),
            np.concatenate([a.node, b.node]),
            np.concatenate([a.cost, b.cost]),
        )
        for a, b in ((one.ends, two.ends), (one.begins, two.begins))
    )
    return OnRoad(ends, begins, np.concatenate([one.snap_m, two.snap_m]))
