"""Errors over a real channel: a small server refuses, the command line explains."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from slotsvc.cli.channel import Caller, connect, reachable
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.main import main
from slotsvc.cli.render_failure import failure_lines
from slotsvc.domain.errors import (
    HoldExpiredError,
    InvalidRequestError,
    SlotGoneError,
    SlotsvcError,
    StoreBusyError,
    UnauthenticatedError,
    Violation,
)
from slotsvc.pb.v1.map_service_pb2 import GetMapRequest
from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceServicer, add_MapServiceServicer_to_server
from slotsvc.pb.v1.visit_service_pb2 import BookVisitRequest
from slotsvc.pb.v1.visit_service_pb2_grpc import (
    VisitServiceServicer,
    add_VisitServiceServicer_to_server,
)
from slotsvc.server.errors import as_status
from tests.cli.samples import ZONE, a_slot
from tests.server.test_app import a_certificate


class Refusing(MapServiceServicer):
    """Answers every GetMap with one status."""

    def __init__(self, status: Status) -> None:
        self.status = status

    def GetMap(  # noqa: N802
        self, request: GetMapRequest, context: grpc.ServicerContext
    ) -> None:
        context.abort_with_status(rpc_status.to_status(self.status))


class RefusingBookings(VisitServiceServicer):
    """Answers every BookVisit with one status."""

    def __init__(self, status: Status) -> None:
        self.status = status

    def BookVisit(  # noqa: N802
        self, request: BookVisitRequest, context: grpc.ServicerContext
    ) -> None:
        context.abort_with_status(rpc_status.to_status(self.status))


@contextmanager
def refusing_bookings(status: Status) -> Iterator[str]:
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        add_VisitServiceServicer_to_server(RefusingBookings(status), server)  # type: ignore[no-untyped-call]
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(0).wait()


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
    """Exit code 3: the same call may work in a moment. A read has no request id to repeat."""
    failure = refused(StoreBusyError("the store is busy"))

    assert failure.exit_code is Exit.NOT_READY
    assert "--request-id" not in failure.hint
    assert "/readyz" in failure.hint


def test_a_change_is_repeated_with_the_id_it_had() -> None:
    """A new id would be a second booking: the hint says the one that was sent."""
    with refusing_bookings(as_status(StoreBusyError("the store is busy"))) as address:
        ended = CliRunner().invoke(
            main, ["book", "tenants/acme/holds/one", "--address", address, "--request-id", "r-17"]
        )

    assert ended.exit_code == Exit.NOT_READY
    assert "--request-id r-17" in ended.stderr


@pytest.mark.parametrize(
    ("served", "called", "hint"),
    [
        ("tls", "plain", "--tls-ca"),
        ("tls", "other name", "certificate"),
        ("tls", "other authority", "who signed"),
        ("plain", "tls", "leave --tls-ca out"),
        ("mutual tls", "tls", "--tls-cert"),
    ],
)
def test_a_service_that_is_encrypted_otherwise_is_not_missing(
    tmp_path: Path, served: str, called: str, hint: str
) -> None:
    """Somebody answers, but cannot be talked to: the sentence says so, the hint what to give."""
    (tmp_path / "other").mkdir()
    certificate, key = a_certificate(tmp_path)
    other, _ = a_certificate(tmp_path / "other")
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        port = _listening(server, served, certificate, key)
        server.start()
        host = "127.0.0.1" if called == "other name" else "localhost"
        ca = {"plain": None, "other authority": other}.get(called, certificate)
        with (
            pytest.raises(CommandError) as told,
            connect(f"{host}:{port}", 20.0, Caller(ca=ca)) as connected,
        ):
            connected.ask(connected.map.GetMap, GetMapRequest())
        server.stop(0).wait()

    assert told.value.message == f"{host}:{port} answers, but not as this call is encrypted."
    assert hint in told.value.hint
    assert told.value.exit_code is Exit.NOT_READY


def _listening(server: grpc.Server, how: str, certificate: Path, key: Path) -> int:
    if how == "plain":
        return server.add_insecure_port("localhost:0")
    mutual = how == "mutual tls"
    pem = certificate.read_bytes()
    credentials = grpc.ssl_server_credentials(
        [(key.read_bytes(), pem)], pem if mutual else None, mutual
    )
    return server.add_secure_port("localhost:0", credentials)


def test_a_wrong_key_that_was_given_is_not_asked_for() -> None:
    """ "Give a key" would be a riddle to who gave one."""
    busy = as_status(UnauthenticatedError("a valid API key is needed"))
    with (
        refusing(busy) as address,
        pytest.raises(CommandError) as told,
        connect(address, 5.0, Caller("slk_wrong")) as connected,
    ):
        connected.ask(connected.map.GetMap, GetMapRequest())

    assert "does not know this key" in told.value.message
    assert "Give a key" not in told.value.hint


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
