"""A day as the engine tells it, in few words: 3 June 2030 in Monaco unless another is said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from google.type.date_pb2 import Date
from google.type.latlng_pb2 import LatLng

from slotsvc.cli.wire import pb_window
from slotsvc.pb.v1.calendar_service_pb2 import ActivityType, Site
from slotsvc.pb.v1.plan_service_pb2 import Route, RouteFinding, RouteState, RouteStop, Transition
from slotsvc.pb.v1.types_pb2 import TimeWindow
from slotsvc.pb.v1.visit_service_pb2 import Visit, VisitState
from slotsvc.portal.day.rows import Known

ZONE = ZoneInfo("Europe/Monaco")
DEPOT = LatLng(latitude=43.733, longitude=7.417)
TENANT = "tenants/acme"
KNOWN = Known(
    {
        f"{TENANT}/visits/{id}": Visit(
            name=f"{TENANT}/visits/{id}",
            activity_type=f"{TENANT}/activityTypes/service",
            site=f"{TENANT}/sites/casino",
            client="anna",
        )
        for id in "abcd"
    },
    {f"{TENANT}/sites/casino": Site(address="Place du Casino")},
    {f"{TENANT}/activityTypes/service": ActivityType(display_name="Service")},
)


def at(clock: str, day: int = 3, month: int = 6, fold: int = 0) -> datetime:
    """The instant of the wall clock "HH:MM", UTC."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2030, month, day, hour, minute, fold=fold, tzinfo=ZONE).astimezone(UTC)


def between(start: str, end: str) -> TimeWindow:
    """On 3 June."""
    return pb_window(at(start), at(end))


def stop(id: str, start: datetime, end: datetime, **told: object) -> RouteStop:
    """A booked visit that begins when he gets there, unless ``arrival_time`` is told."""
    told = {"state": VisitState.VISIT_STATE_BOOKED, "arrival_time": start} | told
    place = LatLng(latitude=43.74, longitude=7.43)
    return RouteStop(
        visit=f"{TENANT}/visits/{id}", start_time=start, end_time=end, location=place, **told
    )


def driving(minutes: int, *breaks: TimeWindow) -> Transition:
    """What lies between two stops."""
    return Transition(travel_duration=timedelta(minutes=minutes), breaks=breaks)


def route(
    shift: tuple[datetime, datetime],
    stops: Sequence[RouteStop] = (),
    transitions: Sequence[Transition] = (),
    *,
    who: str = "ann",
    findings: Sequence[RouteFinding] = (),
    **told: object,
) -> Route:
    """A shift from and to the depot."""
    told = {"state": RouteState.ROUTE_STATE_DRAFT} | told
    return Route(
        technician=f"{TENANT}/technicians/{who}",
        technician_display_name=who.title(),
        date=Date(year=2030, month=6, day=3),
        shift=pb_window(*shift),
        start_location=DEPOT,
        end_location=DEPOT,
        stops=stops,
        transitions=transitions,
        findings=findings,
        **told,
    )


def off(who: str, reason: str) -> Route:
    """Somebody who does not work."""
    return Route(
        technician=f"{TENANT}/technicians/{who}",
        technician_display_name=who.title(),
        no_shift_reason=reason,
    )
