"""``slotsvc check | move``: put a visit somewhere by hand, and see what that breaks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.book import PINS
from slotsvc.cli.failure import CommandError
from slotsvc.cli.moments import Window
from slotsvc.cli.options import Day, request_id_option, service, service_options

if TYPE_CHECKING:
    from slotsvc.cli.channel import Service
    from slotsvc.cli.known_names import KnownNames
    from slotsvc.pb.v1.plan_service_pb2 import CheckPlanResponse, HandMove, MoveVisitResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Where the visit should go; ``shift`` and ``position`` count from 1, None: best place."""

    name: str
    technician: str
    day: Callable[[date], date]
    shift: int = 1
    position: int | None = None
    window: Any = None


def put_options[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """The arguments and options that make a ``Put``."""
    for option in (
        click.option("--between", "window", type=Window(), help="Must start in it: 08:00-10:00."),
        click.option("--position", type=click.IntRange(1, 1001),
                     help="1 is the day's first visit.  [default: where it breaks least]"),
        click.option("--shift", type=click.IntRange(1, 24), default=1, show_default=True,
                     help="Which shift of the day."),
        click.argument("day", type=Day()),
        click.argument("technician"),
        click.argument("name", metavar="VISIT"),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command(short_help="Say what a move by hand would break.")
@put_options
@service_options
def check(
    address: str | None, timeout: float, config_file: Path | None, as_json: bool, **typed: Any
) -> None:
    """Say what moving VISIT to TECHNICIAN on DAY would break, and change nothing.

    `slotsvc move` with the same words does it. Exit code 1 when something would break.
    """
    from slotsvc.pb.v1.plan_service_pb2 import CheckPlanRequest

    with service(address, timeout, config_file) as connected:
        move, names = hand_move(connected, Put(**typed))
        request = CheckPlanRequest(parent="/".join(move.visit.split("/")[:2]), moves=[move])
        with told_by_name(names):
            answer = connected.ask(connected.plan.CheckPlan, request)
        _show_check(answer, names, as_json)
    if not answer.sound:
        click.get_current_context().exit(1)


@click.command(short_help="Put a visit where you want it.")
@put_options
@click.option("--reason", default="", help="Do it although it breaks something; kept on record.")
@click.option("--pin", type=click.Choice(sorted(PINS)), help="What only a planner may change.")
@request_id_option
@service_options
def move(
    reason: str,
    pin: str | None,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
    **typed: Any,
) -> None:
    """Put VISIT on TECHNICIAN's DAY; it may come from the backlog too.

    A move that breaks something is refused, with what it would break. With --reason it is made all
    the same, and what it breaks is on record.
    """
    from slotsvc.cli.channel import new_request_id
    from slotsvc.pb.v1.plan_service_pb2 import MoveVisitRequest
    from slotsvc.pb.v1.types_pb2 import Pin

    with service(address, timeout, config_file) as connected:
        wanted, names = hand_move(connected, Put(**typed))
        request = MoveVisitRequest(
            move=wanted, override_reason=reason, request_id=request_id or new_request_id()
        )
        if pin:
            request.pin = Pin.Value(PINS[pin])
        with told_by_name(names):
            answer = connected.ask(connected.plan.MoveVisit, request)
        _show_moved(answer, names, as_json)


def hand_move(connected: Service, put: Put) -> tuple[HandMove, KnownNames]:
    """The move on the wire, and names for what it breaks."""
    from slotsvc.cli.clock import utc_now
    from slotsvc.cli.known_names import KnownNames
    from slotsvc.cli.moments import window_of
    from slotsvc.cli.names import chosen_tenant, full_name
    from slotsvc.cli.wire import pb_date, pb_window
    from slotsvc.pb.v1.plan_service_pb2 import HandMove

    tenant = chosen_tenant(connected, put.name, put.technician)
    who = full_name(put.technician, "technicians", tenant)
    zone, now = connected.zone_of_technician(who), utc_now()
    day = put.day(now.astimezone(zone).date())
    wanted = HandMove(
        visit=full_name(put.name, "visits", tenant),
        technician=who,
        date=pb_date(day),
        shift_number=put.shift - 1,
    )
    if put.position is not None:
        wanted.position = put.position - 1
    if put.window is not None:
        wanted.start_window.CopyFrom(pb_window(*window_of(put.window, zone, now, day)))
    return wanted, KnownNames(connected, zone)


@contextmanager
def told_by_name(names: KnownNames) -> Iterator[None]:
    """Gives a refused move the table of what it would break, with names; counts from 1, as the
    options do."""
    from slotsvc.cli.render_findings import check_lines
    from slotsvc.cli.screen import console

    try:
        yield
    except CommandError as failure:
        failure.violations = [_as_typed(*violation) for violation in failure.violations]
        if failure.routes:
            failure.lines = check_lines(failure.routes, names, console(stderr=True).width)
        raise


def _as_typed(path: str, reason: str) -> tuple[str, str]:
    path = path.replace("moves[0].", "move.")
    if path == "move.position":
        reason = re.sub(r"\d+", lambda number: str(int(number[0]) + 1), reason)
    return path, reason


def _show_check(answer: CheckPlanResponse, names: KnownNames, as_json: bool) -> None:
    from slotsvc.cli.as_json import as_json as to_json
    from slotsvc.cli.as_json import echo_json
    from slotsvc.cli.render_findings import check_lines
    from slotsvc.cli.screen import console, show

    if as_json:
        echo_json(to_json(answer))
        return
    screen = console()
    show(check_lines(answer.routes, names, screen.width), screen)


def _show_moved(answer: MoveVisitResponse, names: KnownNames, as_json: bool) -> None:
    from slotsvc.cli.as_json import as_json as to_json
    from slotsvc.cli.as_json import echo_json, placed_json
    from slotsvc.cli.render_findings import check_lines
    from slotsvc.cli.render_visit import visit_lines
    from slotsvc.cli.screen import console, show

    if as_json:
        routes = [to_json(route) for route in answer.routes]
        echo_json({"visit": placed_json(answer.visit), "routes": routes})
        return
    screen = console()
    show(visit_lines(answer.visit, names.zone), screen)
    show(check_lines(answer.routes, names, screen.width, made=True), screen)
