"""``slotsvc list``: the names that other commands take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.options import service, service_options

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from slotsvc.cli.channel import Service

KINDS = ("sites", "activities", "technicians", "teams")
TITLES = {
    "sites": ("Site", "Called", "At"),
    "activities": ("Activity", "Called", "Lasts"),
    "technicians": ("Technician", "Called", "Tags"),
    "teams": ("Team", "Called", "Time zone"),
}


@click.command("list", short_help="Show sites, activities, technicians or teams.")
@click.argument("kind", type=click.Choice(KINDS), metavar="|".join(KINDS))
@click.option("--tenant", metavar="TENANT", help="Whose.  [default: the only tenant]")
@service_options
def list_command(
    kind: str,
    tenant: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Show the names that other commands take."""
    with service(address, timeout, config_file) as connected:
        found = _all(connected, kind, _tenant(connected, tenant))
    if as_json:
        from slotsvc.cli.as_json import as_json as to_json
        from slotsvc.cli.as_json import echo_json

        echo_json({kind: [to_json(one) for one in found]})
    else:
        _show(kind, found)


def _tenant(connected: Service, tenant: str | None) -> str:
    from slotsvc.cli.names import chosen_tenant

    return f"tenants/{tenant.removeprefix('tenants/')}" if tenant else chosen_tenant(connected)


def _all(connected: Service, kind: str, tenant: str) -> list[Message]:
    """Every one, page by page."""
    from slotsvc.pb.v1 import calendar_service_pb2 as messages

    calls: dict[str, tuple[Any, Any, str]] = {
        "sites": (connected.calendar.ListSites, messages.ListSitesRequest, kind),
        "activities": (
            connected.calendar.ListActivityTypes, messages.ListActivityTypesRequest,
            "activity_types",
        ),
        "technicians": (connected.calendar.ListTechnicians, messages.ListTechniciansRequest, kind),
        "teams": (connected.calendar.ListTeams, messages.ListTeamsRequest, kind),
    }  # fmt: skip
    method, kind_of_request, field = calls[kind]
    request = kind_of_request(parent=tenant, page_size=1000)
    found: list[Message] = []
    while True:
        page = connected.ask(method, request)
        found += getattr(page, field)
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def _show(kind: str, found: Sequence[Any]) -> None:
    from slotsvc.cli.screen import Column, console, show, table

    first, called, more = TITLES[kind]
    columns = (Column(first, style="bold"), Column(called, gives=True), Column(more, style="dim"))
    rows = [(_id(kind, one), one.display_name, _more(kind, one)) for one in found]
    screen = console()
    show(table(columns, rows, screen.width) if rows else [f"No {kind} yet."], screen)


def _id(kind: str, one: Any) -> str:
    """What the commands take: a team with its tenant, all others alone."""
    parts = one.name.split("/")
    return f"{parts[1]}/{parts[3]}" if kind == "teams" else str(parts[3])


def _more(kind: str, one: Any) -> str:
    from slotsvc.cli.words import duration_words, place_words

    if kind == "sites":
        return place_words(one.location)
    if kind == "activities":
        return duration_words(one.service_duration)
    return ", ".join(one.tags) if kind == "technicians" else str(one.time_zone)
