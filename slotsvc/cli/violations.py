"""``slotsvc violations``: every rule broken on a team's days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from slotsvc.cli.options import Day, service, service_options

if TYPE_CHECKING:
    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.plan_service_pb2 import ListViolationsRequest, ListViolationsResponse


@click.command(short_help="List what is broken on a team's days.")
@click.argument("team", metavar="[TENANT/TEAM]", required=False)
@click.option("--from", "first_day", type=Day(), help="First day.  [default: today]")
@click.option("--to", "last_day", type=Day(), help="Last day.  [default: 28 days later]")
@service_options
def violations(
    team: str | None,
    first_day: Callable[[date], date] | None,
    last_day: Callable[[date], date] | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """List what is broken on a team's days: what, by how much, since when, why, and who accepted.

    Nothing the service does by itself adds to this list or makes an entry bigger.
    """
    from slotsvc.cli.names import chosen_team
    from slotsvc.pb.v1.plan_service_pb2 import ListViolationsRequest

    with service(address, timeout, config_file) as connected:
        name = chosen_team(connected, team)
        zone = ZoneInfo(connected.team(name).time_zone)
        request = ListViolationsRequest(team=name)
        _put_days(request, zone, first_day, last_day)
        answer = connected.ask(connected.plan.ListViolations, request)
        _show(connected, answer, zone, as_json)


def _put_days(
    request: ListViolationsRequest,
    zone: ZoneInfo,
    first_day: Callable[[date], date] | None,
    last_day: Callable[[date], date] | None,
) -> None:
    from slotsvc.cli.clock import utc_now
    from slotsvc.cli.wire import pb_date

    today = utc_now().astimezone(zone).date()
    if first_day:
        request.first_date.CopyFrom(pb_date(first_day(today)))
    if last_day:
        request.last_date.CopyFrom(pb_date(last_day(today)))


def _show(
    connected: Service, answer: ListViolationsResponse, zone: ZoneInfo, as_json: bool
) -> None:
    from slotsvc.cli.as_json import as_json as to_json
    from slotsvc.cli.as_json import echo_json
    from slotsvc.cli.known_names import KnownNames
    from slotsvc.cli.render_findings import NO_BREACH, violation_lines
    from slotsvc.cli.screen import console, show

    if as_json:
        echo_json({"time_zone": zone.key, **to_json(answer)})
        return
    screen = console()
    names = KnownNames(connected, zone)
    show(violation_lines(answer.routes, zone, names, screen.width) or [NO_BREACH], screen)
