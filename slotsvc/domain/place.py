"""Places on the ground. Only the OSRM adapter ever writes longitude first."""

from __future__ import annotations

import math
from dataclasses import dataclass

EARTH_RADIUS_M = 6_371_008.8


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A WGS 84 point, degrees, rounded to 1e-6 (about 0.1 m) so that equal places compare equal.

    Raises ``ValueError`` for NaN, infinite or out-of-range coordinates.
    """

    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lat) and -90.0 <= self.lat <= 90.0):
            raise ValueError("latitude must be a number from -90 to 90")
        if not (math.isfinite(self.lon) and -180.0 <= self.lon <= 180.0):
            raise ValueError("longitude must be a number from -180 to 180")
        object.__setattr__(self, "lat", round(self.lat, 6))
        object.__setattr__(self, "lon", round(self.lon, 6))


def great_circle_m(a: Location, b: Location) -> float:
    """Great-circle distance in metres (haversine; Sinnott 1984)."""
    phi_a, phi_b = math.radians(a.lat), math.radians(b.lat)
    d_phi = phi_b - phi_a
    d_lam = math.radians(b.lon - a.lon)
    h = math.sin(d_phi / 2) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(d_lam / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(h))
