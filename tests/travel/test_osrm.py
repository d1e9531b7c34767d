from __future__ import annotations

import numpy as np
import pytest

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import Provenance, TravelUnavailableError
from slotsvc.travel.osrm import OsrmTravelTimes
from tests.road_fixtures import (
    CASINO,
    FAR_OUT_AT_SEA,
    LA_TURBIE,
    PORT_HERCULE,
    ROQUEBRUNE,
    TOWN,
    RunningRoads,
)


async def test_times_come_from_the_road(osrm: OsrmTravelTimes) -> None:
    """The table is LIVE, and La Turbie, above the town, is minutes of hairpins away."""
    table = await osrm.table([CASINO], [LA_TURBIE])
    assert table.provenance is Provenance.LIVE
    assert 300 < table.seconds[0, 0] < 1500


async def test_an_off_map_place_shows_how_far_it_was_moved(osrm: OsrmTravelTimes) -> None:
    """A point at sea is put on the coast road kilometres away, and its snap distance says so."""
    table = await osrm.table([FAR_OUT_AT_SEA, CASINO], [CASINO])
    assert table.source_snap_m[0] > 10_000
    assert table.source_snap_m[1] < 100
    assert table.destination_snap_m[0] < 100


async def test_a_table_asked_for_in_parts_is_the_same_table(roads: RunningRoads) -> None:
    """Splitting by cells and by places changes no number and keeps the order."""
    whole = OsrmTravelTimes.of_map(roads.base_url, roads.info)
    in_parts = OsrmTravelTimes(
        roads.base_url,
        roads.info.map_id,
        anchor=roads.info.anchor,
        max_cells=6,
        max_coordinates=5,
    )
    try:
        one, many = await whole.table(TOWN, TOWN[:5]), await in_parts.table(TOWN, TOWN[:5])
    finally:
        await whole.aclose()
        await in_parts.aclose()
    assert (one.seconds == many.seconds).all()
    assert np.allclose(one.source_snap_m, many.source_snap_m)
    assert np.allclose(one.destination_snap_m, many.destination_snap_m)


async def test_a_place_on_a_cut_off_road_has_one_time_whatever_the_company(
    osrm: OsrmTravelTimes,
) -> None:
    """Two places at a road's end that the extract cut off are moved to the network together or not
    at all: asked alone or with the town, they are the same seconds apart."""
    cut_off = [Location(43.768223, 7.353569), Location(43.768300, 7.353400)]
    alone = await osrm.table(cut_off, cut_off)
    with_town = await osrm.table([*cut_off, *TOWN], cut_off)
    assert (alone.seconds == with_town.seconds[:2]).all()
    assert np.allclose(alone.source_snap_m, with_town.source_snap_m[:2])
    assert alone.source_snap_m[0] > 250


async def test_nearest_is_where_a_table_puts_the_place(osrm: OsrmTravelTimes) -> None:
    """Nearest gives the road point, its name and the same distance as the table."""
    snap = await osrm.nearest(PORT_HERCULE)
    table = await osrm.table([PORT_HERCULE], [CASINO])
    assert snap.distance_m == pytest.approx(table.source_snap_m[0])
    assert abs(snap.location.lat - PORT_HERCULE.lat) < 0.001
    assert abs(snap.location.lon - PORT_HERCULE.lon) < 0.001


async def test_nearest_works_on_a_server_without_an_anchor(roads: RunningRoads) -> None:
    """A remote server of which we know only the address can still snap."""
    remote = OsrmTravelTimes(roads.base_url, "remote")
    try:
        assert (await remote.nearest(CASINO)).distance_m < 100
    finally:
        await remote.aclose()


async def test_a_route_shape_runs_through_its_places_in_order(osrm: OsrmTravelTimes) -> None:
    """The line starts and ends at the places and its legs add up."""
    shape = await osrm.route_shape([CASINO, LA_TURBIE, ROQUEBRUNE])
    assert abs(shape.points[0].lat - CASINO.lat) < 0.002
    assert abs(shape.points[-1].lon - ROQUEBRUNE.lon) < 0.005
    assert len(shape.points) > 50
    assert len(shape.leg_s) == len(shape.leg_m) == 2
    assert shape.duration_s == sum(shape.leg_s)
    assert 3_000 < shape.distance_m < 30_000


async def test_a_shape_needs_two_places(osrm: OsrmTravelTimes) -> None:
    """One place, or more than the limit, is the caller's mistake."""
    with pytest.raises(ValueError, match="2 to"):
        await osrm.route_shape([CASINO])
    with pytest.raises(ValueError, match="2 to"):
        await osrm.route_shape([CASINO] * 101)


async def test_a_tile_of_the_town_holds_roads(osrm: OsrmTravelTimes) -> None:
    """Zoom 13 over Monaco is a vector tile; its etag is the map id."""
    tile = await osrm.tile(13, 4264, 2987)
    assert len(tile.data) > 1_000
    assert b"speeds" in tile.data
    assert tile.etag == osrm.map_id


async def test_a_tile_away_from_the_map_is_empty(osrm: OsrmTravelTimes) -> None:
    """No roads is an empty tile, not an error."""
    assert (await osrm.tile(14, 0, 0)).data == b""


@pytest.mark.parametrize(("zoom", "x", "y"), [(12, 0, 0), (20, 0, 0), (13, 8192, 0), (13, 0, -1)])
async def test_a_tile_that_cannot_be_is_refused(
    osrm: OsrmTravelTimes, zoom: int, x: int, y: int
) -> None:
    """Zooms the engine has not and coordinates outside the world raise ValueError."""
    with pytest.raises(ValueError, match="must be"):
        await osrm.tile(zoom, x, y)


async def test_another_map_at_the_same_address_is_not_believed(roads: RunningRoads) -> None:
    """A reply from another data version than ours is an outage, not an answer."""
    other = OsrmTravelTimes(roads.base_url, "ours", data_version="ours")
    try:
        with pytest.raises(TravelUnavailableError, match="another map"):
            await other.table([CASINO], [LA_TURBIE])
    finally:
        await other.aclose()
