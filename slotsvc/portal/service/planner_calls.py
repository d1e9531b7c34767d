"""What the company's people may ask the engine: the planner's key. Answers are the contract's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date
from typing import Any

from google.type.date_pb2 import Date
from google.type.latlng_pb2 import LatLng
from grpc import aio

from slotsvc.pb.v1 import calendar_service_pb2 as calendar
from slotsvc.pb.v1 import map_service_pb2 as maps
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import visit_service_pb2 as visit_messages
from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub
from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceStub
from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceStub
from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceStub
from slotsvc.portal.service.channel import READ_S, WRITE_S, Line, bearer
from slotsvc.portal.service.errors import refusal

_PAGE = 1000
OPEN = visit_messages.VisitState.VISIT_STATE_UNSPECIFIED


class PlannerCalls:
    """The calls of planners. All raise ``ServiceError``. Names are full resource names."""

    def __init__(self, line: Line, tenant: str, key: str | None) -> None:
        self._line = line
        self._tenant = tenant
        self._metadata = bearer(key)
        self._calendar = CalendarServiceStub(line.channel)
        self._map = MapServiceStub(line.channel)
        self._plan = PlanServiceStub(line.channel)
        self._visits = VisitServiceStub(line.channel)

    async def day(self, team: str, day: date) -> list[plan.Route]:
        """The routes of a team on a service date."""
        asked = plan.GetDayRequest(team=team, date=_date(day))
        return list((await self._read(self._plan.GetDay, asked)).routes)

    async def violations(self, team: str, first: date, last: date) -> list[plan.RouteViolations]:
        """Rules broken on stored routes, from the first to the last date included."""
        asked = plan.ListViolationsRequest(
            team=team, first_date=_date(first), last_date=_date(last)
        )
        return list((await self._read(self._plan.ListViolations, asked)).routes)

    async def unplaced(self, team: str, most: int = 200) -> list[visit_messages.Visit]:
        """The backlog that waits for a team, the most urgent first, at most ``most`` (1000)."""
        asked = visit_messages.ListUnplacedRequest(parent=self._tenant, team=team, page_size=most)
        return list((await self._read(self._visits.ListUnplaced, asked)).visits)

    async def visits(
        self, team: str, first: date, last: date, state: visit_messages.VisitState.ValueType = OPEN
    ) -> list[visit_messages.Visit]:
        """Visits of a team with a place on these dates, both included: those that are still to be
        done, or those in one ``state``."""
        asked = visit_messages.ListVisitsRequest(
            parent=self._tenant,
            team=team,
            first_date=_date(first),
            last_date=_date(last),
            state=state,
            page_size=_PAGE,
        )
        return list((await self._read(self._visits.ListVisits, asked)).visits)

    async def visit(self, name: str) -> visit_messages.Visit:
        """One visit."""
        answer = await self._read(self._visits.GetVisit, visit_messages.GetVisitRequest(name=name))
        found: visit_messages.Visit = answer.visit
        return found

    async def watch(self, team: str, position: str = "") -> AsyncIterator[plan.WatchTeamResponse]:
        """What happens to a team, from ``position`` on ("": from now). Ends with ``ServiceError``
        or when it is closed; heartbeats come as answers without an event."""
        asked = plan.WatchTeamRequest(team=team, position=position)
        stream = self._plan.WatchTeam(asked, metadata=self._metadata)
        try:
            async for answer in stream:
                yield answer
        except aio.AioRpcError as error:
            raise refusal(error) from None
        finally:
            stream.cancel()

    async def technicians(self) -> list[calendar.Technician]:
        """All of the company."""
        asked = calendar.ListTechniciansRequest(parent=self._tenant, page_size=_PAGE)
        return list((await self._read(self._calendar.ListTechnicians, asked)).technicians)

    async def map(self) -> maps.GetMapResponse:
        """Which map it is, and its corners."""
        answer: maps.GetMapResponse = await self._read(self._map.GetMap, maps.GetMapRequest())
        return answer

    async def tile(self, zoom: int, x: int, y: int, etag: str = "") -> maps.GetTileResponse:
        """A Mapbox vector tile; ``not_modified`` and empty where ``etag`` still holds."""
        asked = maps.GetTileRequest(zoom=zoom, x=x, y=y, etag=etag)
        answer: maps.GetTileResponse = await self._read(self._map.GetTile, asked)
        return answer

    async def shape(self, places: Sequence[tuple[float, float]]) -> maps.GetShapeResponse:
        """The way along ``places``, (lat, lon) each."""
        at = [LatLng(latitude=lat, longitude=lon) for lat, lon in places]
        asked = maps.GetShapeRequest(locations=at)
        answer: maps.GetShapeResponse = await self._read(self._map.GetShape, asked)
        return answer

    async def create_visit(
        self, visit: visit_messages.Visit, request_id: str
    ) -> visit_messages.Visit:
        """Puts work without a place into the backlog."""
        asked = visit_messages.CreateVisitRequest(
            parent=self._tenant, visit=visit, request_id=request_id
        )
        answer = await self._line.call(self._visits.CreateVisit, asked, self._metadata, WRITE_S)
        made: visit_messages.Visit = answer.visit
        return made

    async def cancel_visit(self, name: str, request_id: str, cause: str) -> visit_messages.Visit:
        """Cancels a visit, whatever became of it meanwhile. ``cause`` is for the engine's audit."""
        asked = visit_messages.CancelVisitRequest(name=name, request_id=request_id, cause=cause)
        answer = await self._line.call(self._visits.CancelVisit, asked, self._metadata, WRITE_S)
        gone: visit_messages.Visit = answer.visit
        return gone

    async def _read(self, method: Callable[..., Any], request: Any) -> Any:
        return await self._line.call(method, request, self._metadata, READ_S)


def _date(day: date) -> Date:
    return Date(year=day.year, month=day.month, day=day.day)
