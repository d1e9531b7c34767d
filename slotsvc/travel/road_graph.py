"""A map's road graph in one compact file: what the road engine drives on and snaps to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slotsvc.travel.array_file import read_arrays, write_arrays

ROAD_GRAPH_FORMAT = 1
NO_NODE = -1


class Segments(NamedTuple):
    """The S straight pieces of road a place can be put on.

    ``forward``, ``reverse``: int32 (S,), the edge-based node that drives it from its first end to
    its second, and back; ``NO_NODE`` where nobody may. ``ends``: int32 (S, 4), longitude and
    latitude of the first and second end in millionths of a degree. ``position``: int32 (S,), how
    many segments of the stretch of road come before it. ``ahead``, ``back``: int32 (S, 2),
    deciseconds from the beginning of the edge-based node to the segment, and along it.
    ``tiny``: uint8 (S,), 1 on a road cut off from the network.
    """

    forward: NDArray[np.int32]
    reverse: NDArray[np.int32]
    ends: NDArray[np.int32]
    position: NDArray[np.int32]
    ahead: NDArray[np.int32]
    back: NDArray[np.int32]
    tiny: NDArray[np.uint8]


class SegmentGrid(NamedTuple):
    """Which segments may pass through each square of the map, in projected coordinates.

    ``frame``: int64 (5,), west and south edge and length of a square's side in millionths of a
    Mercator degree, columns, rows. ``first``: int32 (columns * rows + 1,), row by row from the
    south: where a square's entries begin in ``segment``, int32, numbers of segments.
    """

    frame: NDArray[np.int64]
    first: NDArray[np.int32]
    segment: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class RoadGraph:
    """A directed graph of n edge-based nodes (a stretch of road in one direction) and A arcs.

    ``tail``, ``head``: int32 (A,), sorted. ``weight``: int32 (A,), deciseconds of driving all of
    the tail and turning into the head. ``node_at``: int32 (n, 2), longitude and latitude of a point
    in the middle of each node, in millionths of a degree.
    """

    map_id: str
    osrm_version: str
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    weight: NDArray[np.int32]
    node_at: NDArray[np.int32]
    segments: Segments
    grid: SegmentGrid

    @property
    def node_count(self) -> int:
        """n."""
        return len(self.node_at)

    def save(self, path: Path) -> None:
        """Write the file ``load`` reads."""
        identity = {**_format(self.map_id), "osrm_version": self.osrm_version}
        arrays = {name: getattr(self, name) for name in _OWN}
        arrays |= {f"segments.{name}": a for name, a in self.segments._asdict().items()}
        arrays |= {f"grid.{name}": a for name, a in self.grid._asdict().items()}
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
            segments=Segments(*(arrays[f"segments.{name}"] for name in Segments._fields)),
            grid=SegmentGrid(*(arrays[f"grid.{name}"] for name in SegmentGrid._fields)),
            **{name: arrays[name] for name in _OWN},
        )


_OWN = ("tail", "head", "weight", "node_at")


def _format(map_id: str) -> dict[str, str | int]:
    return {"kind": "road graph", "format": ROAD_GRAPH_FORMAT, "map_id": map_id}
