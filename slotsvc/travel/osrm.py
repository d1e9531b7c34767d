"""Travel times, road shapes and map tiles from OSRM over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from itertools import batched

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import Provenance, TravelTable, TravelUnavailableError
from slotsvc.travel.map_info import MapInfo
from slotsvc.travel.osrm_http import OsrmHttp
from slotsvc.travel.osrm_wire import (
    Reply,
    RouteShape,
    Snap,
    TableBlock,
    nearest_body,
    read_route,
    read_snap,
    read_table,
    route_body,
    table_body,
)

LOWEST_TILE_ZOOM = 13
HIGHEST_TILE_ZOOM = 19
MAX_SHAPE_PLACES = 100
_BYTES_PER_CELL = 16
_BYTES_PER_PLACE = 1024
_FEW_WAYPOINTS_BYTES = 8 * _BYTES_PER_PLACE
_TILE_BYTES = 8_000_000
_PICTURES_IN_FLIGHT = 4
_TRIES_ON_ONE_MAP = 2


@dataclass(frozen=True, slots=True)
class Tile:
    """A Mapbox vector tile of the roads (layers ``speeds``, ``turns``, ``osmnodes``).

    ``data`` is empty where the map has no road. ``etag`` changes with the map and nothing else.
    """

    data: bytes
    etag: str


class OsrmTravelTimes:
    """``TravelTimes`` of an OSRM server at ``base_url``.

    ``map_id``: identity of its map, as stored by ``build_map``.
    ``data_version``: what the server must call its map in each reply (maps of ``build_map`` carry
    their map id); None: any, but one table is of one version, and another one is another map id.
    ``anchor``: a place on the map's large connected network. With it a pair's time does not depend
    on the other places of the request, and a place on a cut-off road shows a long snap distance.
    ``timeout_s``: seconds for one HTTP request. A caller with less time left cancels.
    ``max_in_flight``: requests for tables at once, others wait. Routes and tiles have places of
    their own: a page of them keeps no search waiting.
    ``max_cells``: larger tables are asked for in parts, several at once. The server must accept
    ``max_coordinates`` places squared (``--max-table-size``).
    """

    def __init__(
        self,
        base_url: str,
        map_id: str,
        *,
        data_version: str | None = None,
        anchor: Location | None = None,
        timeout_s: float = 2.0,
        max_in_flight: int = 8,
        max_coordinates: int = 8000,
        max_cells: int = 100_000,
    ) -> None:
        self._map_id = map_id
        self._anchor = anchor
        self._max_coordinates = max_coordinates
        self._max_cells = max_cells
        self._seen_version = ""
        self._http, self._pictures = (
            OsrmHttp(base_url, timeout_s=timeout_s, max_in_flight=most, data_version=data_version)
            for most in (max_in_flight, _PICTURES_IN_FLIGHT)
        )
        self._names_version = data_version is None

    @classmethod
    def of_map(
        cls, base_url: str, info: MapInfo, *, timeout_s: float = 2.0, max_in_flight: int = 8
    ) -> OsrmTravelTimes:
        """For an engine at ``base_url`` that serves the map ``info`` describes, and no other."""
        return cls(
            base_url,
            info.map_id,
            data_version=info.map_id,
            anchor=info.anchor,
            timeout_s=timeout_s,
            max_in_flight=max_in_flight,
        )

    @property
    def map_id(self) -> str:
        """Identity of the compiled map."""
        return self._map_id + (f":{self._seen_version}" if self._seen_version else "")

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """All pairs, LIVE. A place far off the map gets the times of the road it was put on:
        judge it by its snap distance. Raises ``TravelUnavailableError``."""
        if not sources or not destinations:
            return await self._empty(sources, destinations)
        rows, columns = self._parts(len(sources), len(destinations))
        source_parts = list(batched(sources, rows))
        destination_parts = list(batched(destinations, columns))
        for _ in range(_TRIES_ON_ONE_MAP):
            blocks = await _all_of(
                [self._block(some, others) for some in source_parts for others in destination_parts]
            )
            if len({version for _, version in blocks}) == 1:
                self._seen_version = blocks[0][1]
                return self._joined([block for block, _ in blocks], len(destination_parts))
        raise TravelUnavailableError("the road engine answers from two maps at once")

    async def nearest(self, place: Location) -> Snap:
        """The road point ``place`` is put on in a table, however far. Raises
        ``TravelUnavailableError``."""
        if self._anchor is None:
            reply = await self._http.post("nearest", nearest_body(place), _FEW_WAYPOINTS_BYTES)
            return read_snap(reply, "waypoints")
        body = table_body([place], [self._anchor], None)
        return read_snap(await self._http.post("table", body, _FEW_WAYPOINTS_BYTES), "sources")

    async def route_shape(self, places: Sequence[Location]) -> RouteShape:
        """The line driven through ``places`` in order, 2 to ``MAX_SHAPE_PLACES`` of them.

        Raises ``ValueError`` for another number, ``TravelUnavailableError`` when no road connects
        them or no answer can be had.
        """
        if not 2 <= len(places) <= MAX_SHAPE_PLACES:
            raise ValueError(f"a shape needs 2 to {MAX_SHAPE_PLACES} places")
        reply = await self._pictures.post("route", route_body(places), _TILE_BYTES)
        return read_route(reply, len(places))

    async def tile(self, zoom: int, x: int, y: int) -> Tile:
        """The road tile at web-mercator ``zoom``/``x``/``y``, zoom 13 to 19.

        Raises ``ValueError`` for a tile that does not exist or a zoom below the engine's lowest.
        """
        if not LOWEST_TILE_ZOOM <= zoom <= HIGHEST_TILE_ZOOM:
            raise ValueError(f"zoom must be {LOWEST_TILE_ZOOM} to {HIGHEST_TILE_ZOOM}")
        if not (0 <= x < 1 << zoom and 0 <= y < 1 << zoom):
            raise ValueError(f"x and y must be from 0 to {(1 << zoom) - 1} at zoom {zoom}")
        path = f"/tile/v1/car/tile({x},{y},{zoom}).mvt"
        return Tile(await self._pictures.get_bytes(path, _TILE_BYTES), etag=self.map_id)

    async def aclose(self) -> None:
        """Close the connections to the server."""
        await self._http.aclose()
        await self._pictures.aclose()

    async def _empty(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """No pairs, but the places of the side that is not empty were still snapped."""
        places = sources or destinations
        snap_m = (await self.table(places, places[:1])).source_snap_m if places else np.zeros(0)
        return TravelTable(
            seconds=np.zeros((len(sources), len(destinations)), dtype=np.int32),
            source_snap_m=snap_m if sources else np.zeros(0),
            destination_snap_m=snap_m if destinations else np.zeros(0),
            map_id=self.map_id,
            provenance=Provenance.LIVE,
        )

    def _parts(self, n_sources: int, n_destinations: int) -> tuple[int, int]:
        """Rows and columns of one request, within both limits."""
        columns = max(1, min(n_destinations, self._max_cells, self._max_coordinates // 2))
        rows = max(1, min(n_sources, self._max_cells // columns, self._max_coordinates - columns))
        return rows, columns

    async def _block(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> tuple[TableBlock, str]:
        """A part of a table, and the version of the map it was read on."""
        cells, places = len(sources) * len(destinations), len(sources) + len(destinations)
        reply = await self._http.post(
            "table",
            table_body(sources, destinations, self._anchor),
            _BYTES_PER_CELL * cells + _BYTES_PER_PLACE * (places + 4),
        )
        return read_table(reply, sources, destinations), self._version_in(reply)

    def _version_in(self, reply: Reply) -> str:
        """Short and harmless, whatever the server sent; "": none, or the one that was asked for."""
        named = reply.get("data_version") if self._names_version else None
        return hashlib.sha256(str(named).encode()).hexdigest()[:8] if named else ""

    def _joined(self, blocks: list[TableBlock], width: int) -> TravelTable:
        rows = list(batched(blocks, width))
        return TravelTable(
            seconds=np.block([[block.seconds for block in row] for row in rows]),
            source_snap_m=np.concatenate([row[0].source_snap_m for row in rows]),
            destination_snap_m=np.concatenate([block.destination_snap_m for block in rows[0]]),
            map_id=self.map_id,
            provenance=Provenance.LIVE,
        )


async def _all_of[T](parts: Sequence[Awaitable[T]]) -> list[T]:
    """All results in order; the first failure cancels the rest and is raised as itself."""
    if len(parts) == 1:
        return [await parts[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_awaited(part)) for part in parts]
    except* TravelUnavailableError as failures:
        first = failures.exceptions[0]
        assert isinstance(first, TravelUnavailableError)
        raise first from None
    return [task.result() for task in tasks]


async def _awaited[T](part: Awaitable[T]) -> T:
    return await part
