"""``slotsvc publish``: tell technicians their days, or take them back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from slotsvc.cli.options import Day, request_id_option, service, service_options

if TYPE_CHECKING:
    from slotsvc.cli.channel import Service


@click.command(short_help="Tell technicians their days.")
@click.argument("team", metavar="TENANT/TEAM")
@click.argument("day", type=Day())
@click.option("--until", type=Day(), help="Last day, included.  [default: DAY only]")
@click.option("--technician", metavar="TECHNICIAN", default="", help="Only this one.")
@click.option("--withdraw", is_flag=True, help="Back to draft: the order may change again.")
@request_id_option
@service_options
def publish(
    team: str,
    day: Callable[[date], date],
    until: Callable[[date], date] | None,
    technician: str,
    withdraw: bool,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Tell technicians their days. From then on visits are only put in between, never reordered."""
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.clock import utc_now
    from slotsvc.cli.names import full_name, team_name, tenant_of
    from slotsvc.cli.wire import pb_date
    from slotsvc.pb.v1.plan_service_pb2 import PublishRoutesRequest

    name = team_name(team)
    with service(address, timeout, config_file) as connected:
        today = utc_now().astimezone(_zone(connected, name)).date()
        request = PublishRoutesRequest(
            team=name,
            first_date=pb_date(day(today)),
            technician=full_name(technician, "technicians", tenant_of(name)),
            withdraw=withdraw,
            request_id=request_id or new_request_id(),
        )
        if until:
            request.last_date.CopyFrom(pb_date(until(today)))
        changed = connected.ask(connected.plan.PublishRoutes, request).routes
    _show(changed, withdraw, as_json)


def _zone(connected: Service, team: str) -> ZoneInfo:
    return ZoneInfo(connected.team(team).time_zone)


def _show(changed: int, withdraw: bool, as_json: bool) -> None:
    from slotsvc.cli.as_json import echo_json
    from slotsvc.cli.words import count_words

    if as_json:
        echo_json({"routes": changed, "withdrawn": withdraw})
    elif changed:
        done = "Back to draft" if withdraw else "Published"
        click.echo(f"{done}: {count_words(changed, 'shift')}.")
    else:
        click.echo("Nothing changed: they are as you want them, under way, or nobody works.")
