"""``slotsvc backlog add | list | change`` and ``slotsvc unplace``: work without a place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from slotsvc.cli.moments import Moment, Window, moment_of, window_of
from slotsvc.cli.options import Place, request_id_option, service, service_options
from slotsvc.cli.piped import from_stdin

if TYPE_CHECKING:
    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.visit_service_pb2 import CreateVisitRequest, UpdateVisitRequest, Visit

COMMITMENTS = ("appointment", "deadline", "flexible", "internal")
PAGE = 1000

urgent_option = click.option(
    "--priority", type=click.IntRange(0, 1000),
    help="Higher is more urgent; above 0 may use the emergency reserve.",
)  # fmt: skip
due_option = click.option("--due", type=Moment(), help="Must start before: fri/17:00.")


@click.group("backlog", short_help="Work without a place: add, list, change.")
def backlog_group() -> None:
    """Work that waits for a place on somebody's day."""


@backlog_group.command()
@click.option("--at", type=Place(), help="Where: a point.")
@click.option("--site", metavar="SITE", help="Where: a registered site.")
@click.option("--activity", metavar="TYPE", help="Activity type: duration and tags.")
@click.option("--minutes", type=click.FloatRange(1, 1440), help="Time on site.")
@click.option("--tag", "tags", multiple=True, help="Tag the technician must have; repeatable.")
@click.option("--team", metavar="TENANT/TEAM", help="Whose work.  [default: the only team]")
@click.option(
    "--commitment", type=click.Choice(COMMITMENTS), help="How firm.  [default: appointment]"
)
@due_option
@click.option("--target", type=Window(), help="Wished time, if flexible: fri/08:00-12:00.")
@urgent_option
@click.option("--told", type=Window(), multiple=True, help="Promised already; repeatable.")
@click.option("--channel", default="", help="How the client was told: phone, portal.")
@click.option("--client", default="", help="Your reference of the client.")
@click.option("--ref", default="", help="Your reference of the visit, unique.")
@click.option("--note", default="", help="Note for the technician.")
@request_id_option
@service_options
def add(
    team: str | None,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
    **typed: Any,
) -> None:
    """Put work into the backlog; `slotsvc suggest --visit VISIT` finds it a place.

    \b
    slotsvc backlog add --site rue-imberty --activity repair --due fri/17:00 --commitment deadline
    """
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.names import chosen_team

    if typed["site"] is None and typed["at"] is None:
        raise click.UsageError("Give one of --site or --at.")
    with service(address, timeout, config_file) as connected:
        name = chosen_team(connected, team)
        zone = ZoneInfo(connected.team(name).time_zone)
        request = _create_request(name, zone, typed)
        request.request_id = request_id or new_request_id()
        _show(connected.ask(connected.visits.CreateVisit, request).visit, zone, as_json)


def _create_request(team: str, zone: ZoneInfo, typed: dict[str, Any]) -> CreateVisitRequest:
    from slotsvc.cli.clock import utc_now
    from slotsvc.cli.names import full_name, tenant_of
    from slotsvc.cli.wire import pb_window
    from slotsvc.pb.v1.visit_service_pb2 import Commitment, CreateVisitRequest, Visit

    tenant, now = tenant_of(team), utc_now()
    visit = Visit(
        team=team,
        site=full_name(typed["site"] or "", "sites", tenant),
        activity_type=full_name(typed["activity"] or "", "activityTypes", tenant),
        required_tags=typed["tags"],
        priority=typed["priority"] or 0,
        client=typed["client"],
        external_ref=typed["ref"],
        note=typed["note"],
    )
    if typed["at"]:
        visit.location.latitude, visit.location.longitude = typed["at"]
    if typed["minutes"]:
        visit.service_duration.FromTimedelta(timedelta(minutes=typed["minutes"]))
    if typed["commitment"]:
        visit.commitment = Commitment.Value(f"COMMITMENT_{typed['commitment'].upper()}")
    if typed["due"]:
        visit.due_time.FromDatetime(moment_of(typed["due"], zone, now))
    if typed["target"]:
        visit.target_window.CopyFrom(pb_window(*window_of(typed["target"], zone, now)))
    told = [pb_window(*window_of(window, zone, now)) for window in typed["told"]]
    return CreateVisitRequest(
        parent=tenant, visit=visit, promised_windows=told, channel=typed["channel"]
    )


@backlog_group.command("list")
@click.option("--team", metavar="TENANT/TEAM", help="Whose work.  [default: the only team]")
@click.option("--client", default="", help="Only this client's.")
@service_options
def list_backlog(
    team: str | None,
    client: str,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Show the backlog, the most urgent first."""
    from slotsvc.cli.known_names import KnownNames
    from slotsvc.cli.names import chosen_team
    from slotsvc.cli.render_backlog import backlog_lines
    from slotsvc.cli.screen import console, show

    with service(address, timeout, config_file) as connected:
        name = chosen_team(connected, team)
        zone = ZoneInfo(connected.team(name).time_zone)
        found = unplaced(connected, name, client)
        if as_json:
            from slotsvc.cli.as_json import echo_json, placed_json

            echo_json({"team": name, "visits": [placed_json(visit) for visit in found]})
            return
        screen = console()
        names = KnownNames(connected, zone)
        show(backlog_lines(found, names, screen.width), screen)


def unplaced(connected: Service, team: str, client: str = "") -> Sequence[Visit]:
    """The team's whole backlog, page by page."""
    from slotsvc.cli.names import tenant_of
    from slotsvc.pb.v1.visit_service_pb2 import ListUnplacedRequest

    request = ListUnplacedRequest(parent=tenant_of(team), team=team, client=client, page_size=PAGE)
    found: list[Visit] = []
    while True:
        page = connected.ask(connected.visits.ListUnplaced, request)
        found += page.visits
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


@backlog_group.command()
@click.argument("name", metavar="VISIT")
@urgent_option
@due_option
@click.option("--no-due", is_flag=True, help="No due time any more.")
@click.option("--client", help="Your reference of the client.")
@click.option("--ref", help="Your reference of the visit, unique.")
@click.option("--note", help="Note for the technician.")
@request_id_option
@service_options
def change(
    name: str,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
    **typed: Any,
) -> None:
    """Change what is known of a visit, placed or not. Its place stays."""
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.known_names import zone_of_visit
    from slotsvc.cli.names import chosen_tenant, full_name
    from slotsvc.pb.v1.visit_service_pb2 import GetVisitRequest

    if all(value in (None, False) for value in typed.values()):
        raise click.UsageError("Say what to change: --priority, --due, --note, --client or --ref.")
    name = from_stdin(name, "visit")
    with service(address, timeout, config_file) as connected:
        full = full_name(name, "visits", chosen_tenant(connected, name))
        before = connected.ask(connected.visits.GetVisit, GetVisitRequest(name=full)).visit
        zone = zone_of_visit(connected, before)
        request = _update_request(full, zone, typed)
        request.request_id = request_id or new_request_id()
        _show(connected.ask(connected.visits.UpdateVisit, request).visit, zone, as_json)


def _update_request(name: str, zone: ZoneInfo, typed: dict[str, Any]) -> UpdateVisitRequest:
    from slotsvc.cli.clock import utc_now
    from slotsvc.pb.v1.visit_service_pb2 import UpdateVisitRequest

    request = UpdateVisitRequest()
    visit, paths = request.visit, request.update_mask.paths
    visit.name = name
    for option, path in (("client", "client"), ("ref", "external_ref"), ("note", "note")):
        if typed[option] is not None:
            setattr(visit, path, typed[option])
            paths.append(path)
    if typed["priority"] is not None:
        visit.priority = typed["priority"]
        paths.append("priority")
    if typed["due"]:
        visit.due_time.FromDatetime(moment_of(typed["due"], zone, utc_now()))
    if typed["due"] or typed["no_due"]:
        paths.append("due_time")
    return request


@click.command(short_help="Take a visit off its day, into the backlog.")
@click.argument("name", metavar="VISIT")
@request_id_option
@service_options
def unplace(
    name: str,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Take a visit off its day into the backlog. What the client was told stands."""
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.known_names import zone_of_visit
    from slotsvc.cli.names import chosen_tenant, full_name
    from slotsvc.pb.v1.visit_service_pb2 import UnplaceVisitRequest

    name = from_stdin(name, "visit")
    with service(address, timeout, config_file) as connected:
        full = full_name(name, "visits", chosen_tenant(connected, name))
        request = UnplaceVisitRequest(name=full, request_id=request_id or new_request_id())
        visit = connected.ask(connected.visits.UnplaceVisit, request).visit
        _show(visit, zone_of_visit(connected, visit), as_json)


def _show(visit: Visit, zone: ZoneInfo, as_json: bool) -> None:
    from slotsvc.cli.as_json import echo_json, placed_json
    from slotsvc.cli.render_visit import visit_lines
    from slotsvc.cli.screen import show

    if as_json:
        echo_json({"visit": placed_json(visit)})
    else:
        show(visit_lines(visit, zone))
