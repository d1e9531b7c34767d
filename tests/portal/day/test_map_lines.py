"""A day's routes as GeoJSON."""

from __future__ import annotations

from collections.abc import Sequence

from slotsvc.portal.day.map_lines import MOST_PLACES, map_lines
from slotsvc.portal.day.rows import Place, technician_rows
from tests.portal.day.engine_day import KNOWN, at, off, route, stop

WORKDAY = at("08:00"), at("18:00")
DEPOT, CASINO = (43.733, 7.417), (43.74, 7.43)


class Roads:
    """Straight roads, and what was asked of them."""

    def __init__(self) -> None:
        self.asked: list[list[Place]] = []

    async def shape(self, places: Sequence[Place]) -> list[Place]:
        self.asked.append(list(places))
        return list(places)


async def test_a_shift_is_a_line_with_its_stops() -> None:
    """From the depot over the visits back to it; longitude stands before latitude."""
    roads = Roads()
    late = stop("a", at("08:00"), at("09:00"), at_risk=True)
    rows = technician_rows([route(WORKDAY, [late])], KNOWN)
    told = await map_lines(rows, roads.shape)
    line, point = told["features"]
    assert told["type"] == "FeatureCollection"
    assert roads.asked == [[DEPOT, CASINO, DEPOT]]
    assert line["geometry"] == {
        "type": "LineString",
        "coordinates": [[7.417, 43.733], [7.43, 43.74], [7.417, 43.733]],
    }
    assert line["properties"]["name"] == "Ann"
    assert point["geometry"] == {"type": "Point", "coordinates": [7.43, 43.74]}
    wanted = {"visit": "tenants/acme/visits/a", "number": 1, "risk": True, "colour": 0}
    assert point["properties"].items() >= wanted.items()


async def test_who_goes_nowhere_has_no_line() -> None:
    """A shift without visits, and a day off, ask for no road; colours are the timeline's."""
    roads = Roads()
    working = route(WORKDAY, [stop("a", at("08:00"), at("09:00"))], who="cid")
    rows = technician_rows([route(WORKDAY), off("bob", "DAY_OFF"), working], KNOWN)
    told = await map_lines(rows, roads.shape)
    assert len(roads.asked) == 1
    assert {one["properties"]["colour"] for one in told["features"]} == {2}


async def test_no_more_places_are_asked_than_the_engine_draws() -> None:
    """The rest of a very long day has its stops, and no line."""
    roads = Roads()
    stops = [stop("a", at("08:00"), at("08:01")) for _ in range(MOST_PLACES + 5)]
    told = await map_lines(technician_rows([route(WORKDAY, stops)], KNOWN), roads.shape)
    assert len(roads.asked[0]) == MOST_PLACES
    assert len(told["features"]) == 1 + len(stops)
