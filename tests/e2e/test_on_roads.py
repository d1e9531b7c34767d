"""On the demo town's roads: proofs, places off the map, shapes, tiles and addresses."""

from __future__ import annotations

import pytest

from benchmarks.company import Company
from slotsvc.cli.wire import pb_date, pb_place
from slotsvc.domain.place import Location
from slotsvc.pb.v1 import map_service_pb2 as maps
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import types_pb2 as types
from tests.e2e.days import TOMORROW, WEDNESDAY
from tests.road_fixtures import BEAUSOLEIL, CASINO, FAR_OUT_AT_SEA, FONTVIEILLE, TOWN
from tests.service_fixtures import RunningService, booked, held, offered, refused

LIVE = types.TRAVEL_PROVENANCE_LIVE


def at(place: Location) -> tuple[float, float]:
    """As the company builder takes it."""
    return place.lat, place.lon


@pytest.fixture
async def town(on_roads: RunningService) -> Company:
    """Two technicians, an activity of an hour."""
    company = await Company(on_roads.calls, "acme").found()
    await company.technician("ann", home=at(FONTVIEILLE), lunch=True)
    await company.technician("bob", home=at(BEAUSOLEIL))
    await company.activity("service")
    return company


async def test_the_answer_is_proven_exact_on_roads(on_roads: RunningService, town: Company) -> None:
    """Days filled with visits all over town: slots, EXACT, complete, LIVE, and what is offered can
    be booked; the days have no findings."""
    for place in (*TOWN, *TOWN):
        search = town.search(at(place), on=[TOMORROW, WEDNESDAY])
        answer = await on_roads.calls.slots.SuggestSlots(search)
        receipt = answer.receipt
        assert receipt.proof == types.PROOF_EXACT
        assert receipt.complete
        assert receipt.travel_provenance == LIVE
        slot = answer.slots[0]
        visit = await booked(on_roads.calls, slot)
        assert visit.travel_provenance == LIVE
        assert visit.place.start_time == slot.place.start_time
    for day in (TOMORROW, WEDNESDAY):
        request = plan.GetDayRequest(team=town.team, date=pb_date(day))
        for route in (await on_roads.calls.plan.GetDay(request)).routes:
            assert not route.findings
            assert route.map_id == (receipt.map_id if route.stops else "")


async def test_a_point_off_the_map_gets_a_rejection_that_says_so(
    on_roads: RunningService, town: Company
) -> None:
    """Far out at sea: no slot, no error, OFF_MAP with the distance to the next road in metres."""
    search = town.search(at(FAR_OUT_AT_SEA), on=TOMORROW, max_rejections=5)
    answer = await on_roads.calls.slots.SuggestSlots(search)
    assert not answer.slots
    assert [r.reason for r in answer.rejections] == [types.REJECTION_REASON_OFF_MAP]
    assert answer.rejections[0].margin > 1000
    assert answer.rejections[0].message
    assert not answer.rejections[0].technician


async def test_a_hold_on_roads_is_judged_by_roads(on_roads: RunningService, town: Company) -> None:
    """Its provenance is LIVE."""
    hold = await held(
        on_roads.calls, (await offered(on_roads.calls, town.search(at(CASINO), on=TOMORROW)))[0]
    )
    assert hold.travel_provenance == LIVE


async def test_the_map_describes_itself(on_roads: RunningService) -> None:
    """Identity, bounds, attribution, and how far it is from a metric."""
    told = await on_roads.calls.map.GetMap(maps.GetMapRequest())
    assert told.map_id
    assert not told.map_id.startswith("estimate:")
    assert "OpenStreetMap" in told.attribution
    assert told.south_west.latitude < CASINO.lat < told.north_east.latitude
    assert told.travel_provenance == LIVE
    assert 0 <= told.triangle_violation_share < 0.01


async def test_a_shape_follows_roads(on_roads: RunningService) -> None:
    """More points than places, longer than the straight line."""
    request = maps.GetShapeRequest(locations=[pb_place(*at(CASINO)), pb_place(*at(FONTVIEILLE))])
    shape = await on_roads.calls.map.GetShape(request)
    assert len(shape.points) > 10
    assert shape.distance_meters > 1300
    assert shape.travel_seconds > 60
    assert shape.travel_provenance == LIVE


async def test_a_tile_is_sent_once(on_roads: RunningService) -> None:
    """With its etag the second time it is empty."""
    request = maps.GetTileRequest(zoom=14, x=8529, y=5974)
    tile = await on_roads.calls.map.GetTile(request)
    assert tile.tile
    request.etag = tile.etag
    again = await on_roads.calls.map.GetTile(request)
    assert again.not_modified
    assert not again.tile


async def test_an_address_is_found_and_can_be_searched_from(
    on_roads: RunningService, town: Company
) -> None:
    """Geocode, then SuggestSlots at the place found."""
    request = maps.GeocodeRequest(query="avenue de grande bretagne")
    found = (await on_roads.calls.map.Geocode(request)).results
    assert found
    assert "Grande" in found[0].display_name
    place = found[0].location.latitude, found[0].location.longitude
    assert await offered(on_roads.calls, town.search(place, on=TOMORROW))
    nothing = await on_roads.calls.map.Geocode(maps.GeocodeRequest(query="zzzzqqq"))
    assert not nothing.results


async def test_without_a_map_there_are_no_tiles_but_shapes_are_straight(
    service: RunningService,
) -> None:
    """GetMap says so, GetShape draws straight lines flagged ESTIMATE, a tile is not there."""
    told = await service.calls.map.GetMap(maps.GetMapRequest())
    assert told.map_id.startswith("estimate:")
    assert not told.HasField("south_west")
    request = maps.GetShapeRequest(locations=[pb_place(*at(CASINO)), pb_place(*at(FONTVIEILLE))])
    shape = await service.calls.map.GetShape(request)
    assert len(shape.points) == 2
    assert shape.travel_provenance == types.TRAVEL_PROVENANCE_ESTIMATE
    tile = await refused(service.calls.map.GetTile(maps.GetTileRequest(zoom=14, x=1, y=1)))
    assert tile.code in ("NOT_FOUND", "FAILED_PRECONDITION", "UNAVAILABLE")
