"""What a compiled map keeps for the road engine in this process: a graph and a hierarchy."""

from __future__ import annotations

from slotsvc.travel.array_file import ArrayFileError
from slotsvc.travel.hierarchy import Hierarchy
from slotsvc.travel.map_info import MapFiles, MapInfo
from slotsvc.travel.road_graph import RoadGraph


def load_roads(files: MapFiles, info: MapInfo) -> tuple[RoadGraph, Hierarchy]:
    """Both, mapped from their files, read once to see that they are whole.

    Raises ``ArrayFileError``: missing, damaged, or of another map, format or OSRM version.
    """
    graph = RoadGraph.load(files.graph, info.map_id, info.osrm_version)
    hierarchy = Hierarchy.load(files.hierarchy, info.map_id, info.osrm_version)
    if len(hierarchy.rank) != graph.node_count:
        raise ArrayFileError(f"{files.hierarchy.name} is of another graph")
    return graph, hierarchy
