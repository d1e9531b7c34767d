"""The packaged town, Monaco and the Riviera, compiled once and kept."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from slotsvc.cli.failure import CommandError
from slotsvc.cli.progress import staged
from slotsvc.cli.words import sentence

if TYPE_CHECKING:
    from slotsvc.travel.map_info import MapInfo

PACKAGED = "riviera"


def user_cache() -> Path:
    """Where compiled maps are kept between demos."""
    return Path.home() / ".cache" / "slotsvc" / "maps"


def packaged_town(maps: Path, *, quiet: bool = False) -> Path:
    """Directory of the compiled town inside ``maps``; compiled there when missing or outdated.

    Progress goes to stderr when there is something to compile and not ``quiet``. Raises
    ``CommandError``.
    """
    from slotsvc.travel.data import demo_extract
    from slotsvc.travel.map_build import build_map, map_id_of
    from slotsvc.travel.map_info import MapError

    target, pbf = maps / PACKAGED, demo_extract()
    known = compiled_map(target)
    current = known and known.map_id == map_id_of(hashlib.sha256(pbf.read_bytes()).hexdigest())
    try:
        with staged("Compiling the packaged town", quiet=quiet or bool(current)) as told:
            build_map(pbf, target, progress=told)
    except MapError as error:
        raise CommandError(sentence(f"The packaged map was not built: {error}"), "MAP") from None
    return target


def compiled_map(directory: Path) -> MapInfo | None:
    """What is known of a compiled map; None when there is none, or not a whole one."""
    from slotsvc.travel.map_info import MapError, MapFiles, MapInfo

    try:
        return MapInfo.load(MapFiles(directory).info)
    except MapError:
        return None
