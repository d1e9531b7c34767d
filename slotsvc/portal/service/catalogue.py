"""What the company has set up in the engine, kept for a minute: sites, activity types, teams.

Read with the portal's key and on nobody's behalf, for all clients at once: pages take from it only
what their visitor may see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

import structlog

from slotsvc.pb.v1 import calendar_service_pb2 as calendar
from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub
from slotsvc.portal.service.channel import READ_S, Line, bearer
from slotsvc.portal.service.errors import ServiceError

_log = structlog.get_logger(__name__)

FRESH_S = 60.0
LOOK_AGAIN_S = 5.0
"""Something unknown is looked for again, at most so often."""

_PAGE = 1000
_FIRST_MAP: Mapping[str, Any] = MappingProxyType({})


class _Kept[T]:
    """One list by resource name, read anew when it is older than a minute; one reader at a time.

    Stays as it was while the engine is away.
    """

    def __init__(self, read: Callable[[], Awaitable[dict[str, T]]]) -> None:
        self._read = read
        self._found: Mapping[str, T] = _FIRST_MAP
        self._read_at: float | None = None
        self._lock = asyncio.Lock()

    async def all(self, fresh_s: float = FRESH_S) -> Mapping[str, T]:
        if not self._younger_than(fresh_s):
            async with self._lock:
                if not self._younger_than(fresh_s):
                    await self._renew()
        return self._found

    async def get(self, name: str) -> T | None:
        """None: there is none, as of a few seconds ago."""
        found = (await self.all()).get(name)
        return found if found is not None else (await self.all(LOOK_AGAIN_S)).get(name)

    def forget(self) -> None:
        self._read_at = None

    def _younger_than(self, seconds: float) -> bool:
        at = self._read_at
        return at is not None and asyncio.get_running_loop().time() - at < seconds

    async def _renew(self) -> None:
        try:
            self._found = MappingProxyType(await self._read())
        except ServiceError as error:
            if self._read_at is None:
                raise
            _log.warning("catalogue not renewed", reason=error.reason)
        self._read_at = asyncio.get_running_loop().time()


class Catalogue:
    """Sites, activity types and teams by resource name. All methods raise ``ServiceError`` only
    while nothing was ever read."""

    def __init__(self, line: Line, tenant: str, key: str | None) -> None:
        self._line = line
        self._tenant = tenant
        self._metadata = bearer(key)
        self._stub = CalendarServiceStub(line.channel)
        self._sites: _Kept[calendar.Site] = _Kept(self._read_sites)
        self._types: _Kept[calendar.ActivityType] = _Kept(self._read_types)
        self._teams: _Kept[calendar.Team] = _Kept(self._read_teams)

    async def sites(self) -> Mapping[str, calendar.Site]:
        """All sites; do not change them."""
        return await self._sites.all()

    async def sites_of(self, client: str) -> list[calendar.Site]:
        """The sites of one client (the engine's reference), by name shown; [] as of a few seconds
        ago."""
        mine = [site for site in (await self.sites()).values() if site.client == client]
        if not mine:  # imported just now, perhaps
            again = await self._sites.all(LOOK_AGAIN_S)
            mine = [site for site in again.values() if site.client == client]
        return sorted(mine, key=lambda site: (site.display_name, site.name))

    async def site(self, name: str) -> calendar.Site | None:
        """One site; None: there is none."""
        return await self._sites.get(name)

    async def activity_types(self) -> Mapping[str, calendar.ActivityType]:
        """All activity types; do not change them."""
        return await self._types.all()

    async def activity_type(self, name: str) -> calendar.ActivityType | None:
        """One activity type; None: there is none."""
        return await self._types.get(name)

    async def teams(self) -> Mapping[str, calendar.Team]:
        """All teams; do not change them."""
        return await self._teams.all()

    def forget(self) -> None:
        """The next question asks the engine."""
        for kept in (self._sites, self._types, self._teams):
            kept.forget()

    async def _read_sites(self) -> dict[str, calendar.Site]:
        return await self._list(self._stub.ListSites, calendar.ListSitesRequest, "sites")

    async def _read_types(self) -> dict[str, calendar.ActivityType]:
        asked = calendar.ListActivityTypesRequest
        return await self._list(self._stub.ListActivityTypes, asked, "activity_types")

    async def _read_teams(self) -> dict[str, calendar.Team]:
        return await self._list(self._stub.ListTeams, calendar.ListTeamsRequest, "teams")

    async def _list(self, method: Any, request: Any, field: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        asked = request(parent=self._tenant, page_size=_PAGE)
        while True:
            answer = await self._line.call(method, asked, self._metadata, READ_S)
            found |= {one.name: one for one in getattr(answer, field)}
            if not answer.next_page_token:
                return found
            asked.page_token = answer.next_page_token
