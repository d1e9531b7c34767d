"""Making the files of the in-process road engine, once per map."""

from __future__ import annotations

from slotsvc.travel.array_file import ArrayFileError
from slotsvc.travel.hierarchy import Hierarchy
from slotsvc.travel.map_info import MapError, MapFiles
from slotsvc.travel.osrm_graph import read_osrm_graph
from slotsvc.travel.road_graph import RoadGraph


def complete_roads(files: MapFiles, map_id: str, version: str) -> None:
    """Make what is missing or damaged of the road engine's files of a compiled map.

    ``version``: of the engine that compiled it. When its files are not of the kind we can read the
    map has none of ours: it is driven on through OSRM only, and ``slotsvc doctor`` says so.
    """
    try:
        graph = RoadGraph.load(files.graph, map_id, version)
    except ArrayFileError:
        files.graph.unlink(missing_ok=True)
        files.hierarchy.unlink(missing_ok=True)
        try:
            read_osrm_graph(files, map_id, version).save(files.graph)
        except MapError:
            return
        graph = RoadGraph.load(files.graph, map_id, version)
    try:
        Hierarchy.load(files.hierarchy, map_id, version)
    except ArrayFileError:
        # Brings the compiler: only who builds pays for it.
        from slotsvc.travel.hierarchy_build import hierarchy_of

        hierarchy_of(graph).save(files.hierarchy, map_id, version)
