"""``slotsvc why-not``: what stands in the way of a window, and what would open it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.failure import CommandError
from slotsvc.cli.moments import OnDay, Window
from slotsvc.cli.options import Day, Span, service, service_options
from slotsvc.cli.suggest import FREEDOMS, Wish, slot_request, team_of_visit, visit_options

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.slot_service_pb2 import WhyNotRequest, WhyNotResponse


class When(click.ParamType[Any]):
    """A window, or a day: all its windows."""

    name = "WHEN"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> OnDay[Span] | Callable[[date], date]:
        try:
            return Window().convert(value, param, ctx)
        except click.BadParameter:
            return Day().convert(value, param, ctx)


@click.command("why-not", short_help="Say what would make a window possible.")
@click.argument("technician")
@click.argument("when", type=When())
@click.option("--team", metavar="TENANT/TEAM", help="Whose calendars.  [default: the only team]")
@visit_options
@click.option(
    "--ways",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="How many ways out to show for each window.",
)
@click.option(
    "--token", is_flag=True, help="Print the token to hold it only, where it is possible."
)
@service_options
def why_not(
    technician: str,
    when: OnDay[Span] | Callable[[date], date],
    team: str | None,
    ways: int,
    token: bool,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
    **typed: Any,
) -> None:
    """Say why TECHNICIAN cannot serve WHEN, and what would make it possible.

    WHEN is a window, on the offer grid or not, or a day: then all windows of the grid on it. Every
    way out was tried on the day and checked.

    \b
    slotsvc why-not chiara fri/08-10 --site rue-imberty --activity repair
    slotsvc why-not chiara tomorrow --at 43.7386,7.4246 --activity repair
    slotsvc why-not chiara fri/8-10 --visit 4711 --token | slotsvc hold -
    """
    wish = Wish(**typed)
    with service(address, timeout, config_file) as connected:
        request, zone = _request(connected, team, technician, when, wish)
        request.max_repairs = ways
        answer = connected.ask(connected.slots.WhyNot, request)
        if token:
            click.echo(_token(answer))
        elif as_json:
            _echo_json(answer, request, zone)
        else:
            _show(connected, answer, request, zone, wish)


def _request(
    connected: Service,
    team: str | None,
    technician: str,
    when: OnDay[Span] | Callable[[date], date],
    wish: Wish,
) -> tuple[WhyNotRequest, ZoneInfo]:
    from zoneinfo import ZoneInfo

    from slotsvc.cli.names import chosen_team, full_name, tenant_of
    from slotsvc.pb.v1.slot_service_pb2 import WhyNotRequest
    from slotsvc.pb.v1.types_pb2 import Freedom

    name = chosen_team(connected, team or team_of_visit(connected, wish.visit))
    zone = ZoneInfo(connected.team(name).time_zone)
    request = WhyNotRequest(
        team=name,
        technician=full_name(technician, "technicians", tenant_of(name)),
        request=slot_request(connected, name, zone, wish),
        freedom=Freedom.Value(FREEDOMS[wish.freedom]),
        resequence_published=wish.reorder_published,
    )
    _put_when(request, when, zone)
    return request, zone


def _put_when(
    request: WhyNotRequest, when: OnDay[Span] | Callable[[date], date], zone: ZoneInfo
) -> None:
    from slotsvc.cli.clock import utc_now
    from slotsvc.cli.moments import window_of
    from slotsvc.cli.wire import pb_date, pb_window

    now = utc_now()
    if isinstance(when, tuple):
        request.window.CopyFrom(pb_window(*window_of(when, zone, now)))
    else:
        request.date.CopyFrom(pb_date(when(now.astimezone(zone).date())))


def _token(answer: WhyNotResponse) -> str:
    """Of the first possible window."""
    for verdict in answer.verdicts:
        if verdict.HasField("slot"):
            return verdict.slot.token
    hint = "Leave --token out to see why, and what would help."
    raise CommandError("It is not possible.", "NO_SLOT", hint=hint)


def _echo_json(answer: WhyNotResponse, request: WhyNotRequest, zone: ZoneInfo) -> None:
    from slotsvc.cli.as_json import as_json, echo_json

    about = {"team": request.team, "technician": request.technician, "time_zone": zone.key}
    echo_json({**about, **as_json(answer)})


def _show(
    connected: Service, answer: WhyNotResponse, request: WhyNotRequest, zone: ZoneInfo, wish: Wish
) -> None:
    from slotsvc.cli.known_names import KnownNames
    from slotsvc.cli.render_why_not import why_not_lines
    from slotsvc.cli.screen import console, show

    screen, names = console(), KnownNames(connected, zone)
    show(why_not_lines(answer, request, names, screen.width, found=wish.found), screen)
