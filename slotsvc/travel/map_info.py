"""What is known of a compiled map: ``map.json`` beside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from slotsvc.domain.place import Location

ATTRIBUTION = "© OpenStreetMap contributors"
LICENSE = "ODbL 1.0"
MAX_SNAP_M = 250.0
"""A place farther than this from the connected road network is off the map."""


class MapError(Exception):
    """A map cannot be built or read; the text says what to do about it."""


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """Degrees, edges included."""

    south: float
    west: float
    north: float
    east: float

    @property
    def center(self) -> Location:
        """The middle of the box."""
        return Location((self.south + self.north) / 2, (self.west + self.east) / 2)

    def contains(self, place: Location) -> bool:
        """Whether ``place`` is in the box or on its edge."""
        inside_lat = self.south <= place.lat <= self.north
        return inside_lat and self.west <= place.lon <= self.east


@dataclass(frozen=True, slots=True)
class MapCounts:
    """What was found in the extract."""

    road_ways: int
    streets: int
    house_numbers: int
    named_places: int


@dataclass(frozen=True, slots=True)
class MapMeasurements:
    """Facts measured on the compiled map by asking it for a table of places near its roads.

    ``sampled_places``: how many were within ``MAX_SNAP_M`` of the connected network.

    ``violation_share``: share of ordered triples (i, k, j) of different points where the way by k
    is quicker than the direct one, after rounding up to whole seconds.
    ``worst_violation_s``: by how many seconds at most; what a bound must give away to stay valid.
    ``top_speed_mps``: no journey of the map is faster, as the crow flies between the road points:
    the larger of the fastest sampled pair and the highest speed the profile gives to a road.
    """

    sampled_places: int
    violation_share: float
    worst_violation_s: int
    top_speed_mps: float


@dataclass(frozen=True, slots=True)
class MapInfo:
    """A compiled map. ``map_id`` is a hash of the extract, the profile and the engine's version:
    equal ids mean equal travel times. ``anchor``: a place on the large connected network."""

    map_id: str
    name: str
    built_at: datetime
    bounding_box: BoundingBox
    anchor: Location
    counts: MapCounts
    measurements: MapMeasurements
    osrm_version: str
    extract_sha256: str
    profile_sha256: str
    attribution: str = ATTRIBUTION
    license: str = LICENSE

    def save(self, path: Path) -> None:
        """Write as JSON."""
        values = asdict(self) | {"built_at": self.built_at.isoformat()}
        path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> MapInfo:
        """Read what ``save`` wrote. Raises ``MapError`` for anything else."""
        try:
            return _from_json(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise MapError(f"no compiled map here: {path.parent} (slotsvc map build)") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise MapError(f"{path} cannot be read ({error}); build the map again") from None


def _from_json(values: dict[str, Any]) -> MapInfo:
    return MapInfo(
        **values
        | {
            "built_at": datetime.fromisoformat(values["built_at"]),
            "bounding_box": BoundingBox(**values["bounding_box"]),
            "anchor": Location(**values["anchor"]),
            "counts": MapCounts(**values["counts"]),
            "measurements": MapMeasurements(**values["measurements"]),
        }
    )


@dataclass(frozen=True, slots=True)
class MapFiles:
    """Where the parts of a compiled map are in its directory."""

    directory: Path

    @property
    def info(self) -> Path:
        """``MapInfo`` as JSON."""
        return self.directory / "map.json"

    @property
    def roads(self) -> Path:
        """Base path of the engine's files: it adds ``.hsgr`` and so on."""
        return self.directory / "roads.osrm"

    @property
    def graph(self) -> Path:
        """The road graph of the in-process road engine (``RoadGraph``)."""
        return self.directory / "roads.graph"

    @property
    def hierarchy(self) -> Path:
        """What the road engine in this process needs besides the graph."""
        return self.directory / "roads.hierarchy"

    @property
    def addresses(self) -> Path:
        """The address index (SQLite)."""
        return self.directory / "addresses.sqlite"

    @property
    def profile(self) -> Path:
        """The Lua profile the roads were compiled with."""
        return self.directory / "profile.lua"
