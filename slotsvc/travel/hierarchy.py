"""A road graph's contraction hierarchy, kept in a file beside the graph.

``hierarchy_build.hierarchy_of`` makes one, ``hierarchy_sweep`` asks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slotsvc.travel.array_file import read_arrays, write_arrays

Int32 = NDArray[np.int32]

HIERARCHY_FORMAT = 1


class Ways(NamedTuple):
    """The arcs of one direction that shortest ways need. ``first`` (n + 1,): where those of each
    node begin in ``upper``, the higher end, and ``weight``."""

    first: Int32
    upper: Int32
    weight: Int32


@dataclass(frozen=True, slots=True, eq=False)
class Hierarchy:
    """``rank`` (n,): of each node of the graph; everything else is numbered by rank.

    ``parent`` (n,): the elimination tree, -1 at roots. ``up``, ``down``: the arcs from a node to
    higher ones, and to a node from higher ones, weighted.
    """

    rank: Int32
    parent: Int32
    up: Ways
    down: Ways

    def save(self, path: Path, map_id: str, osrm_version: str) -> None:
        """Write the file ``load`` reads."""
        arrays = {"rank": self.rank, "parent": self.parent}
        arrays |= {f"up.{name}": array for name, array in self.up._asdict().items()}
        arrays |= {f"down.{name}": array for name, array in self.down._asdict().items()}
        write_arrays(path, _identity(map_id, osrm_version), arrays)

    @classmethod
    def load(cls, path: Path, map_id: str, osrm_version: str) -> Hierarchy:
        """The hierarchy in ``path``, mapped read-only.

        Raises ``ArrayFileError``: missing, damaged, of another map, format or engine version.
        """
        arrays = read_arrays(path, _identity(map_id, osrm_version))
        up, down = (
            Ways(*(arrays[f"{way}.{name}"] for name in Ways._fields)) for way in ("up", "down")
        )
        return cls(arrays["rank"], arrays["parent"], up, down)


def _identity(map_id: str, osrm_version: str) -> dict[str, str | int]:
    return {
        "kind": "road hierarchy",
        "format": HIERARCHY_FORMAT,
        "map_id": map_id,
        "osrm_version": osrm_version,
    }
