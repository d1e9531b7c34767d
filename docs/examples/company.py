"""Sets up a small company over gRPC: one team, two technicians, one kind of visit.

    python docs/examples/company.py [HOST:PORT]

Places are in Monaco; put your own. Run it twice and it says that the company exists.
"""

from __future__ import annotations

import sys
import uuid

import grpc
from google.protobuf.duration_pb2 import Duration
from google.type.latlng_pb2 import LatLng
from google.type.timeofday_pb2 import TimeOfDay

from slotsvc.pb.v1 import calendar_service_pb2 as calendar
from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub
from slotsvc.pb.v1.types_pb2 import BreakRule, LocalInterval, OfferGrid

TEAM = "tenants/acme/teams/north"


def hours(start: int, end: int) -> LocalInterval:
    """From one full hour to another."""
    return LocalInterval(start=TimeOfDay(hours=start), end=TimeOfDay(hours=end))


def create_company(service: CalendarServiceStub) -> None:
    """Tenant, team, technicians, activity type; every change carries an id of its own."""
    fresh = lambda: str(uuid.uuid4())  # noqa: E731
    service.CreateTenant(
        calendar.CreateTenantRequest(
            tenant_id="acme",
            tenant=calendar.Tenant(display_name="Acme Boilers", tags=["boiler"]),
            request_id=fresh(),
        )
    )
    service.CreateTeam(
        calendar.CreateTeamRequest(
            parent="tenants/acme",
            team_id="north",
            team=calendar.Team(display_name="North", time_zone="Europe/Monaco"),
            request_id=fresh(),
        )
    )
    lunch = BreakRule(begins=hours(12, 14), duration=Duration(seconds=45 * 60))
    workday = calendar.DayHours(hours=hours(8, 17), breaks=[lunch])
    days = ("monday", "tuesday", "wednesday", "thursday", "friday")
    week = calendar.WorkingTime(**dict.fromkeys(days, workday))
    for who, lat, lon in (("ann", 43.7333, 7.4169), ("bob", 43.7458, 7.4145)):
        service.CreateTechnician(
            calendar.CreateTechnicianRequest(
                parent="tenants/acme",
                technician_id=who,
                technician=calendar.Technician(
                    display_name=who.title(),
                    team=TEAM,
                    start_location=LatLng(latitude=lat, longitude=lon),
                    working_time=week,
                    tags=["boiler"],
                ),
                request_id=fresh(),
            )
        )
    grid = OfferGrid(cells=[hours(8, 10), hours(10, 12), hours(13, 15), hours(15, 17)])
    service.CreateActivityType(
        calendar.CreateActivityTypeRequest(
            parent="tenants/acme",
            activity_type_id="boiler-service",
            activity_type=calendar.ActivityType(
                display_name="Boiler service",
                service_duration=Duration(seconds=3600),
                required_tags=["boiler"],
                offer_grid=grid,
            ),
            request_id=fresh(),
        )
    )


def main() -> None:
    """Connects and creates; an existing company is left as it is."""
    address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"
    try:
        create_company(CalendarServiceStub(grpc.insecure_channel(address)))
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
            raise
        sys.stdout.write("acme exists already\n")
    else:
        sys.stdout.write(f"created {TEAM}\n")


if __name__ == "__main__":
    main()
