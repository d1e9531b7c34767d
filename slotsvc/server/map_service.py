"""``MapService``: what pages need to draw, from whatever ``MapBackend`` is in use."""

from __future__ import annotations

from typing import Any

from slotsvc.pb.v1 import map_service_pb2 as pb
from slotsvc.pb.v1 import types_pb2
from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceServicer
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.server import fields
from slotsvc.server.map_backends import MapBackend, PlaceQuality

LOWEST_ZOOM, HIGHEST_ZOOM = 13, 19
MOST_SHAPE_PLACES = 100
QUERY_LENGTH = 200
DEFAULT_RESULTS, MOST_RESULTS = 5, 20

_ETAG_LENGTH = 200
_PROVENANCE = {
    Provenance.LIVE: types_pb2.TRAVEL_PROVENANCE_LIVE,
    Provenance.ESTIMATE: types_pb2.TRAVEL_PROVENANCE_ESTIMATE,
}
_QUALITY = {
    PlaceQuality.ADDRESS: pb.GEOCODE_QUALITY_ADDRESS,
    PlaceQuality.STREET: pb.GEOCODE_QUALITY_STREET,
    PlaceQuality.PLACE: pb.GEOCODE_QUALITY_PLACE,
}


class MapService(MapServiceServicer):
    """The servicer over one backend."""

    def __init__(self, backend: MapBackend) -> None:
        self._backend = backend

    async def GetMap(  # noqa: N802
        self, request: pb.GetMapRequest, context: Any
    ) -> pb.GetMapResponse:
        known = self._backend.describe()
        corners = {"south_west": known.south_west, "north_east": known.north_east}
        return pb.GetMapResponse(
            map_id=known.map_id,
            display_name=known.display_name,
            attribution=known.attribution,
            travel_provenance=_PROVENANCE[known.provenance],
            triangle_violation_share=known.violation_share,
            triangle_worst_seconds=known.worst_violation_s,
            **{name: fields.to_latlng(at) for name, at in corners.items() if at is not None},
        )

    async def GetTile(  # noqa: N802
        self, request: pb.GetTileRequest, context: Any
    ) -> pb.GetTileResponse:
        with Violations() as wrong:
            _check_tile(wrong, request)
        etag = self._backend.describe().map_id
        if request.etag == etag:
            return pb.GetTileResponse(etag=etag, not_modified=True)
        tile = await self._backend.tile(request.zoom, request.x, request.y)
        return pb.GetTileResponse(tile=tile, etag=etag)

    async def GetShape(  # noqa: N802
        self, request: pb.GetShapeRequest, context: Any
    ) -> pb.GetShapeResponse:
        with Violations() as wrong:
            places = []
            if wrong.count("locations", request.locations, MOST_SHAPE_PLACES, least=2):
                places = [
                    fields.location(wrong, f"locations[{i}]", at)
                    for i, at in enumerate(request.locations)
                ]
        shape = await self._backend.shape(places)
        return pb.GetShapeResponse(
            points=map(fields.to_latlng, shape.points),
            travel_seconds=shape.seconds,
            distance_meters=shape.metres,
            travel_provenance=_PROVENANCE[shape.provenance],
        )

    async def Geocode(  # noqa: N802
        self, request: pb.GeocodeRequest, context: Any
    ) -> pb.GeocodeResponse:
        with Violations() as wrong:
            query = wrong.text("query", request.query, QUERY_LENGTH, required=True).strip()
            if len(query) == 1:
                wrong.add("query", "at least 2 characters")
            limit = wrong.whole(
                "max_results", request.max_results, 1, MOST_RESULTS, DEFAULT_RESULTS
            )
            near = (
                fields.location(wrong, "near", request.near) if request.HasField("near") else None
            )
        found = await self._backend.geocode(query, limit, near)
        return pb.GeocodeResponse(
            results=[
                pb.GeocodeResult(
                    display_name=place.label,
                    location=fields.to_latlng(place.location),
                    quality=_QUALITY[place.quality],
                )
                for place in found
            ]
        )


def _check_tile(wrong: Violations, request: pb.GetTileRequest) -> None:
    wrong.text("etag", request.etag, _ETAG_LENGTH)
    if not LOWEST_ZOOM <= request.zoom <= HIGHEST_ZOOM:
        wrong.add("zoom", f"{LOWEST_ZOOM} to {HIGHEST_ZOOM}")
        return
    for name, value in (("x", request.x), ("y", request.y)):
        if not 0 <= value < 1 << request.zoom:
            wrong.add(name, f"0 to {(1 << request.zoom) - 1} at this zoom")
