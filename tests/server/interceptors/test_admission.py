"""The door, seen by clients over a real channel: who is served, who is sent away, and how."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from benchmarks.calls import bearer
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceServicer, SlotServiceStub
from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceServicer, VisitServiceStub
from slotsvc.server.admission import Admission, limits_of
from slotsvc.server.app import GrpcServer, ServerOptions, method_descriptors
from slotsvc.server.call_classes import CallClass, class_of
from slotsvc.server.interceptors import call_interceptor
from slotsvc.server.interceptors.admission import AdmissionDoor
from slotsvc.server.metrics import Metrics

SEARCH = slots.SuggestSlotsRequest(team="tenants/loud/teams/a")
REPEATING = [
    (
        "grpc.service_config",
        json.dumps(
            {
                "methodConfig": [
                    {
                        "name": [{}],
                        "retryPolicy": {
                            "maxAttempts": 5,
                            "initialBackoff": "0.01s",
                            "maxBackoff": "0.02s",
                            "backoffMultiplier": 1,
                            "retryableStatusCodes": ["UNAVAILABLE"],
                        },
                    }
                ]
            }
        ),
    )
]
QUIET = slots.SuggestSlotsRequest(team="tenants/quiet/teams/a")


class Slow(SlotServiceServicer):
    """Searches take as long as it is told."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun = 0

    async def SuggestSlots(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.begun += 1
        await asyncio.sleep(self.seconds)
        return slots.SuggestSlotsResponse()


class Bookings(VisitServiceServicer):
    """Books at once."""

    async def BookVisit(self, request: Any, context: Any) -> Any:  # noqa: N802
        return visits.BookVisitResponse()


@asynccontextmanager
async def served(
    slow: Slow,
    metrics: Metrics,
    known: Any = lambda _metadata: "",
    linger_s: float = 0.0,
    retries: Sequence[tuple[str, str]] = (),
    **limits: Any,
) -> AsyncIterator[tuple[aio.Channel, Admission, GrpcServer]]:
    """One search and one booking at a time."""
    places = {CallClass.SEARCH: 1, CallClass.COMMIT: 1}
    admission = Admission(limits_of(places, **limits), metrics, 0.5, linger_s)
    door = AdmissionDoor(admission, known, metrics)
    server = GrpcServer(
        [slow, Bookings()],
        [call_interceptor(metrics, door=door)],
        ServerOptions("127.0.0.1:0"),
        [admission.close],
    )
    port = await server.start()
    try:
        async with aio.insecure_channel(f"127.0.0.1:{port}", options=retries) as channel:
            yield channel, admission, server
    finally:
        await server.drain(0)


async def ended(call: Any) -> aio.AioRpcError | None:
    try:
        await call
    except aio.AioRpcError as error:
        return error
    return None


def test_every_method_of_the_contract_has_its_class() -> None:
    """Reads are reads, what books commits, and nothing long stands among the short ones."""
    found = {m.name: class_of(m.containing_service.full_name, m.name) for m in method_descriptors()}

    assert {
        kind: sum(k is kind for k in found.values()) > 0 for kind in CallClass
    } == dict.fromkeys(CallClass, True)
    commits = {name for name, kind in found.items() if kind is CallClass.COMMIT}
    assert found["HoldSlot"] is CallClass.HOLD
    assert {"BookVisit", "ExtendHold", "CancelVisit", "FinishVisit", "MoveVisit"} <= commits
    assert found["GetDay"] is found["ListVisits"] is found["GetTile"] is CallClass.READ
    assert found["CreateTenant"] is found["RevokeApiKey"] is CallClass.ADMIN
    assert found["SuggestSlotsBatch"] is found["WhyNot"] is CallClass.PLAN


@pytest.mark.machine_speed
async def test_what_cannot_wait_is_sent_away_at_once_with_the_time_to_come_again(
    metrics: Metrics,
) -> None:
    """UNAVAILABLE with pushback within 50 ms, RetryInfo of the same length, and counted."""
    slow = Slow(0.5)
    async with served(slow, metrics, room=2) as (channel, _, _):
        stub = SlotServiceStub(channel)
        inside = [asyncio.ensure_future(ended(stub.SuggestSlots(SEARCH))) for _ in range(3)]
        while slow.begun < 1:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        waited = []
        for _ in range(5):
            began = time.monotonic()
            error = await ended(stub.SuggestSlots(SEARCH))
            waited.append(time.monotonic() - began)
        for call in inside:
            call.cancel()

    assert error is not None
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert min(waited) < 0.05
    trailers = dict(error.trailing_metadata())
    told = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    retry = error_details_pb2.RetryInfo()
    assert any(one.Unpack(retry) for one in told.details)
    pushback = int(trailers["grpc-retry-pushback-ms"])
    assert pushback == retry.retry_delay.ToMilliseconds()
    assert 250 <= pushback <= 1500
    labels = {"kind": "search", "cause": "full"}
    assert metrics.registry.get_sample_value("slotsvc_calls_shed_total", labels) == 5


@pytest.mark.parametrize("by_key", [True, False], ids=["told by the key", "told by the request"])
async def test_a_client_that_repeats_does_so_after_the_pushback(
    metrics: Metrics, by_key: bool
) -> None:
    """Nothing but the status is sent, so gRPC's own retries apply: the call that was sent away is
    served when it comes again, and not before the time that it was told."""
    slow = Slow(0.1)
    key = "loud" if by_key else ""
    async with served(slow, metrics, lambda _: key, retries=REPEATING, room=1) as (channel, _, _):
        stub = SlotServiceStub(channel)
        inside = [asyncio.ensure_future(ended(stub.SuggestSlots(SEARCH))) for _ in range(2)]
        while slow.begun < 1:
            await asyncio.sleep(0.01)
        begun = time.monotonic()
        await stub.SuggestSlots(SEARCH, timeout=10)
        waited = time.monotonic() - begun
        await asyncio.gather(*inside)

    labels = {"kind": "search", "cause": "full"}
    assert metrics.registry.get_sample_value("slotsvc_calls_shed_total", labels) == 1
    assert waited > 0.25
    assert slow.begun == 3


async def test_bookings_and_health_do_not_stand_behind_searches(metrics: Metrics) -> None:
    """While searches fill their queue, a booking and the health check are answered."""
    async with served(Slow(5), metrics, room=3) as (channel, _, _):
        searches = [
            asyncio.ensure_future(ended(SlotServiceStub(channel).SuggestSlots(SEARCH)))
            for _ in range(6)
        ]
        await asyncio.sleep(0.05)
        await VisitServiceStub(channel).BookVisit(visits.BookVisitRequest(), timeout=2)
        health = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=2)
        for call in searches:
            call.cancel()

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_quiet_tenant_waits_for_one_call_of_a_loud_one_and_not_for_all(
    metrics: Metrics,
) -> None:
    """Twenty searches of one tenant wait; the other's next one comes after the running one."""
    slow = Slow(0.05)
    async with served(slow, metrics) as (channel, _, _):
        stub = SlotServiceStub(channel)
        flood = [asyncio.ensure_future(ended(stub.SuggestSlots(SEARCH))) for _ in range(20)]
        await asyncio.sleep(0.06)
        before = slow.begun
        await stub.SuggestSlots(QUIET)
        served_meanwhile = slow.begun - before
        for call in flood:
            call.cancel()

    assert served_meanwhile <= 4
    assert len(flood) > 10


@pytest.mark.machine_speed
async def test_a_call_whose_deadline_passes_in_line_is_never_begun(metrics: Metrics) -> None:
    """The work of one that gave up is not done, and it leaves no gap in the line."""
    slow = Slow(0.3)
    async with served(slow, metrics) as (channel, _, _):
        stub = SlotServiceStub(channel)
        first = asyncio.ensure_future(ended(stub.SuggestSlots(SEARCH)))
        await asyncio.sleep(0.05)
        late = await ended(stub.SuggestSlots(SEARCH, timeout=0.1))
        slow.seconds = 0
        last = await ended(stub.SuggestSlots(SEARCH))
        await first

    assert late is not None
    assert late.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert (last, slow.begun) == (None, 2)


@pytest.mark.machine_speed
async def test_a_caller_who_hangs_up_frees_the_place(metrics: Metrics) -> None:
    """The next search begins within 250 ms after the running one was cancelled."""
    slow = Slow(30)
    async with served(slow, metrics) as (channel, _, _):
        stub = SlotServiceStub(channel)
        running = stub.SuggestSlots(SEARCH)
        while slow.begun < 1:
            await asyncio.sleep(0.01)
        slow.seconds = 0
        next_one = asyncio.ensure_future(ended(stub.SuggestSlots(SEARCH)))
        await asyncio.sleep(0.05)
        assert slow.begun == 1
        running.cancel()

        assert await asyncio.wait_for(next_one, 0.25) is None


async def test_the_end_sends_away_who_waits_and_answers_who_is_served(metrics: Metrics) -> None:
    """Drain: the running search is answered, the waiting one is told to come again."""
    slow = Slow(0.3)
    async with served(slow, metrics) as (channel, _, server):
        stub = SlotServiceStub(channel)
        calls = [asyncio.ensure_future(ended(stub.SuggestSlots(SEARCH))) for _ in range(2)]
        await asyncio.sleep(0.1)
        ending = asyncio.create_task(server.drain(5))
        [told] = [error for error in await asyncio.gather(*calls) if error is not None]
        await asyncio.wait_for(ending, 2)

    assert told.code() is grpc.StatusCode.UNAVAILABLE
    assert "grpc-retry-pushback-ms" in dict(told.trailing_metadata())
    assert slow.begun == 1


async def test_a_stranger_does_not_stand_in_a_tenants_line(metrics: Metrics) -> None:
    """Whose key is not known yet is not counted by the name in the request."""
    seen: list[str] = []

    def known(metadata: Any) -> str | None:
        said = dict(metadata).get("authorization")
        seen.append(str(said))
        return {"Bearer loud": "loud"}.get(str(said))

    slow = Slow(0.2)
    async with served(slow, metrics, known, room=1) as (channel, _, _):
        stub = SlotServiceStub(channel)
        calls = [
            asyncio.ensure_future(ended(stub.SuggestSlots(QUIET, metadata=bearer("loud"))))
            for _ in range(4)
        ]
        ends = await asyncio.gather(*calls)

    assert sum(end is None for end in ends) == 2
    assert set(seen) == {"Bearer loud"}


async def test_the_end_lingers_until_nobody_comes_any_more(metrics: Metrics) -> None:
    """Calls that come meanwhile are told to come again; the end waits for silence, not for ever."""
    slow = Slow(0)
    async with served(slow, metrics, linger_s=5) as (channel, admission, _):
        stub = SlotServiceStub(channel)
        begun = time.monotonic()
        closing = asyncio.create_task(admission.close())
        while (now := time.monotonic() - begun) < 0.4:
            error = await ended(stub.SuggestSlots(SEARCH))
            assert error is not None
            assert dict(error.trailing_metadata())["grpc-retry-pushback-ms"] == "1000"
            assert not closing.done(), f"over after {now:.2f} s"
        await asyncio.wait_for(closing, 2)

    assert slow.begun == 0
