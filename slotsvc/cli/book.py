"""``slotsvc book | reschedule | cancel``: turn slots into visits, move them, end them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.failure import CommandError
from slotsvc.cli.hold import alternatives_on_time, reference_options
from slotsvc.cli.options import request_id_option, service, service_options
from slotsvc.cli.piped import from_stdin

if TYPE_CHECKING:
    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.visit_service_pb2 import (
        BookVisitRequest,
        RescheduleVisitRequest,
        Visit,
    )

HOLD_ID = re.compile(r"h-[0-9a-f]{25}")
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
    """Confirm a hold, or hold and confirm a slot's token in one step.

    `-` reads stdin: a token, a hold's name, or what `suggest --pick N --json` and `hold --json`
    print.
    """
    from slotsvc.cli.channel import new_request_id
    from slotsvc.pb.v1.types_pb2 import PIN_UNSPECIFIED, Pin
    from slotsvc.pb.v1.visit_service_pb2 import BookVisitRequest

    source = from_stdin(source, "hold", "slot")
    request = BookVisitRequest(
        request_id=request_id or new_request_id(),
        external_ref=ref,
        note=note,
        pin=Pin.Value(PINS[pin]) if pin else PIN_UNSPECIFIED,
    )
    with service(address, timeout, config_file) as connected, alternatives_on_time(connected):
        _put_source(request, source, connected)
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
    """Move a visit to a slot found with `slotsvc suggest --visit VISIT`.

    TOKEN `-` reads stdin: what `suggest --pick N` prints, with or without --json.
    """
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.names import chosen_tenant, full_name
    from slotsvc.pb.v1.visit_service_pb2 import RescheduleVisitRequest

    source = from_stdin(source, "hold", "slot")
    with service(address, timeout, config_file) as connected, alternatives_on_time(connected):
        full = full_name(name, "visits", chosen_tenant(connected, name))
        request = RescheduleVisitRequest(name=full, request_id=request_id or new_request_id())
        _put_source(request, source, connected)
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
    """Cancel a visit; its place is free at once. `-` reads stdin: a name, or `book --json`."""
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.names import chosen_tenant, full_name
    from slotsvc.pb.v1.visit_service_pb2 import CancelVisitRequest

    name = from_stdin(name, "visit")
    with service(address, timeout, config_file) as connected:
        full = full_name(name, "visits", chosen_tenant(connected, name))
        request = CancelVisitRequest(
            name=full, cause=cause, request_id=request_id or new_request_id()
        )
        try:
            cancelled = connected.ask(connected.visits.CancelVisit, request).visit
        except CommandError as failure:
            raise _already(failure, connected, full) from None
        _show(cancelled, connected, as_json)


def _already(failure: CommandError, connected: Service, name: str) -> CommandError:
    """The failure, or that the visit is cancelled already where that is the reason."""
    from slotsvc.pb.v1.visit_service_pb2 import VISIT_STATE_CANCELLED, GetVisitRequest

    if failure.reason != "WRONG_STATE":
        return failure
    visit = connected.ask(connected.visits.GetVisit, GetVisitRequest(name=name)).visit
    if visit.state != VISIT_STATE_CANCELLED:
        return failure
    return CommandError("The visit is already cancelled.", failure.reason, failure.exit_code)


def _put_source(
    request: BookVisitRequest | RescheduleVisitRequest, text: str, connected: Service
) -> None:
    """A hold has a resource name, or the id in it; anything else is a token."""
    from slotsvc.cli.names import chosen_tenant, full_name

    if text.startswith("tenants/") or HOLD_ID.fullmatch(text):
        request.hold = full_name(text, "holds", chosen_tenant(connected, text))
    else:
        request.token = text


def _show(visit: Visit, connected: Service, as_json: bool) -> None:
    if as_json:
        from slotsvc.cli.as_json import echo_json, placed_json

        echo_json({"visit": placed_json(visit)})
        return
    from zoneinfo import ZoneInfo

    from slotsvc.cli.render_visit import visit_lines
    from slotsvc.cli.screen import show

    placed = visit.place.technician
    show(visit_lines(visit, connected.zone_of_technician(placed) if placed else ZoneInfo("UTC")))
