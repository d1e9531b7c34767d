"""Errors over a real channel: a small server refuses, the command line explains."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from slotsvc.cli.channel import connect, reachable
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.render_failure import failure_lines
from slotsvc.domain.errors import (
    HoldExpiredError,
    InvalidRequestError,
    SlotGoneError,
    SlotsvcError,
    StoreBusyError,
    Violation,
)
from slotsvc.pb.v1.map_service_pb2 import GetMapRequest
from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceServicer, add_MapServiceServicer_to_server
from slotsvc.server.errors import as_status
from tests.cli.samples import ZONE, a_slot


class Refusing(MapServiceServicer):
    """Answers every GetMap with one status."""

    def __init__(self, status: Status) -> None:
        self.status = status

    def GetMap(  # noqa: N802
        self, request: GetMapRequest, context: grpc.ServicerContext
    ) -> None:
        context.abort_with_status(rpc_status.to_status(self.status))


@contextmanager
def refusing(status: Status) -> Iterator[str]:
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        add_MapServiceServicer_to_server(Refusing(status), server)  # type: ignore[no-untyped-call]
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(0).wait()


def refused(error: SlotsvcError) -> CommandError:
    """What the command line makes of the service's answer to ``error``."""
    with refusing(as_status(error)) as address, pytest.raises(CommandError) as told:
        call(address)
    return told.value


def call(address: str) -> None:
    with connect(address, 5.0) as connected:
        connected.ask(connected.map.GetMap, GetMapRequest())


def test_every_violation_is_told_at_once() -> None:
    """Each wrong field has a line with its option and what was expected."""
    wrong = [
        Violation("request.location.latitude", "must be between -90 and 90"),
        Violation("request.service_duration", "must be at least 1 minute"),
    ]

    failure = refused(InvalidRequestError(wrong))

    assert failure.exit_code is Exit.USAGE
    assert failure.message == "2 fields refused."
    lines = [str(line) for line in failure_lines(failure, 80)]
    assert "  - --at (latitude): must be between -90 and 90" in lines
    assert "  - --minutes: must be at least 1 minute" in lines


def test_a_gone_slot_comes_with_its_alternatives() -> None:
    """The nearest equivalents are shown like any slots, in the team's zone."""
    failure = refused(SlotGoneError("somebody else was faster", [a_slot(1), a_slot(2)]))
    failure.zone = ZONE

    text = "\n".join(str(line) for line in failure_lines(failure, 80))
    assert (failure.reason, failure.exit_code) == ("SLOT_GONE", Exit.ERROR)
    assert text.count("Tue 24 Nov 08:00-10:00") == 2
    assert [slot["rank"] for slot in failure.as_json()["error"]["alternatives"]] == [1, 2]
    assert "error.alternatives[N-1].token" in failure.hint


def test_every_reason_comes_with_what_to_do() -> None:
    """A lapsed hold is one sentence and one hint."""
    failure = refused(HoldExpiredError("the hold lapsed before it was confirmed"))

    assert failure.message == "The hold lapsed before it was confirmed."
    assert "slotsvc suggest" in failure.hint


def test_a_busy_store_is_not_ready() -> None:
    """Exit code 3: the same call may work in a moment."""
    assert refused(StoreBusyError("the store is busy")).exit_code is Exit.NOT_READY


def test_a_deadline_says_how_to_wait_longer() -> None:
    """A server that accepts and never answers ends in DEADLINE_EXCEEDED."""
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(CommandError) as told, connect(_address(silent), 0.2) as connected:
            connected.ask(connected.map.GetMap, GetMapRequest())

    assert told.value.reason in {"DEADLINE_EXCEEDED", "UNAVAILABLE"}
    assert told.value.hint


def _address(listening: object) -> str:
    return f"127.0.0.1:{listening.getsockname()[1]}"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("bound", "called"),
    [
        ("0.0.0.0:50051", "127.0.0.1:50051"),
        ("[::]:7", "127.0.0.1:7"),
        ("10.0.0.1:5", "10.0.0.1:5"),
    ],
)
def test_a_server_on_every_interface_is_called_on_the_loopback(bound: str, called: str) -> None:
    """A container's health check finds the server it runs beside."""
    assert reachable(bound) == called
