"""The made-up town of ``slotsvc.travel.lattice`` as a map's directory, without OSRM's files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from slotsvc.domain.place import Location
from slotsvc.travel.hierarchy_build import hierarchy_of
from slotsvc.travel.lattice import MAP_ID, VERSION, lattice
from slotsvc.travel.map_info import (
    BoundingBox,
    MapCounts,
    MapFiles,
    MapInfo,
    MapMeasurements,
)


def lattice_map(directory: Path, *, side: int = 4, map_id: str = MAP_ID) -> MapFiles:
    """Writes ``map.json``, the road graph and its hierarchy."""
    files = MapFiles(directory)
    graph = replace(lattice(side), map_id=map_id)
    graph.save(files.graph)
    hierarchy_of(graph).save(files.hierarchy, map_id, VERSION)
    lattice_info(map_id).save(files.info)
    return files


def lattice_info(map_id: str = MAP_ID) -> MapInfo:
    """What ``map.json`` says of it."""
    return MapInfo(
        map_id=map_id,
        name="lattice",
        built_at=datetime(2026, 1, 1, tzinfo=UTC),
        bounding_box=BoundingBox(0.0, 0.0, 0.005, 0.005),
        anchor=Location(0.001, 0.001),
        counts=MapCounts(24, 0, 0, 0),
        measurements=MapMeasurements(16, 0.0, 0, 12.5),
        osrm_version=VERSION,
        extract_sha256="0",
        profile_sha256="0",
    )
