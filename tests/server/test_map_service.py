"""``MapService`` over a real channel, without a map and with a backend of known answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from google.type.latlng_pb2 import LatLng
from grpc import aio

from slotsvc.domain.place import Location
from slotsvc.pb.v1 import map_service_pb2 as pb
from slotsvc.pb.v1 import types_pb2
from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceStub
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.server.map_backends import (
    FoundPlace,
    MapDescription,
    NoMap,
    PlaceQuality,
    RoadShape,
)
from slotsvc.server.map_service import MapService
from slotsvc.travel.estimate import EstimatedTravelTimes

type Serve = Callable[..., Awaitable[aio.Channel]]

HARBOUR, HILL = Location(43.735, 7.425), Location(43.74, 7.41)


class SmallMap:
    """A map of one street."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, Location | None]] = []

    def describe(self) -> MapDescription:
        return MapDescription(
            "map-1", "Town", Provenance.LIVE, "© OpenStreetMap contributors", HARBOUR, HILL, 0.01, 3
        )

    async def tile(self, zoom: int, x: int, y: int) -> bytes:
        return f"{zoom}/{x}/{y}".encode()

    async def shape(self, places: Sequence[Location]) -> RoadShape:
        return RoadShape(tuple(places), 60, 500, Provenance.LIVE)

    async def geocode(self, text: str, limit: int, near: Location | None) -> Sequence[FoundPlace]:
        self.asked.append((text, limit, near))
        return [FoundPlace("1 Quai", HARBOUR, PlaceQuality.ADDRESS)]


def latlng(place: Location) -> LatLng:
    return LatLng(latitude=place.lat, longitude=place.lon)


async def wrong_fields(call: Awaitable[object]) -> list[str]:
    with pytest.raises(aio.AioRpcError) as refused:
        await call
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    raw: Any = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
    bad = error_details_pb2.BadRequest()
    assert any(d.Unpack(bad) for d in status_pb2.Status.FromString(raw).details)
    return [v.field for v in bad.field_violations]


async def test_the_map_describes_itself(serve: Serve) -> None:
    """Id, corners, attribution and measurements reach the client."""
    stub = MapServiceStub(await serve(MapService(SmallMap())))

    told = await stub.GetMap(pb.GetMapRequest())

    assert (told.map_id, told.attribution) == ("map-1", "© OpenStreetMap contributors")
    assert told.south_west == latlng(HARBOUR)
    assert told.travel_provenance == types_pb2.TRAVEL_PROVENANCE_LIVE
    assert (told.triangle_violation_share, told.triangle_worst_seconds) == (0.01, 3)


async def test_a_tile_the_caller_has_is_not_sent_again(serve: Serve) -> None:
    """The map id is the ETag of every tile."""
    stub = MapServiceStub(await serve(MapService(SmallMap())))
    first = await stub.GetTile(pb.GetTileRequest(zoom=13, x=1, y=2))
    assert (first.tile, first.etag, first.not_modified) == (b"13/1/2", "map-1", False)

    again = await stub.GetTile(pb.GetTileRequest(zoom=13, x=1, y=2, etag=first.etag))

    assert (again.tile, again.not_modified) == (b"", True)


async def test_a_shape_is_drawn_along_the_places(serve: Serve) -> None:
    """Points, seconds, metres and where they come from."""
    stub = MapServiceStub(await serve(MapService(SmallMap())))

    shape = await stub.GetShape(pb.GetShapeRequest(locations=[latlng(HARBOUR), latlng(HILL)]))

    assert [*shape.points] == [latlng(HARBOUR), latlng(HILL)]
    assert (shape.travel_seconds, shape.distance_meters) == (60, 500)


async def test_an_address_is_found(serve: Serve) -> None:
    """Defaults are filled in, and the answer carries its quality."""
    backend = SmallMap()
    stub = MapServiceStub(await serve(MapService(backend)))

    answer = await stub.Geocode(pb.GeocodeRequest(query=" quai "))
    await stub.Geocode(pb.GeocodeRequest(query="quai", max_results=20, near=latlng(HILL)))

    assert answer.results[0].display_name == "1 Quai"
    assert answer.results[0].quality == pb.GEOCODE_QUALITY_ADDRESS
    assert backend.asked == [("quai", 5, None), ("quai", 20, HILL)]


async def test_wrong_numbers_are_named(serve: Serve) -> None:
    """Zoom, column, row, places, query and limit are checked before the map is asked."""
    stub = MapServiceStub(await serve(MapService(SmallMap())))
    nowhere = LatLng(latitude=float("nan"), longitude=200)

    assert await wrong_fields(stub.GetTile(pb.GetTileRequest(zoom=12))) == ["zoom"]
    assert await wrong_fields(stub.GetTile(pb.GetTileRequest(zoom=13, x=8192, y=-1))) == ["x", "y"]
    assert await wrong_fields(stub.GetShape(pb.GetShapeRequest())) == ["locations"]
    many = pb.GetShapeRequest(locations=[latlng(HILL)] * 101)
    assert await wrong_fields(stub.GetShape(many)) == ["locations"]
    odd = pb.GetShapeRequest(locations=[latlng(HILL), nowhere])
    assert await wrong_fields(stub.GetShape(odd)) == [
        "locations[1].latitude",
        "locations[1].longitude",
    ]
    assert await wrong_fields(
        stub.Geocode(pb.GeocodeRequest(query="x", max_results=21, near=nowhere))
    ) == ["query", "max_results", "near.latitude", "near.longitude"]
    assert await wrong_fields(stub.Geocode(pb.GeocodeRequest(query="x" * 201))) == ["query"]


async def test_without_a_map_lines_are_straight(serve: Serve) -> None:
    """Estimates are said to be estimates; there are no tiles and no addresses."""
    stub = MapServiceStub(await serve(MapService(NoMap(EstimatedTravelTimes()))))

    told = await stub.GetMap(pb.GetMapRequest())
    assert told.map_id.startswith("estimate:")
    assert not told.HasField("south_west")
    shape = await stub.GetShape(pb.GetShapeRequest(locations=[latlng(HARBOUR), latlng(HILL)]))
    assert shape.travel_provenance == types_pb2.TRAVEL_PROVENANCE_ESTIMATE
    assert 1200 < shape.distance_meters < 1500
    assert shape.travel_seconds > 60
    assert not (await stub.Geocode(pb.GeocodeRequest(query="quai"))).results
    with pytest.raises(aio.AioRpcError) as refused:
        await stub.GetTile(pb.GetTileRequest(zoom=13))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
