"""Where the benchmark's teams drive: sites of a real map and the driving between all of them.

Real roads come from a compiled map (``slotsvc map build``) through the OSRM adapter; the table is
kept in the temporary directory, so the second run starts at once.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import UNREACHABLE
from slotsvc.solver.instance import Int32
from slotsvc.travel.data import demo_extract
from slotsvc.travel.map_build import build_map
from slotsvc.travel.map_info import MAX_SNAP_M, MapFiles, MapInfo
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.osrm_process import OsrmProcess

MOST_SITES = 4000
"""The full table of so many is 64 MB. Larger teams visit some sites more than once."""

JITTER = 0.0005
"""Degrees, about 50 m: sites lie beside the addresses of the map, not on them."""

KEPT_IN = Path(tempfile.gettempdir()) / "slotsvc-bench"


@dataclass(frozen=True, slots=True)
class Town:
    """``seconds``: int32 (sites, sites), driving rounded up; every site is reached from every other
    one. ``source``: where the driving comes from, for the output."""

    source: str
    sites: tuple[Location, ...]
    seconds: Int32


def plane(count: int, seed: int) -> Town:
    """A town without a map: random places, detours, "uphill is slower"; metric, not symmetric."""
    spots = np.random.default_rng(seed).random((count, 2)) * 2400
    height = np.sin(spots[:, 0] / 500) + np.cos(spots[:, 1] / 700)
    gap = np.linalg.norm(spots[:, None, :] - spots[None, :, :], axis=2)
    driving = (gap * 1.3 + 12 * (height[None, :] - height[:, None]) + 60) * (gap > 0)
    sites = tuple(Location(45 + y / 1e5, 5 + x / 1e5) for x, y in spots)
    return Town("synthetic", sites, np.ceil(driving).astype(np.int32))


def roads(directory: Path, count: int, seed: int) -> Town:
    """Sites beside the addresses of a compiled map, joined by its roads. Main thread only."""
    files = MapFiles(directory)
    info = MapInfo.load(files.info)
    kept = KEPT_IN / f"town-{info.map_id}-{count}-{seed}.npz"
    if not kept.exists():
        KEPT_IN.mkdir(parents=True, exist_ok=True)
        places = _candidates(files, count + count // 4, random.Random(seed))
        chosen, seconds = _connected(*asyncio.run(_table(files, info, places)), count)
        spots = np.array([[places[i].lat, places[i].lon] for i in chosen])
        scratch = kept.with_suffix(".part.npz")
        np.savez(scratch, spots=spots, seconds=seconds)
        scratch.replace(kept)
    with np.load(kept) as known:
        sites = tuple(Location(lat, lon) for lat, lon in known["spots"].tolist())
        return Town(f"{info.name} (map {info.map_id})", sites, known["seconds"])


def chosen_town(map_dir: Path | None, synthetic: bool, count: int, seed: int) -> Town:
    """The town of the options: a compiled map, no map, or the packaged demo town's roads."""
    sites = min(count, MOST_SITES)
    if synthetic:
        return plane(sites, seed)
    return roads(map_dir or demo_map(), sites, seed)


def demo_map() -> Path:
    target = KEPT_IN / "riviera"
    build_map(demo_extract(), target, progress=lambda _stage, _share: None)
    return target


def _candidates(files: MapFiles, count: int, chance: random.Random) -> list[Location]:
    with sqlite3.connect(f"file:{files.addresses}?mode=ro", uri=True) as index:
        found = index.execute("SELECT lat, lon FROM entry ORDER BY id").fetchall()
    beside = (
        Location(lat + chance.uniform(-JITTER, JITTER), lon + chance.uniform(-JITTER, JITTER))
        for lat, lon in (chance.choice(found) for _ in range(4 * count))
    )
    return list(dict.fromkeys(beside))[:count]


async def _table(
    files: MapFiles, info: MapInfo, places: list[Location]
) -> tuple[Int32, np.ndarray]:
    """The driving between all places, and which of them lie at a road."""
    child = OsrmProcess(files.roads, map_id=info.map_id)
    await child.start_in_loop()
    try:
        engine = OsrmTravelTimes(
            child.base_url,
            info.map_id,
            data_version=info.map_id,
            anchor=info.anchor,
            timeout_s=120.0,
            max_in_flight=2,
            max_cells=1_000_000,
        )
        table = await engine.table(places, places)
        return table.seconds, table.source_snap_m <= MAX_SNAP_M
    finally:
        child.stop()


def _connected(seconds: Int32, at_road: np.ndarray, count: int) -> tuple[list[int], Int32]:
    """The first ``count`` places from which and to which every other one can be driven."""
    good = np.flatnonzero(at_road)
    block = seconds[np.ix_(good, good)] < UNREACHABLE
    fine = good[(block.mean(axis=0) > 0.5) & (block.mean(axis=1) > 0.5)][:count]
    chosen = seconds[np.ix_(fine, fine)]
    if fine.size < count or (chosen >= UNREACHABLE).any():
        raise SystemExit(f"the map has only {fine.size} connected places, {count} are wanted")
    return [int(i) for i in fine], chosen


def described(town: Town) -> str:
    """One line about the driving, for the output."""
    off = town.seconds[~np.eye(len(town.sites), dtype=np.bool_)]
    facts = {"sites": len(town.sites), "median_drive_s": int(np.median(off))}
    return f"{town.source} {json.dumps(facts)}"
