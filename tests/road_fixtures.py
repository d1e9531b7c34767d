"""The demo town on the road engine, for tests of every package. Plain functions: wrap as fixtures.

``SLOTSVC_TEST_MAP_DIR`` names a directory where compiled maps stay between runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slotsvc.domain.place import Location
from slotsvc.travel.data import demo_extract
from slotsvc.travel.map_build import build_map
from slotsvc.travel.map_info import MapFiles, MapInfo
from slotsvc.travel.osrm_process import OsrmProcess

CASINO = Location(43.739190, 7.427790)
PORT_HERCULE = Location(43.735010, 7.421340)
FONTVIEILLE = Location(43.729850, 7.416300)
LARVOTTO = Location(43.747050, 7.436700)
BEAUSOLEIL = Location(43.743600, 7.424500)
LA_TURBIE = Location(43.745350, 7.401170)
ROQUEBRUNE = Location(43.762600, 7.463000)
TOWN = (CASINO, PORT_HERCULE, FONTVIEILLE, LARVOTTO, BEAUSOLEIL, LA_TURBIE, ROQUEBRUNE)
FAR_OUT_AT_SEA = Location(43.600000, 7.600000)


@dataclass(frozen=True)
class CompiledMap:
    """A compiled map and where it is."""

    files: MapFiles
    info: MapInfo


@dataclass(frozen=True)
class RunningRoads:
    """A road engine that answers at ``base_url``."""

    base_url: str
    info: MapInfo
    process: OsrmProcess


def compiled_demo_map(scratch: Path) -> CompiledMap:
    """Compile the packaged extract below ``scratch``, or reuse the one of an earlier run."""
    kept = os.environ.get("SLOTSVC_TEST_MAP_DIR")
    directory = (Path(kept) if kept else scratch) / "riviera"
    info = build_map(demo_extract(), directory, progress=lambda _stage, _fraction: None)
    return CompiledMap(MapFiles(directory), info)


@contextmanager
def running_roads(compiled: CompiledMap) -> Iterator[RunningRoads]:
    """An engine on ``compiled`` for the length of the block. Main thread only."""
    process = OsrmProcess(compiled.files.roads, map_id=compiled.info.map_id)
    process.start()
    try:
        yield RunningRoads(process.base_url, compiled.info, process)
    finally:
        process.stop()
