"""``slotsvc watch``: what happens to a team, line by line."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.failure import CommandError
from slotsvc.cli.options import service, service_options

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.plan_service_pb2 import TeamEvent, WatchTeamRequest, WatchTeamResponse

STREAM_S = 600.0
"""After that a watch is begun anew, so that a connection that died in silence is found out."""

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0

PASSING = frozenset(
    {"UNAVAILABLE", "SERVICE_STOPPING", "STORE_BUSY", "TOO_MANY_WATCHES", "DEADLINE_EXCEEDED"}
)
"""Reasons after which a watch that once ran goes on by itself."""

SAID_OTHERWISE = frozenset({"subject", "technician", "placement", "team"})


@click.command()
@click.argument("team", metavar="[TENANT/TEAM]", required=False)
@click.option(
    "--from", "position", default="", metavar="POSITION", help="Go on behind this one.  [now]"
)
@service_options
def watch(
    team: str | None,
    position: str,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Print a team's events as they happen, until Ctrl-C.

    Goes on by itself when the service was away: no event is left out or printed twice. With --json
    each line is one object. The end says how to resume.
    """
    from zoneinfo import ZoneInfo

    from slotsvc.cli.names import chosen_team
    from slotsvc.pb.v1.plan_service_pb2 import WatchTeamRequest

    with service(address, timeout, config_file) as connected:
        name = chosen_team(connected, team)
        zone = ZoneInfo(connected.team(name).time_zone)
        request = WatchTeamRequest(team=name, position=position)
        line = json_line if as_json else lambda answer: text_line(answer.event, zone)
        try:
            for number, answer in enumerate(follow(connected, request)):
                if number == 0:
                    click.echo(f"Watching {name}. Ctrl-C ends it.", err=True)
                with ctrl_c_later():
                    if answer.HasField("event"):
                        click.echo(line(answer))
                    request.position = answer.position
        except KeyboardInterrupt:
            click.echo(f"\nResume with --from {request.position}", err=True)


def follow(
    connected: Service, request: WatchTeamRequest, pause: Callable[[float], None] = time.sleep
) -> Iterator[WatchTeamResponse]:
    """Answers without end. Who takes them sets ``request.position``: from there it goes on.

    Raises ``CommandError`` for what waiting does not mend, and when not even one answer came.
    """
    failed: int | None = None
    while True:
        try:
            for answer in _answers(connected, request):
                failed = 0
                yield answer
        except CommandError as failure:
            if failed is None or failure.reason not in PASSING:
                raise
            if failed == 0 and failure.reason != "DEADLINE_EXCEEDED":
                click.echo(f"{failure} Waiting to go on …", err=True)
        failed = (failed or 0) + 1
        pause(min(FIRST_PAUSE_S * 2**failed, LONGEST_PAUSE_S))


@contextmanager
def ctrl_c_later() -> Iterator[None]:
    """A line that was printed counts as printed: Ctrl-C does not come between the two."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def _answers(connected: Service, request: WatchTeamRequest) -> Iterator[WatchTeamResponse]:
    import grpc

    call = connected.plan.WatchTeam(request, timeout=STREAM_S, metadata=connected.metadata)
    try:
        yield from call
    except grpc.RpcError as error:
        raise connected.failure(error, request) from error
    finally:
        call.cancel()


def json_line(answer: WatchTeamResponse) -> str:
    """The answer as one line."""
    from slotsvc.cli.as_json import as_json

    return json.dumps(as_json(answer), ensure_ascii=False)


def text_line(event: TeamEvent, zone: ZoneInfo) -> str:
    """Such as "Tue 24 Nov 08:00:03  Visit booked  v-12 · ann, Wed 25 Nov  replaces=p-3"."""
    from slotsvc.cli.words import day_words, instant

    local = instant(event.time).astimezone(zone)
    when = f"{day_words(local.date())} {local:%H:%M:%S}"
    kind = event.kind.replace("_", " ").capitalize()
    more = [f"{k}={v}" for k, v in sorted(event.data.items()) if k not in SAID_OTHERWISE]
    return "  ".join([when, f"{kind:<17}", _about(event), *more]).rstrip()


def _about(event: TeamEvent) -> str:
    from slotsvc.cli.words import day_words, short, to_date

    where = short(event.technician)
    if event.HasField("date"):
        where += f", {day_words(to_date(event.date))}"
    if event.shift_number:
        where += f", shift {event.shift_number + 1}"
    what = short(event.visit) or event.data.get("subject", "")
    return " · ".join(part for part in (what, where) if part)
