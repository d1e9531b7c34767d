"""A small company, set up through the API: one tenant, one team, and what a test or a benchmark
adds to it. Places are around Monaco; nothing here is anybody's data."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.calls import Calls, fresh_id
from slotsvc.cli.wire import pb_date, pb_interval, pb_minutes, pb_place, pb_window
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import types_pb2 as types

ZONE = "Europe/Monaco"
DEPOT = (43.73327, 7.41693)
DOWNTOWN = (43.73953, 7.42802)

TWO_HOURS = ((8, 10), (10, 12), (13, 15), (15, 17))
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY = WEEKDAYS

type Place = tuple[float, float]
type Span = tuple[int, int]
"""Whole hours [start, end) on the wall clock; 24 is midnight."""


@dataclass(frozen=True, slots=True)
class Company:
    """A tenant with one team; the methods add to it. Names are full resource names."""

    calls: Calls
    id: str
    zone: str = ZONE
    tags: tuple[str, ...] = field(default=("boiler", "electric"))

    @property
    def tenant(self) -> str:
        """Resource name."""
        return f"tenants/{self.id}"

    @property
    def team(self) -> str:
        """Resource name of the one team."""
        return f"{self.tenant}/teams/crew"

    async def found(self) -> Company:
        """Creates tenant and team."""
        tenant = cal.Tenant(display_name=self.id, tags=self.tags)
        await self.calls.calendar.CreateTenant(
            cal.CreateTenantRequest(tenant_id=self.id, tenant=tenant, request_id=fresh_id())
        )
        team = cal.Team(display_name="Crew", time_zone=self.zone)
        await self.calls.calendar.CreateTeam(
            cal.CreateTeamRequest(
                parent=self.tenant, team_id="crew", team=team, request_id=fresh_id()
            )
        )
        return self

    async def technician(
        self,
        id: str = "ann",
        *,
        home: Place = DEPOT,
        hours: Span = (8, 18),
        days: Sequence[str] = EVERY_DAY,
        tags: Sequence[str] = (),
        lunch: bool = False,
    ) -> str:
        """A technician who works ``hours`` on ``days``; ``lunch``: 45 minutes begun at noon."""
        noon = types.BreakRule(begins=interval((12, 13)), duration=pb_minutes(45))
        day = cal.DayHours(hours=interval(hours), breaks=[noon] if lunch else [])
        await self.calls.calendar.CreateTechnician(
            cal.CreateTechnicianRequest(
                parent=self.tenant,
                technician_id=id,
                technician=cal.Technician(
                    display_name=id.title(),
                    team=self.team,
                    start_location=pb_place(*home),
                    working_time=cal.WorkingTime(**dict.fromkeys(days, day)),
                    tags=tags,
                ),
                request_id=fresh_id(),
            )
        )
        return f"{self.tenant}/technicians/{id}"

    async def activity(
        self,
        id: str = "service",
        *,
        minutes: int = 60,
        grid: Sequence[Span] = TWO_HOURS,
        step: timedelta | None = None,
        tags: Sequence[str] = (),
        notice: timedelta | None = None,
        horizon: timedelta | None = None,
    ) -> str:
        """A kind of visit."""
        offer = types.OfferGrid(cells=[interval(cell) for cell in grid])
        kind = cal.ActivityType(
            display_name=id.title(),
            service_duration=pb_minutes(minutes),
            required_tags=tags,
            offer_grid=offer,
        )
        for name, value in (("notice", notice), ("horizon", horizon)):
            if value is not None:
                getattr(kind, name).FromTimedelta(value)
        if step is not None:
            kind.offer_grid.step.FromTimedelta(step)
        await self.calls.calendar.CreateActivityType(
            cal.CreateActivityTypeRequest(
                parent=self.tenant, activity_type_id=id, activity_type=kind, request_id=fresh_id()
            )
        )
        return f"{self.tenant}/activityTypes/{id}"

    async def site(
        self, id: str = "casino", place: Place = DOWNTOWN, opened: Span | None = None
    ) -> str:
        """A registered place, open ``opened`` every day; None: always."""
        site = cal.Site(display_name=id, location=pb_place(*place))
        if opened is not None:
            site.time_zone = self.zone
            site.opening_hours.extend([cal.OpeningDay(intervals=[interval(opened)])] * 7)
        await self.calls.calendar.CreateSite(
            cal.CreateSiteRequest(parent=self.tenant, site_id=id, site=site, request_id=fresh_id())
        )
        return f"{self.tenant}/sites/{id}"

    async def absence(
        self, technician: str, start: datetime, end: datetime, id: str = "away"
    ) -> None:
        """The technician (resource name) is away in [start, end)."""
        await self.calls.calendar.CreateAbsence(
            cal.CreateAbsenceRequest(
                parent=technician,
                absence_id=id,
                absence=cal.Absence(window=pb_window(start, end)),
                request_id=fresh_id(),
            )
        )

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """The instant at which the team's clocks show the time."""
        return datetime.combine(day, time(hour, minute), ZoneInfo(self.zone)).astimezone(UTC)

    def search(
        self,
        place: Place | str = DOWNTOWN,
        *,
        on: date | Sequence[date] | None = None,
        max_slots: int = 5,
        max_slots_per_day: int = 5,
        max_rejections: int = 0,
        options: Mapping[str, Any] | None = None,
        **request: Any,
    ) -> slots.SuggestSlotsRequest:
        """A search. ``place``: a point or a site's name. ``request``: fields of ``SlotRequest``,
        the activity type "service" unless another is given, or ""; ``options``: further fields of
        the search itself."""
        where = {"site": place} if isinstance(place, str) else {"location": pb_place(*place)}
        if "visit" in request:
            where = {}
        days = [on] if isinstance(on, date) else list(on or ())
        if days:
            request["allowed_dates"] = [pb_date(day) for day in days]
        if "visit" not in request:
            request.setdefault("activity_type", f"{self.tenant}/activityTypes/service")
        return slots.SuggestSlotsRequest(
            team=self.team,
            request=slots.SlotRequest(**where, **request),
            max_slots=max_slots,
            max_slots_per_day=max_slots_per_day,
            max_rejections=max_rejections,
            **(options or {}),
        )


def interval(span: Span) -> types.LocalInterval:
    """Whole hours on the wall clock."""
    return pb_interval(time(span[0]), time(span[1] % 24))


def around(chance: random.Random, place: Place = DOWNTOWN, degrees: float = 0.02) -> Place:
    """A random place near ``place``."""
    return (
        round(place[0] + chance.uniform(-degrees, degrees), 6),
        round(place[1] + chance.uniform(-degrees, degrees), 6),
    )
