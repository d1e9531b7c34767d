"""``slotsvc hold | extend | release``: reserve a slot for some minutes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.failure import CommandError
from slotsvc.cli.options import request_id_option, service, service_options
from slotsvc.cli.piped import from_stdin

if TYPE_CHECKING:
    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.slot_service_pb2 import Hold

minutes_option = click.option(
    "--minutes", type=click.FloatRange(0.1, 15), help="How long, counted from now.  [default: 5]"
)
reference_options = (
    click.option("--ref", default="", help="Your reference of the visit, unique."),
    click.option("--note", default="", help="Note for the technician."),
)


@click.command()
@click.argument("token")
@minutes_option
@reference_options[0]
@reference_options[1]
@click.option("--name-only", is_flag=True, help="Print the hold's name only, to pipe on.")
@request_id_option
@service_options
def hold(
    token: str,
    minutes: float | None,
    ref: str,
    note: str,
    name_only: bool,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Reserve the slot of TOKEN until it is confirmed or expires.

    TOKEN `-` reads stdin: what `suggest --pick N` prints, with or without --json.

    \b
    slotsvc suggest … --pick 1 | slotsvc hold - --name-only | slotsvc book -
    """
    from slotsvc.cli.channel import new_request_id
    from slotsvc.pb.v1.slot_service_pb2 import HoldSlotRequest

    request = HoldSlotRequest(
        token=from_stdin(token, "slot"),
        request_id=request_id or new_request_id(),
        external_ref=ref,
        note=note,
    )
    if minutes is not None:
        request.hold_duration.FromSeconds(round(minutes * 60))
    with service(address, timeout, config_file) as connected, alternatives_on_time(connected):
        held = connected.ask(connected.slots.HoldSlot, request).hold
        if name_only and not as_json:
            click.echo(held.name)
        else:
            _show(held, connected, as_json)


@click.command()
@click.argument("name", metavar="HOLD")
@minutes_option
@request_id_option
@service_options
def extend(
    name: str,
    minutes: float | None,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Prolong a hold, once. `-` reads stdin: a hold's name, or `hold --json`."""
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.names import chosen_tenant, full_name
    from slotsvc.pb.v1.slot_service_pb2 import ExtendHoldRequest

    name = from_stdin(name, "hold")
    with service(address, timeout, config_file) as connected:
        full = full_name(name, "holds", chosen_tenant(connected, name))
        request = ExtendHoldRequest(hold=full, request_id=request_id or new_request_id())
        if minutes is not None:
            request.hold_duration.FromSeconds(round(minutes * 60))
        _show(connected.ask(connected.slots.ExtendHold, request).hold, connected, as_json)


@click.command()
@click.argument("name", metavar="HOLD")
@request_id_option
@service_options
def release(
    name: str,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Give a hold back. `-` reads stdin: a hold's name, or `hold --json`."""
    from slotsvc.cli.as_json import echo_json
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.names import chosen_tenant, full_name
    from slotsvc.pb.v1.slot_service_pb2 import ReleaseHoldRequest

    name = from_stdin(name, "hold")
    with service(address, timeout, config_file) as connected:
        full = full_name(name, "holds", chosen_tenant(connected, name))
        request = ReleaseHoldRequest(hold=full, request_id=request_id or new_request_id())
        connected.ask(connected.slots.ReleaseHold, request)
    if as_json:
        echo_json({"released": full})
    else:
        click.echo(f"Released: {full}")


@contextmanager
def alternatives_on_time(connected: Service) -> Iterator[None]:
    """Gives a SLOT_GONE failure the zone of its alternatives, so that they are shown in it."""
    try:
        yield
    except CommandError as failure:
        if failure.alternatives:
            failure.zone = connected.zone_of_technician(failure.alternatives[0].place.technician)
        raise


def _show(held: Hold, connected: Service, as_json: bool) -> None:
    if as_json:
        from slotsvc.cli.as_json import echo_json, placed_json

        echo_json({"hold": placed_json(held)})
        return
    from slotsvc.cli.render_visit import hold_lines
    from slotsvc.cli.screen import show

    show(hold_lines(held, connected.zone_of_technician(held.place.technician)))
