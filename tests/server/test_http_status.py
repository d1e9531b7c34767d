"""The HTTP pages that machines watch, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from slotsvc.server.http_status import HttpStatus
from slotsvc.server.metrics import Metrics
from slotsvc.server.readiness import FINE, Finding, Readiness, State

type Get = Callable[[str], httpx.Response]


class Service:
    """The pages on a free port, with a readiness that can change."""

    def __init__(self, metrics: Metrics) -> None:
        self.readiness = Readiness({"database": FINE})
        self.error: Exception | None = None
        self.pages = HttpStatus(metrics.registry, self._check, {"version": "1.2.3"})
        self.port = 0

    async def _check(self) -> Readiness:
        if self.error is not None:
            raise self.error
        return self.readiness

    async def ask(self, path: str, method: str = "GET") -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.request(method, f"http://127.0.0.1:{self.port}{path}")

    async def send(self, raw: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        try:
            return await asyncio.wait_for(reader.read(), 7)
        finally:
            writer.close()


@pytest.fixture
async def service(metrics: Metrics) -> AsyncIterator[Service]:
    service = Service(metrics)
    service.port = await service.pages.start("127.0.0.1", 0)
    yield service
    await service.pages.stop()


async def test_metrics_come_under_their_documented_names(
    service: Service, metrics: Metrics
) -> None:
    """Every name the operators' page lists is there, and no tenant is a label."""
    metrics.handled.labels("s", "m", "OK").inc()
    metrics.build.info({"version": "1"})
    metrics.measure_disk(int, int)
    answer = await service.ask("/metrics")

    assert answer.status_code == 200
    for name in (
        'grpc_server_handled_total{grpc_code="OK",grpc_method="m",grpc_service="s"} 1.0',
        "grpc_server_handling_seconds",
        "slotsvc_slot_search_seconds",
        "slotsvc_slots_returned",
        "slotsvc_travel_matrix_seconds",
        "slotsvc_travel_cache_hits_total",
        "slotsvc_travel_cache_misses_total",
        "slotsvc_holds_active",
        "slotsvc_database_wal_bytes",
        "slotsvc_database_free_bytes",
        "slotsvc_bookings_total",
        "slotsvc_booking_conflicts_total",
        'slotsvc_build_info{version="1"} 1.0',
    ):
        assert name in answer.text
    assert "tenant" not in answer.text


async def test_readiness_is_asked_each_time(service: Service) -> None:
    """200 when ready, 503 with the reason when not, 503 too when the check itself fails."""
    answer = await service.ask("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "state": "ok",
        "checks": {"database": "ok"},
        "degraded": [],
        "broken": [],
    }

    service.readiness = Readiness({"database": Finding(State.BROKEN, "locked")})
    answer = await service.ask("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"database": "locked"})

    service.error = RuntimeError("secret")
    answer = await service.ask("/readyz")
    assert answer.status_code == 503
    assert "secret" not in answer.text


async def test_degraded_is_still_ready(service: Service) -> None:
    """200, so that calls go on coming; what is worse than usual is named."""
    worse = Finding(State.DEGRADED, "no map: driving is estimated")
    service.readiness = Readiness({"database": FINE, "roads": worse})

    answer = await service.ask("/readyz")

    assert answer.status_code == 200
    told = answer.json()
    assert (told["ready"], told["state"], told["degraded"]) == (True, "degraded", ["roads"])


async def test_being_alive_needs_nothing(service: Service) -> None:
    """/livez answers while the service is not ready."""
    service.readiness = Readiness({"database": Finding(State.BROKEN, "gone")})

    assert (await service.ask("/livez")).text == "ok\n"


async def test_the_version_is_told(service: Service) -> None:
    """/version is what was given, as JSON."""
    assert (await service.ask("/version?x=1")).json() == {"version": "1.2.3"}


async def test_other_paths_and_methods_are_refused(service: Service) -> None:
    """404 for an unknown page, 405 for a write, a HEAD without a body."""
    assert (await service.ask("/")).status_code == 404
    assert (await service.ask("/livez", "POST")).headers["allow"] == "GET, HEAD"
    head = await service.ask("/metrics", "HEAD")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"\x00\xff\r\n\r\n", b"400"),
        (b"GET /livez HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", b"431"),
        (b"GET /livez HTTP/1.1\r\n\r\n", b"200"),
    ],
)
async def test_odd_requests_get_a_plain_answer(service: Service, raw: bytes, status: bytes) -> None:
    """Garbage and endless headers are refused, and the server goes on."""
    assert (await service.send(raw)).split(b" ")[1] == status
    assert (await service.ask("/livez")).status_code == 200


async def test_a_client_that_never_finishes_is_dropped(service: Service) -> None:
    """A half request is given up after the patience, without an answer."""
    assert await service.send(b"GET /livez HTTP/1.1\r\n") == b""


async def test_a_stop_hangs_up_on_everybody(metrics: Metrics) -> None:
    """An idle connection does not keep the process from ending."""
    service = Service(metrics)
    service.port = await service.pages.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    await asyncio.sleep(0.05)

    await asyncio.wait_for(service.pages.stop(), 1)

    assert await reader.read() == b""
    writer.close()
