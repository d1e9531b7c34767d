from __future__ import annotations

from slotsvc.domain.place import Location
from slotsvc.travel.nearby_places import NearbyPlaces
from slotsvc.travel.osm_extract import NamedPlace

TOWN = NamedPlace("Town", "town", Location(43.0, 7.0))
QUARTER = NamedPlace("Quarter", "suburb", Location(43.01, 7.0))
VILLAGE = NamedPlace("Village", "village", Location(43.03, 6.999))
NEARBY = NearbyPlaces([TOWN, QUARTER, VILLAGE])


def test_the_nearest_place_of_any_kind_names_the_area() -> None:
    """A quarter next door is a better hint than the town's centre."""
    assert NEARBY.nearest(Location(43.009, 7.001)) == "Quarter"
    assert NEARBY.nearest(Location(43.029, 6.99)) == "Village"


def test_towns_are_listed_nearest_first() -> None:
    """Quarters are no towns; the count is a limit."""
    assert NEARBY.towns(Location(43.01, 7.0)) == ["Town", "Village"]
    assert NEARBY.towns(Location(43.01, 7.0), count=1) == ["Town"]


def test_far_away_there_is_no_hint() -> None:
    """Beyond five kilometres nothing is said."""
    assert NEARBY.nearest(Location(43.2, 7.0)) is None
    assert NEARBY.towns(Location(43.2, 7.0)) == []
