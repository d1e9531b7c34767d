"""``slotsvc calendar``: a team's day or a technician's week."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.options import Day, service, service_options

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.plan_service_pb2 import Route
    from slotsvc.pb.v1.visit_service_pb2 import ListVisitsRequest, Visit

WEEK = 7


@click.command()
@click.argument("day", type=Day(), default="today")
@click.option("--team", metavar="TENANT/TEAM", help="Whose calendars.  [default: the only team]")
@click.option("--technician", metavar="TECHNICIAN", help="One technician's week from DAY.")
@click.option(
    "--days", type=click.IntRange(1, 62), help="How many days.  [default: 1, a technician's 7]"
)
@click.option("--list", "listed", is_flag=True, help="Name every visit with its times.")
@service_options
def calendar(
    day: Callable[[date], date],
    team: str | None,
    technician: str | None,
    days: int | None,
    listed: bool,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Show routes as a timeline. DAY: 2026-11-24, today, tomorrow, fri, +3."""
    from slotsvc.cli.clock import utc_now

    with service(address, timeout, config_file) as connected:
        name, zone = _team(connected, team, technician)
        first = day(utc_now().astimezone(zone).date())
        dates = [first + timedelta(days=i) for i in range(days or (WEEK if technician else 1))]
        routes = [_routes(connected, name, one, technician or "") for one in dates]
        visits = _visits(connected, name, dates, technician or "") if listed else []
    if as_json:
        _print_json(name, zone, dates, routes)
    else:
        _print(name, zone, dates, routes, visits, listed, bool(technician))


def _team(connected: Service, team: str | None, technician: str | None) -> tuple[str, ZoneInfo]:
    from zoneinfo import ZoneInfo

    from slotsvc.cli.names import chosen_team, full_name
    from slotsvc.pb.v1.calendar_service_pb2 import GetTechnicianRequest

    if team is None and technician and "/" in technician:
        request = GetTechnicianRequest(name=full_name(technician, "technicians", ""))
        team = connected.ask(connected.calendar.GetTechnician, request).technician.team
    name = chosen_team(connected, team)
    return name, ZoneInfo(connected.team(name).time_zone)


def _routes(connected: Service, team: str, day: date, technician: str) -> Sequence[Route]:
    from slotsvc.cli.names import full_name, tenant_of
    from slotsvc.cli.wire import pb_date
    from slotsvc.pb.v1.plan_service_pb2 import GetDayRequest

    who = full_name(technician, "technicians", tenant_of(team))
    request = GetDayRequest(team=team, date=pb_date(day), technician=who)
    return connected.ask(connected.plan.GetDay, request).routes


def _visits(
    connected: Service, team: str, dates: Sequence[date], technician: str
) -> Sequence[Visit]:
    """Those still to be done, and those done: the list leaves the latter out unless asked."""
    from slotsvc.cli.names import full_name, tenant_of
    from slotsvc.cli.wire import pb_date
    from slotsvc.pb.v1.visit_service_pb2 import (
        VISIT_STATE_DONE,
        VISIT_STATE_UNSPECIFIED,
        ListVisitsRequest,
    )

    request = ListVisitsRequest(
        parent=tenant_of(team),
        page_size=1000,
        team=team,
        technician=full_name(technician, "technicians", tenant_of(team)),
        first_date=pb_date(dates[0]),
        last_date=pb_date(dates[-1]),
    )
    found: list[Visit] = []
    for state in (VISIT_STATE_UNSPECIFIED, VISIT_STATE_DONE):
        request.state, request.page_token = state, ""
        found += _all_pages(connected, request)
    return found


def _all_pages(connected: Service, request: ListVisitsRequest) -> Iterator[Visit]:
    while True:
        page = connected.ask(connected.visits.ListVisits, request)
        yield from page.visits
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def _print_json(
    team: str, zone: ZoneInfo, dates: Sequence[date], routes: Sequence[Sequence[Route]]
) -> None:
    from slotsvc.cli.as_json import as_json, echo_json

    days = [
        {"date": day.isoformat(), "routes": [as_json(route) for route in of_day]}
        for day, of_day in zip(dates, routes, strict=True)
    ]
    echo_json({"team": team, "time_zone": zone.key, "days": days})


def _print(
    team: str,
    zone: ZoneInfo,
    dates: Sequence[date],
    routes: Sequence[Sequence[Route]],
    visits: Sequence[Visit],
    listed: bool,
    one_person: bool,
) -> None:
    from slotsvc.cli.render_day import list_lines, week_lines
    from slotsvc.cli.screen import console, show

    screen = console()
    plain = not screen.encoding.lower().startswith("utf")
    show(week_lines(team, zone, dates, routes, screen.width, one_person, plain), screen)
    if listed:
        show(list_lines(routes, visits, zone, screen.width), screen)
