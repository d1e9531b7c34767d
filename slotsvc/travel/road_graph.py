"""A map's road graph in one compact file: what the road engine drives on and snaps to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slotsvc.travel.array_file import read_arrays, write_arrays

ROAD_GRAPH_FORMAT = 2
NO_NODE = -1


# Columns of ``RoadGraph.segments``.
FORWARD = 0
"""The edge-based node that drives the segment from its first end to its second, or ``NO_NODE``."""
REVERSE = 1
"""The one that drives it back, or ``NO_NODE``."""
FROM = 2
"""Longitude of the first end, then latitude, in millionths of a degree."""
TO = 4
"""Longitude of the second end, then latitude."""
POSITION = 6
"""Grows along the stretch of road."""
BEFORE = 7
"""Deciseconds from the beginning of the node ``FORWARD`` to the segment, then along it."""
ALONG = 8
BEFORE_BACK = 9
"""The same for the node ``REVERSE``."""
ALONG_BACK = 10
CUT_OFF = 11
"""1 on a road cut off from the network."""
SEGMENT_COLUMNS = 12


@dataclass(frozen=True, slots=True, eq=False)
class RoadGraph:
    """A directed graph of n edge-based nodes (a stretch of road in one direction) and A arcs.

    ``tail``, ``head``: int32 (A,), sorted. ``weight``: int32 (A,), deciseconds of driving all of
    the tail and turning into the head. ``node_at``: int32 (n, 2), longitude and latitude of a point
    in the middle of each node, in millionths of a degree.

    ``segments``: int32 (S, 12), the straight pieces of road, in OSRM's order; the columns are named
    above. ``northing``: float64 (S, 2), the latitudes of their ends in the Mercator projection, in
    degrees. The tree over them (``road_tree``): ``boxes``: int32 (B, 4), west, east, south, north
    of each node in millionths of a projected degree, root first. ``levels``: int32, where each
    level of nodes begins, leaves last, and B.
    """

    map_id: str
    osrm_version: str
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    weight: NDArray[np.int32]
    node_at: NDArray[np.int32]
    segments: NDArray[np.int32]
    northing: NDArray[np.float64]
    boxes: NDArray[np.int32]
    levels: NDArray[np.int32]

    @property
    def node_count(self) -> int:
        """n."""
        return len(self.node_at)

    def save(self, path: Path) -> None:
        """Write the file ``load`` reads."""
        identity = {**_format(self.map_id), "osrm_version": self.osrm_version}
        arrays = {name: getattr(self, name) for name in _OWN}
        write_arrays(path, identity, arrays)

    @classmethod
    def load(cls, path: Path, map_id: str, osrm_version: str) -> RoadGraph:
        """The graph in ``path``, mapped read-only.

        Raises ``ArrayFileError``: missing, damaged, of another map, format or engine version.
        """
        identity = {**_format(map_id), "osrm_version": osrm_version}
        arrays = read_arrays(path, identity)
        return cls(
            map_id=map_id,
            osrm_version=osrm_version,
            **{name: arrays[name] for name in _OWN},
        )


_OWN = ("tail", "head", "weight", "node_at", "segments", "northing", "boxes", "levels")


def _format(map_id: str) -> dict[str, str | int]:
    return {"kind": "road graph", "format": ROAD_GRAPH_FORMAT, "map_id": map_id}
