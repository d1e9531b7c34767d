"""The road graph that ``osrm-extract`` wrote, read from its files.

OSRM's files have no published layout: this one is of the versions in ``LAYOUTS`` and no other. Each
file is a tar archive of plain little-endian arrays, but for ``.fileIndex``, one array of segments.

Words: an *edge-based node* is a stretch of road driven in one direction; an *arc* leads from one to
the next over a turn; a *segment* is a straight piece of a stretch, between two road points.
"""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slotsvc.travel.map_info import MapError, MapFiles
from slotsvc.travel.road_graph import FROM, NO_NODE, SEGMENT_COLUMNS, RoadGraph
from slotsvc.travel.road_tree import tree_of

LAYOUTS = {"26.10.0": bytes.fromhex("4f5352501a0a0001010847")}
"""The fingerprint in each file, by version of the ``osrm-bindings`` wheel that wrote it."""

_ARC = np.dtype(
    {
        "names": ["tail", "head", "turn", "weight", "metres", "duration"],
        "formats": ["<u4", "<u4", "<u4", "<i4", "<f4", "<u4"],
    }
)
_SEGMENT = np.dtype(
    {
        "names": ["forward", "reverse", "u", "v", "position", "unused"],
        "formats": ["<u4", "<u4", "<u4", "<u4", "<u2", "<u2"],
    }
)
_FLAG = np.uint32(1 << 31)
_WEIGHT_BITS = 22
_CLOSED = (1 << _WEIGHT_BITS) - 1
"""Weight of a segment nobody may drive in this direction."""
_FORWARD_ONLY = np.uint32(1)
_DURATION_BITS = np.uint32(30)
_START_BIT = np.uint16(1 << 15)


def read_osrm_graph(files: MapFiles, map_id: str, version: str) -> RoadGraph:
    """The graph of the compiled map in ``files``, which version ``version`` of the wheel wrote.

    Raises ``MapError`` for a version of another layout, for files that contradict each other, and
    for a profile whose weight is not the duration.
    """
    if version not in LAYOUTS:
        raise MapError(f"the graph files of osrm-bindings {version} are not known")
    try:
        return _Reader(files.roads, LAYOUTS[version]).graph(map_id, version)
    except (OSError, KeyError, tarfile.TarError, ValueError) as error:
        raise MapError(f"the compiled roads cannot be read: {error}") from None


class _Reader:
    """Reads the files beside ``roads`` that carry ``fingerprint``."""

    def __init__(self, roads: Path, fingerprint: bytes) -> None:
        self._roads = roads
        self._fingerprint = fingerprint

    def graph(self, map_id: str, version: str) -> RoadGraph:
        """All of it, checked."""
        nodes = self._array(".ebg_nodes", "common/ebg_node_data/nodes", "<u4").reshape(-1, 3)
        tail, head, weight = self._arcs(len(nodes))
        segments, node_at = self._segments(nodes)
        if not len(segments):
            raise MapError("the compiled roads hold none a place can be put on")
        northing, boxes, levels = tree_of(segments[:, FROM : FROM + 4])
        return RoadGraph(
            map_id=map_id,
            osrm_version=version,
            tail=tail,
            head=head,
            weight=weight,
            node_at=node_at,
            segments=segments,
            northing=northing,
            boxes=boxes,
            levels=levels,
        )

    def _array(self, suffix: str, member: str, dtype: str | np.dtype[Any]) -> NDArray[Any]:
        with tarfile.open(f"{self._roads}{suffix}") as archive:
            first = archive.next()
            if first is None or _content(archive, first.name) != self._fingerprint:
                raise MapError(f"{self._roads.name}{suffix} is of another version of the engine")
            # Most member names begin with a slash.
            name = next(n for n in archive.getnames() if n.lstrip("/") == member)
            return np.frombuffer(_content(archive, name), dtype=dtype)

    def _arcs(self, n_nodes: int) -> tuple[NDArray[np.int32], ...]:
        """Tail, head and weight of each arc: driving all of the tail, and the turn."""
        arcs = self._array(".ebg", "common/edge_based_edge_list", _ARC)
        flags = arcs["duration"] >> _DURATION_BITS
        if (flags != _FORWARD_ONLY).any() or (arcs["weight"] < 1).any():
            raise MapError("the road graph has arcs of an unknown kind")
        if (arcs["duration"] & np.uint32((1 << 30) - 1) != arcs["weight"]).any():
            raise MapError("the profile's weight is not the duration")
        if len(arcs) and max(arcs["tail"].max(), arcs["head"].max()) >= n_nodes:
            raise MapError("the road graph names a road it does not hold")
        order = np.lexsort((arcs["head"], arcs["tail"]))
        tail, head, weight = (arcs[name][order] for name in ("tail", "head", "weight"))
        return tail.astype(np.int32), head.astype(np.int32), weight.astype(np.int32)

    def _segments(self, nodes: NDArray[np.uint32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The segments a place can be put on, and the middle of each edge-based node."""
        found = np.fromfile(f"{self._roads}.fileIndex", dtype=_SEGMENT)
        if not ((found["forward"] & _FLAG) != 0).all():
            raise MapError("the road index has segments of an unknown kind")
        geometry = _Geometry(self, nodes[:, 0])
        at = self._array(".nbg_nodes", "common/nbn_data/coordinates", "<i4").reshape(-1, 2)
        forward = (found["forward"] ^ _FLAG).astype(np.int64)
        reverse = (found["reverse"] & ~_FLAG).astype(np.int64)
        position = (found["position"] & ~_START_BIT).astype(np.int64)
        geometry.require_all(forward)
        before, along = geometry.ahead(forward, position)
        before_back, along_back = geometry.back(forward, position)
        starts = (found["position"] & _START_BIT) != 0
        both_ways = (found["reverse"] & _FLAG) != 0
        cut_off = (nodes[forward, 1] & _FLAG) != 0
        ahead = np.where(starts & (along != _CLOSED), forward, NO_NODE)
        back = np.where(starts & both_ways & (along_back != _CLOSED), reverse, NO_NODE)
        columns = [ahead, back, *at[found["u"]].T, *at[found["v"]].T, position, before, along]
        segments = np.stack([*columns, before_back, along_back, cut_off], axis=1, dtype=np.int64)
        assert segments.shape[1] == SEGMENT_COLUMNS
        return segments.astype(np.int32), at[geometry.middle()].astype(np.int32)


class _Geometry:
    """Weights of the segments of each stretch of road, in both directions.

    A stretch of k segments has 2 k points: between two segments lies one of no length, for what a
    traffic light or the like costs.
    """

    def __init__(self, reader: _Reader, geometry: NDArray[np.uint32]) -> None:
        self._of_node = (geometry & ~_FLAG).astype(np.int64)
        index = reader._array(".geometry", "common/segment_data/index", "<u4")
        self._index = index.astype(np.int64)
        self._points = reader._array(".geometry", "common/segment_data/nodes", "<u4")
        count = len(self._points)
        forward, reverse = (
            _unpacked(reader._array(".geometry", f"common/segment_data/{name}/packed", "u1"), count)
            for name in ("forward_weights", "reverse_weights")
        )
        self._forward, self._reverse = forward, reverse
        self._forward_sum, self._reverse_sum = _sums(forward), _sums(reverse)

    def require_all(self, node: NDArray[np.int64]) -> None:
        """Raise ``MapError`` unless ``node``, of each segment, names all stretches in full."""
        lengths = np.diff(self._index)
        segments = np.bincount(node, minlength=len(self._of_node))
        found, named = segments > 0, np.zeros(len(lengths), dtype=np.bool_)
        named[self._of_node[found]] = True
        if not named.all() or (2 * segments[found] != lengths[self._of_node[found]]).any():
            raise MapError("the road index lacks roads")

    def ahead(
        self, node: NDArray[np.int64], position: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Driving forward: the weight of all segments before ``position``, and of that one."""
        # The first entry of each stretch is unused in this direction.
        first = self._index[self._of_node[node]] + 1
        here = first + position
        return self._forward_sum[here] - self._forward_sum[first], self._forward[here]

    def back(
        self, node: NDArray[np.int64], position: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Driving back: the weight of the segments that come before ``position``, and of it."""
        # The last entry of each stretch is unused in this direction.
        last = self._index[self._of_node[node] + 1] - 1
        here = self._index[self._of_node[node]] + position
        return self._reverse_sum[last] - self._reverse_sum[here + 1], self._reverse[here]

    def middle(self) -> NDArray[np.int64]:
        """A road point in the middle of each edge-based node."""
        first, end = self._index[self._of_node], self._index[self._of_node + 1]
        middle: NDArray[np.int64] = self._points[(first + end) // 2].astype(np.int64)
        return middle


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    assert member is not None
    return member.read()


def _unpacked(packed: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    """``count`` numbers of ``_WEIGHT_BITS`` bits, one after the other, lowest bit first."""
    padded = np.concatenate([packed, np.zeros(4, dtype=np.uint8)]).astype(np.uint32)
    first_bit = np.arange(count, dtype=np.int64) * _WEIGHT_BITS
    byte, shift = first_bit >> 3, (first_bit & 7).astype(np.uint32)
    word = sum((padded[byte + k] << np.uint32(8 * k) for k in range(1, 4)), start=padded[byte])
    unpacked: NDArray[np.int64] = ((word >> shift) & np.uint32(_CLOSED)).astype(np.int64)
    return unpacked


def _sums(weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum of the weights before each entry, and of all; closed segments count nothing."""
    drivable = np.where(weights == _CLOSED, 0, weights)
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(drivable)])
