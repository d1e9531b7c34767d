"""Places on the ground."""

from __future__ import annotations

import math

import pytest

from slotsvc.domain.place import Location, great_circle_m


def test_places_within_a_tenth_of_a_metre_are_equal() -> None:
    """Degrees are rounded to six decimals, so that the same place from two sources is one."""
    assert Location(43.7384176, 7.4246158) == Location(43.7384181, 7.4246162)


@pytest.mark.parametrize(
    ("lat", "lon", "said"),
    [
        (math.nan, 0.0, "latitude"),
        (90.1, 0.0, "latitude"),
        (-math.inf, 0.0, "latitude"),
        (0.0, math.nan, "longitude"),
        (0.0, 180.1, "longitude"),
        (0.0, math.inf, "longitude"),
    ],
)
def test_impossible_places_are_refused(lat: float, lon: float, said: str) -> None:
    """Coordinates that are not on the earth are no place."""
    with pytest.raises(ValueError, match=said):
        Location(lat, lon)


def test_great_circle_distance() -> None:
    """A degree of latitude is 111.2 km everywhere, half way round the earth is 20,015 km."""
    assert great_circle_m(Location(0, 0), Location(1, 0)) == pytest.approx(111_195, abs=1)
    assert great_circle_m(Location(45, 7), Location(46, 7)) == pytest.approx(111_195, abs=1)
    assert great_circle_m(Location(0, 0), Location(0, 180)) == pytest.approx(20_015_115, abs=1)
    assert great_circle_m(Location(43.7, 7.4), Location(43.7, 7.4)) == 0
