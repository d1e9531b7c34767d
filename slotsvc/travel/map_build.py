"""``build_map``: from an OpenStreetMap extract to a directory the service can drive on."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time

from slotsvc.travel.address_index import ADDRESS_INDEX_VERSION, build_address_index
from slotsvc.travel.car_profile import car_profile_sha256, write_car_profile
from slotsvc.travel.map_compile import compile_roads
from slotsvc.travel.map_info import MapCounts, MapError, MapFiles, MapInfo
from slotsvc.travel.map_measure import measure_map
from slotsvc.travel.osm_extract import box_around, read_extract
from slotsvc.travel.osrm_wheel import osrm_version
from slotsvc.travel.road_build import complete_roads

Progress = Callable[[str, float], None]
"""Hears (stage, fraction of the whole build so far, 0 to 1, never falling). Stages in order:
``read``, ``roads``, ``addresses``, ``measure``, ``done``."""

_SHARES = {"read": (0.0, 0.1), "roads": (0.1, 0.85), "addresses": (0.85, 0.9)}
_SHARES |= {"measure": (0.9, 1.0), "done": (1.0, 1.0)}
_SURELY_DEAD_AFTER_S = 86_400.0
_BYTES_PER_EXTRACT_BYTE = 40
"""Disk a build takes for each byte of the extract, with room to spare (Porto: 30)."""


def build_map(
    pbf: Path, out_dir: Path, *, progress: Progress, threads: int | None = None
) -> MapInfo:
    """Compile ``pbf`` into ``out_dir`` (see ``MapFiles``) and return what is known of it.

    If ``out_dir`` holds the same map already, that is returned at once (what the road engine lacks
    is made first). Otherwise the map is built beside it and put in its place when complete, so that
    a reader sees the old map or the new one.
    ``threads``: for the compilers, None for one per core.

    Raises ``MapError``: no such file, not an extract, no roads in it, disk full, engine missing.
    Blocks; runs an event loop of its own at the end, so call it where none runs.
    """
    digest = _sha256(pbf)
    map_id = map_id_of(digest)
    if (known := _already_built(out_dir, map_id)) is not None:
        with _clear_errors():
            complete_roads(MapFiles(out_dir), map_id, known.osrm_version)
        progress("done", 1.0)
        return known
    with _clear_errors(), _built_aside(out_dir, pbf.stat().st_size) as files:
        info = _build(pbf, files, (map_id, digest), progress, threads or os.cpu_count() or 1)
    progress("done", 1.0)
    return info


def map_id_of(extract_sha256: str) -> str:
    """The id of the map this installation would compile from an extract: 16 hexadecimal digits."""
    parts = (extract_sha256, car_profile_sha256(), osrm_version(), str(ADDRESS_INDEX_VERSION))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _build(
    pbf: Path, files: MapFiles, identity: tuple[str, str], progress: Progress, threads: int
) -> MapInfo:
    map_id, digest = identity
    tell = _Telling(progress)
    tell.at("read", 0.0)
    extract = read_extract(pbf)
    if not extract.road_ways:
        raise MapError(f"{pbf.name} holds no road a car may use")
    write_car_profile(files.profile)
    compile_roads(pbf, files, map_id, threads, lambda part: tell.at("roads", part))
    complete_roads(files, map_id, osrm_version())
    tell.at("addresses", 0.0)
    counts = build_address_index(extract, files.addresses)
    tell.at("measure", 0.0)
    anchor, measurements = measure_map(files.roads, map_id, extract.road_points, extract.top_kmh)
    info = MapInfo(
        map_id=map_id,
        name=pbf.name.removesuffix(".pbf").removesuffix(".osm"),
        built_at=datetime.fromtimestamp(int(time()), UTC),
        bounding_box=extract.bounding_box or box_around(extract.road_points),
        anchor=anchor,
        counts=MapCounts(extract.road_ways, *counts),
        measurements=measurements,
        osrm_version=osrm_version(),
        extract_sha256=digest,
        profile_sha256=car_profile_sha256(),
    )
    info.save(files.info)
    return info


class _Telling:
    """Turns a stage's own fraction into one of the whole that never falls."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._told = 0.0

    def at(self, stage: str, part: float) -> None:
        low, high = _SHARES[stage]
        self._told = max(self._told, low + (high - low) * part)
        self._progress(stage, self._told)


def _sha256(pbf: Path) -> str:
    try:
        with pbf.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MapError(f"{pbf} cannot be read: {error.strerror}") from None


def _already_built(out_dir: Path, map_id: str) -> MapInfo | None:
    files = MapFiles(out_dir)
    try:
        info = MapInfo.load(files.info)
    except MapError:
        return None
    complete = files.addresses.exists() and files.roads.with_suffix(".osrm.hsgr").exists()
    return info if complete and info.map_id == map_id else None


@contextmanager
def _built_aside(out_dir: Path, extract_bytes: int) -> Iterator[MapFiles]:
    """A directory beside ``out_dir`` that takes its place when the block ends well."""
    _require_map_or_nothing(out_dir)
    # often the service's own directory, which is nobody else's business
    out_dir.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep_killed_builds(out_dir)
    free = shutil.disk_usage(out_dir.parent).free
    if free < extract_bytes * _BYTES_PER_EXTRACT_BYTE:
        raise OSError(errno.ENOSPC, "not enough space")
    aside = Path(tempfile.mkdtemp(prefix=f".{out_dir.name}.building-", dir=out_dir.parent))
    try:
        aside.chmod(0o755)
        yield MapFiles(aside)
        _put_in_place(aside, out_dir)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _require_map_or_nothing(out_dir: Path) -> None:
    if out_dir.exists() and not out_dir.is_dir():
        raise MapError(f"{out_dir} is a file; name a directory for the map")
    if out_dir.exists() and any(out_dir.iterdir()) and not MapFiles(out_dir).info.exists():
        raise MapError(f"{out_dir} holds something that is not a map; it is left alone")


def _sweep_killed_builds(out_dir: Path) -> None:
    """Remove what builds of this map left that were killed; a running one writes all the time."""
    for left in out_dir.parent.glob(f".{out_dir.name}.building-*"):
        if time() - left.stat().st_mtime > _SURELY_DEAD_AFTER_S:
            shutil.rmtree(left, ignore_errors=True)


def _put_in_place(built: Path, out_dir: Path) -> None:
    if not out_dir.exists():
        built.rename(out_dir)
        return
    old = built.with_name(f"{built.name}.old")
    out_dir.rename(old)
    built.rename(out_dir)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise MapError("no space left on the disk for the compiled map") from None
        raise MapError(f"the map cannot be written: {error.strerror or error}") from None
