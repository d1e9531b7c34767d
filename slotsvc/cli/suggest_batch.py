"""``slotsvc suggest-batch``: slots for many requests at once, from a file of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import service, service_options

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.slot_service_pb2 import (
        SuggestSlotsBatchRequest,
        SuggestSlotsBatchResponse,
        SuggestSlotsRequest,
    )

COLLECTIONS = {
    "site": "sites",
    "activity_type": "activityTypes",
    "visit": "visits",
    "required_technicians": "technicians",
    "preferred_technicians": "technicians",
    "forbidden_technicians": "technicians",
    "last_technician": "technicians",
}
"""Fields of a request that hold names, which may be short."""


@click.command("suggest-batch", short_help="Rank the slots of many requests.")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option(
    "--team", metavar="TENANT/TEAM", help="Of lines without one.  [default: the only team]"
)
@service_options
def suggest_batch(
    file: IO[str],
    team: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Rank the slots of up to 500 requests, one JSON object a line of FILE (`-`: stdin).

    A line is a SuggestSlotsRequest of the API, names may be short:

    \b
    {"request": {"site": "rue-imberty", "activity_type": "repair"}}

    Answers come in the order of the lines, each as soon as it is there; --timeout is for all of
    them. A line that is refused leaves the others alone. With --json: one object a line.
    """
    requests = [_parsed(number, line) for number, line in _lines(file)]
    with service(address, timeout, config_file) as connected:
        batch = _batch(connected, team, requests)
        if as_json:
            for answer in _answers(connected, batch):
                _echo_line(answer, batch.requests[answer.index])
        else:
            _show(connected, batch)


def _lines(file: IO[str]) -> Iterator[tuple[int, str]]:
    """Lines that are not empty, with their number from 1."""
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield number, line


def _parsed(number: int, line: str) -> SuggestSlotsRequest:
    from google.protobuf.json_format import ParseDict, ParseError

    from slotsvc.pb.v1.slot_service_pb2 import SuggestSlotsRequest

    try:
        request: SuggestSlotsRequest = ParseDict(json.loads(line), SuggestSlotsRequest())
    except (json.JSONDecodeError, ParseError) as error:
        hint = 'Write one object a line, such as {"request": {"site": "rue-imberty"}}.'
        raise CommandError(f"Line {number}: {error}.", "USAGE", Exit.USAGE, hint) from None
    return request


def _batch(
    connected: Service, team: str | None, requests: Sequence[SuggestSlotsRequest]
) -> SuggestSlotsBatchRequest:
    from slotsvc.cli.names import chosen_team, team_name, tenant_of
    from slotsvc.pb.v1.slot_service_pb2 import SuggestSlotsBatchRequest

    if not requests:
        raise CommandError("There is no request in the file.", "USAGE", Exit.USAGE)
    usual = chosen_team(connected, team) if team or not all(r.team for r in requests) else ""
    for request in requests:
        request.team = team_name(request.team) if request.team else usual
        _expand(request.request, tenant_of(request.team))
    parent = tenant_of(requests[0].team)
    return SuggestSlotsBatchRequest(parent=parent, requests=requests)


def _expand(request: Any, tenant: str) -> None:
    """Short names to full ones."""
    from slotsvc.cli.names import full_name

    for field, collection in COLLECTIONS.items():
        value = getattr(request, field)
        if isinstance(value, str):
            if value:
                setattr(request, field, full_name(value, collection, tenant))
        else:
            value[:] = [full_name(name, collection, tenant) for name in value]


def _answers(
    connected: Service, batch: SuggestSlotsBatchRequest
) -> Iterator[SuggestSlotsBatchResponse]:
    import grpc

    try:
        yield from connected.slots.SuggestSlotsBatch(
            batch, timeout=connected.timeout, metadata=connected.metadata
        )
    except grpc.RpcError as error:
        raise connected.failure(error, batch) from error


def _echo_line(answer: SuggestSlotsBatchResponse, request: SuggestSlotsRequest) -> None:
    """The answer as in the API; an error as commands print theirs."""
    from slotsvc.cli.as_json import as_json
    from slotsvc.cli.rpc_failure import failure_in

    if answer.HasField("error"):
        found = failure_in(answer.error, request).as_json()
    else:
        found = {"answer": as_json(answer.answer)}
    click.echo(json.dumps({"index": answer.index, **found}, ensure_ascii=False))


def _show(connected: Service, batch: SuggestSlotsBatchRequest) -> None:
    from slotsvc.cli.render_batch import BatchCounts, answer_line
    from slotsvc.cli.screen import console, show

    screen, counts, zones = console(), BatchCounts(), _Zones(connected)
    for answer in _answers(connected, batch):
        request = batch.requests[answer.index]
        counts.add(answer)
        zone = zones.of(request.team) if answer.HasField("answer") else None
        show(answer_line(answer, request, zone, screen.width), screen)
    show(["", counts.words()], screen)


class _Zones:
    """Of teams, each asked once."""

    def __init__(self, connected: Service) -> None:
        self._connected = connected
        self._found: dict[str, ZoneInfo] = {}

    def of(self, team: str) -> ZoneInfo:
        from zoneinfo import ZoneInfo

        if team not in self._found:
            self._found[team] = ZoneInfo(self._connected.team(team).time_zone)
        return self._found[team]
