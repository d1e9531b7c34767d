"""``slotsvc announce``: what a client was told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.moments import Window, window_of
from slotsvc.cli.options import request_id_option, service, service_options
from slotsvc.cli.words import to_date

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slotsvc.pb.v1.types_pb2 import TimeWindow
    from slotsvc.pb.v1.visit_service_pb2 import Visit


@click.command(short_help="Note what a client was told.")
@click.argument("name", metavar="VISIT")
@click.argument("windows", type=Window(), nargs=-1, required=True, metavar="WINDOW...")
@click.option("--channel", default="", help="How: phone, portal, mail.")
@click.option("--instead", is_flag=True, help="The client agreed: what was told before is off.")
@request_id_option
@service_options
def announce(
    name: str,
    windows: tuple[Any, ...],
    channel: str,
    instead: bool,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Note that the client was told: the visit starts in one of these windows.

    WINDOW: 08:00-10:00 on the visit's day, fri/08:00-10:00, or 2026-11-24/08:00-10:00. Everything
    that was told holds, so the narrowest counts, unless --instead.
    """
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.known_names import zone_of_visit
    from slotsvc.cli.names import chosen_tenant, full_name
    from slotsvc.pb.v1.visit_service_pb2 import AnnouncePromiseRequest, GetVisitRequest

    with service(address, timeout, config_file) as connected:
        full = full_name(name, "visits", chosen_tenant(connected, name))
        visit = connected.ask(connected.visits.GetVisit, GetVisitRequest(name=full)).visit
        zone = zone_of_visit(connected, visit)
        request = AnnouncePromiseRequest(
            name=full,
            windows=[_window(one, visit, zone) for one in windows],
            channel=channel,
            supersedes=instead,
            request_id=request_id or new_request_id(),
        )
        _show(connected.ask(connected.visits.AnnouncePromise, request).visit, zone, as_json)


def _window(typed: Any, visit: Visit, zone: ZoneInfo) -> TimeWindow:
    from slotsvc.cli.clock import utc_now
    from slotsvc.cli.wire import pb_window

    usual = to_date(visit.place.date) if visit.HasField("place") else None
    return pb_window(*window_of(typed, zone, utc_now(), usual))


def _show(visit: Visit, zone: ZoneInfo, as_json: bool) -> None:
    from slotsvc.cli.as_json import echo_json, placed_json
    from slotsvc.cli.render_visit import promise_lines, visit_lines
    from slotsvc.cli.screen import show

    if as_json:
        echo_json({"visit": placed_json(visit)})
        return
    show([*visit_lines(visit, zone), *promise_lines(visit, zone)])
