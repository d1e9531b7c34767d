"""``slotsvc book | reschedule | cancel``: turn slots into visits, move them, end them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.hold import alternatives_on_time, reference_options
from slotsvc.cli.options import from_stdin, request_id_option, service, service_options

if TYPE_CHECKING:
    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.visit_service_pb2 import Visit

PINS = {"technician": "PIN_TECHNICIAN", "start": "PIN_START"}


@click.command(short_help="Confirm a hold, or a slot in one step.")
@click.argument("source", metavar="HOLD|TOKEN")
@click.option("--pin", type=click.Choice(sorted(PINS)), help="What only a planner may change.")
@reference_options[0]
@reference_options[1]
@request_id_option
@service_options
def book(
    source: str,
    pin: str | None,
    ref: str,
    note: str,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Confirm a hold, or hold and confirm a slot's token in one step. `-` reads stdin."""
    from slotsvc.cli.channel import new_request_id
    from slotsvc.pb.v1.types_pb2 import PIN_UNSPECIFIED, Pin
    from slotsvc.pb.v1.visit_service_pb2 import BookVisitRequest

    source = from_stdin(source)
    request = BookVisitRequest(
        request_id=request_id or new_request_id(),
        external_ref=ref,
        note=note,
        pin=Pin.Value(PINS[pin]) if pin else PIN_UNSPECIFIED,
        **_source(source),
    )
    with service(address, timeout, config_file) as connected, alternatives_on_time(connected):
        _show(connected.ask(connected.visits.BookVisit, request).visit, connected, as_json)


@click.command(short_help="Move a visit to another slot.")
@click.argument("name", metavar="VISIT")
@click.argument("source", metavar="TOKEN|HOLD")
@request_id_option
@service_options
def reschedule(
    name: str,
    source: str,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Move a visit to a slot found with `slotsvc suggest --visit VISIT`. `-` reads stdin."""
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.names import chosen_tenant, full_name
    from slotsvc.pb.v1.visit_service_pb2 import RescheduleVisitRequest

    source = from_stdin(source)
    with service(address, timeout, config_file) as connected, alternatives_on_time(connected):
        full = full_name(name, "visits", chosen_tenant(connected, name))
        request = RescheduleVisitRequest(
            name=full, request_id=request_id or new_request_id(), **_source(source)
        )
        _show(connected.ask(connected.visits.RescheduleVisit, request).visit, connected, as_json)


@click.command()
@click.argument("name", metavar="VISIT")
@click.option("--cause", default="", help="Why; kept in the audit trail.")
@request_id_option
@service_options
def cancel(
    name: str,
    cause: str,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Cancel a visit; its place is free at once. `-` reads stdin."""
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.names import chosen_tenant, full_name
    from slotsvc.pb.v1.visit_service_pb2 import CancelVisitRequest

    name = from_stdin(name)
    with service(address, timeout, config_file) as connected:
        full = full_name(name, "visits", chosen_tenant(connected, name))
        request = CancelVisitRequest(
            name=full, cause=cause, request_id=request_id or new_request_id()
        )
        _show(connected.ask(connected.visits.CancelVisit, request).visit, connected, as_json)


def _source(text: str) -> dict[str, str]:
    """A hold has a resource name; anything else is a token."""
    return {"hold": text} if text.startswith("tenants/") else {"token": text}


def _show(visit: Visit, connected: Service, as_json: bool) -> None:
    if as_json:
        from slotsvc.cli.as_json import as_json as to_json
        from slotsvc.cli.as_json import echo_json

        echo_json({"visit": to_json(visit)})
        return
    from zoneinfo import ZoneInfo

    from slotsvc.cli.render_visit import visit_lines
    from slotsvc.cli.screen import show

    placed = visit.place.technician
    show(visit_lines(visit, connected.zone_of_technician(placed) if placed else ZoneInfo("UTC")))
