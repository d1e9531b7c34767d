"""Where the ``osrm-bindings`` wheel keeps its programs and profiles. Never imports the bindings."""

from __future__ import annotations

from functools import cache
from importlib import metadata, util
from pathlib import Path


class OsrmMissingError(Exception):
    """The road engine's programs are not installed beside this Python."""


@cache
def _package_dir() -> Path:
    # find_spec does not import the package: its extension would load threads we must not fork over.
    spec = util.find_spec("osrm")
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / "bin").is_dir():
            return Path(place)
    raise OsrmMissingError(
        "the road engine is not installed: pip install osrm-bindings "
        "(osrm-py and py-osrm-client use the same import name and must not be installed beside it)"
    )


def osrm_program(name: str) -> Path:
    """Path of one of the wheel's programs, e.g. ``osrm-routed``. Raises ``OsrmMissingError``."""
    program = _package_dir() / "bin" / name
    if not program.exists():
        raise OsrmMissingError(f"osrm-bindings is installed without {name}")
    return program


def osrm_profiles() -> Path:
    """Directory of the wheel's Lua profiles (``car.lua`` and its ``lib/``)."""
    return _package_dir() / "share" / "profiles"


def osrm_version() -> str:
    """Version of the installed engine; compiled maps belong to one version."""
    try:
        return metadata.version("osrm-bindings")
    except metadata.PackageNotFoundError as missing:
        raise OsrmMissingError("osrm-bindings is not installed") from missing
