"""Creates the demo's company through the API. What is there already stays as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from slotsvc.cli import demo_town as town
from slotsvc.cli.channel import new_request_id
from slotsvc.cli.wire import pb_date, pb_interval, pb_minutes, pb_place, pb_window

if TYPE_CHECKING:
    from slotsvc.cli.demo_calls import DemoCalls
    from slotsvc.pb.v1.calendar_service_pb2 import ActivityType, DayHours, Technician

TENANT = f"tenants/{town.TENANT}"
TEAM = f"{TENANT}/teams/{town.TEAM}"
LUNCH_MINUTES = 45
SATURDAY = 5
DAYS = 10
WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def working_days(today: date, count: int = DAYS) -> list[date]:
    """The next ``count`` days from Monday to Friday, from tomorrow on."""
    days: list[date] = []
    day = today
    while len(days) < count:
        day += timedelta(days=1)
        if day.weekday() < SATURDAY:
            days.append(day)
    return days


async def create_company(calls: DemoCalls, days: Sequence[date]) -> bool:
    """Tenant, team, technicians, activity types, sites; whether it was made now."""
    made = await _create_tenant_and_team(calls)
    await asyncio.gather(
        *(_create_activity(calls, activity) for activity in town.ACTIVITIES),
        *(_create_technician(calls, person) for person in town.TECHNICIANS),
        *(_create_site(calls, site) for site in town.SITES),
    )
    await _create_absence(calls, days[2])
    await _create_half_day(calls, days[4])
    return made


async def _create_tenant_and_team(calls: DemoCalls) -> bool:
    from slotsvc.pb.v1.calendar_service_pb2 import (
        CreateTeamRequest,
        CreateTenantRequest,
        Team,
        Tenant,
    )

    tenant = CreateTenantRequest(
        tenant_id=town.TENANT,
        tenant=Tenant(display_name="Riviera Services", tags=town.TAGS),
        request_id=new_request_id(),
    )
    team = CreateTeamRequest(
        parent=TENANT,
        team_id=town.TEAM,
        team=Team(display_name="Monaco", time_zone=town.ZONE),
        request_id=new_request_id(),
    )
    made = await calls.create(calls.calendar.CreateTenant, tenant)
    await calls.create(calls.calendar.CreateTeam, team)
    return made


async def _create_activity(calls: DemoCalls, activity: town.DemoActivity) -> None:
    from slotsvc.pb.v1.calendar_service_pb2 import CreateActivityTypeRequest

    request = CreateActivityTypeRequest(
        parent=TENANT,
        activity_type_id=activity.id,
        activity_type=activity_type(activity),
        request_id=new_request_id(),
    )
    await calls.create(calls.calendar.CreateActivityType, request)


def activity_type(activity: town.DemoActivity) -> ActivityType:
    """On the wire."""
    from slotsvc.pb.v1.calendar_service_pb2 import ActivityType
    from slotsvc.pb.v1.types_pb2 import OfferGrid

    return ActivityType(
        display_name=activity.name,
        service_duration=pb_minutes(activity.minutes),
        required_tags=activity.tags,
        offer_grid=OfferGrid(cells=[pb_interval(*window) for window in activity.windows]),
    )


async def _create_technician(calls: DemoCalls, person: town.DemoTechnician) -> None:
    from slotsvc.pb.v1.calendar_service_pb2 import CreateTechnicianRequest

    request = CreateTechnicianRequest(
        parent=TENANT,
        technician_id=person.id,
        technician=technician(person),
        request_id=new_request_id(),
    )
    await calls.create(calls.calendar.CreateTechnician, request)


def technician(person: town.DemoTechnician) -> Technician:
    """On the wire."""
    from slotsvc.pb.v1.calendar_service_pb2 import Technician, WorkingTime

    hours = _day_hours(person.start, person.end, lunch=person.lunch)
    return Technician(
        display_name=person.name,
        team=TEAM,
        start_location=pb_place(*person.home),
        working_time=WorkingTime(**{WEEKDAY_NAMES[day]: hours for day in person.weekdays}),
        tags=person.tags,
    )


def _day_hours(start: time, end: time, *, lunch: bool) -> DayHours:
    from slotsvc.pb.v1.calendar_service_pb2 import DayHours
    from slotsvc.pb.v1.types_pb2 import BreakRule

    noon = BreakRule(begins=pb_interval(time(12), time(13)), duration=pb_minutes(LUNCH_MINUTES))
    return DayHours(hours=pb_interval(start, end), breaks=[noon] if lunch else [])


async def _create_site(calls: DemoCalls, site: town.DemoSite) -> None:
    from slotsvc.pb.v1.calendar_service_pb2 import CreateSiteRequest, Site

    request = CreateSiteRequest(
        parent=TENANT,
        site_id=site.id,
        site=Site(
            display_name=site.street,
            location=pb_place(site.lat, site.lon),
            address=site.address,
        ),
        request_id=new_request_id(),
    )
    await calls.create(calls.calendar.CreateSite, request)


async def _create_absence(calls: DemoCalls, day: date) -> None:
    from slotsvc.pb.v1.calendar_service_pb2 import (
        ABSENCE_CATEGORY_TRAINING,
        Absence,
        CreateAbsenceRequest,
    )

    zone = ZoneInfo(town.ZONE)
    start, end = (
        datetime.combine(date_, time(), zone).astimezone(UTC)
        for date_ in (day, day + timedelta(days=1))
    )
    request = CreateAbsenceRequest(
        parent=f"{TENANT}/technicians/{town.ABSENT}",
        absence_id="training",
        absence=Absence(
            window=pb_window(start, end), category=ABSENCE_CATEGORY_TRAINING, note="Course"
        ),
        request_id=new_request_id(),
    )
    await calls.create(calls.calendar.CreateAbsence, request)


async def _create_half_day(calls: DemoCalls, day: date) -> None:
    from slotsvc.pb.v1.calendar_service_pb2 import CreateShiftExceptionRequest, ShiftException

    request = CreateShiftExceptionRequest(
        parent=f"{TENANT}/technicians/{town.HALF_DAY}",
        shift_exception_id="half-day",
        shift_exception=ShiftException(
            date=pb_date(day),
            hours=_day_hours(time(8), time(12), lunch=False),
            note="Leaves at noon",
        ),
        request_id=new_request_id(),
    )
    await calls.create(calls.calendar.CreateShiftException, request)
