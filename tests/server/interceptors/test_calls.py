"""What happens around every call, seen by a client over a real channel."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import aio
from structlog.testing import capture_logs

from slotsvc.domain import errors
from slotsvc.domain.errors import Violation
from slotsvc.pb.v1 import map_service_pb2, slot_service_pb2
from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceServicer, SlotServiceStub
from slotsvc.server.interceptors import DeadlineLimits
from slotsvc.server.interceptors.calls import Call, CallInterceptor
from slotsvc.server.interceptors.deadlines import seconds_left
from slotsvc.server.metrics import Metrics

type Serve = Callable[..., Awaitable[aio.Channel]]
type Work = Callable[[slot_service_pb2.SuggestSlotsRequest], Awaitable[Any]]

REQUEST = slot_service_pb2.SuggestSlotsRequest(team="tenants/t/teams/a")


class Slots(SlotServiceServicer):
    """Answers SuggestSlots by the given work; the rest is the generated refusal."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def SuggestSlots(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await self._work(request) or slot_service_pb2.SuggestSlotsResponse()


def raising(error: Exception) -> Slots:
    async def work(_request: object) -> None:
        raise error

    return Slots(work)


async def refusal(call: Awaitable[object]) -> aio.AioRpcError:
    with pytest.raises(aio.AioRpcError) as refused:
        await call
    return refused.value


def told(error: aio.AioRpcError) -> status_pb2.Status:
    trailers = dict(error.trailing_metadata())
    return status_pb2.Status.FromString(trailers["grpc-status-details-bin"])


def info(error: aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    found = error_details_pb2.ErrorInfo()
    assert any(packed.Unpack(found) for packed in told(error).details)
    return found


async def test_an_error_of_the_domain_arrives_with_its_details(serve: Serve) -> None:
    """Code, message, reason and every violation reach the client."""
    wrong = errors.InvalidRequestError([Violation("team", "required"), Violation("x", "y")])
    stub = SlotServiceStub(await serve(raising(wrong)))

    error = await refusal(stub.SuggestSlots(REQUEST))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert info(error).reason == "INVALID_REQUEST"
    bad = error_details_pb2.BadRequest()
    assert told(error).details[1].Unpack(bad)
    assert [v.field for v in bad.field_violations] == ["team", "x"]


async def test_a_busy_store_pushes_back(serve: Serve) -> None:
    """UNAVAILABLE carries the time to wait, in the trailer that gRPC clients obey too: the same."""
    stub = SlotServiceStub(await serve(raising(errors.StoreBusyError("busy"))))

    error = await refusal(stub.SuggestSlots(REQUEST))

    assert error.code() is grpc.StatusCode.UNAVAILABLE
    retry = error_details_pb2.RetryInfo()
    assert any(packed.Unpack(retry) for packed in told(error).details)
    pushback = int(dict(error.trailing_metadata())["grpc-retry-pushback-ms"])
    assert pushback == retry.retry_delay.ToMilliseconds()
    assert 100 <= pushback <= 300


RETRIES = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 5,
                    "initialBackoff": "0.01s",
                    "maxBackoff": "0.1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)
"""As docs/operations.md advises clients."""


@pytest.mark.parametrize(
    ("metadata", "calls"), [({"cause": "DISK_FULL"}, 5), ({"cause": "COMMIT_UNKNOWN"}, 1)]
)
async def test_what_may_be_done_already_is_not_repeated_by_the_client_itself(
    serve: Serve, metadata: dict[str, str], calls: int
) -> None:
    """Nobody knows whether it was written, and no stored answer tells: a channel that repeats what
    is UNAVAILABLE would book twice. It is told not to, and no RetryInfo invites anybody."""
    asked: list[object] = []

    async def work(request: object) -> None:
        asked.append(request)
        raise errors.StoreBusyError("lost", metadata)

    channel = await serve(Slots(work), client=RETRIES)

    error = await refusal(SlotServiceStub(channel).SuggestSlots(REQUEST))

    assert (error.code(), info(error).metadata) == (grpc.StatusCode.UNAVAILABLE, metadata)
    assert len(asked) == calls
    invited = any(
        packed.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for packed in told(error).details
    )
    assert invited is (calls > 1)


async def test_a_defect_is_told_as_a_number_only(serve: Serve) -> None:
    """The client gets an incident number, the log has the cause under the same number."""
    stub = SlotServiceStub(await serve(raising(ValueError("secret 43.7311, 7.4197"))))

    with capture_logs() as lines:
        error = await refusal(stub.SuggestSlots(REQUEST))

    assert error.code() is grpc.StatusCode.INTERNAL
    incident = info(error).metadata["incident"]
    assert incident in str(error.details())
    assert "secret" not in str(told(error))
    [line] = [line for line in lines if line["event"] == "incident"]
    assert line["incident"] == incident
    assert isinstance(line["exc_info"], ValueError)


async def test_a_broken_invariant_is_a_defect_with_its_reason(serve: Serve) -> None:
    """InvariantError keeps its text from the client and says its reason."""
    stub = SlotServiceStub(await serve(raising(errors.InvariantError("route of Anna"))))

    error = await refusal(stub.SuggestSlots(REQUEST))

    assert error.code() is grpc.StatusCode.INTERNAL
    assert info(error).reason == "INVARIANT_BROKEN"
    assert "Anna" not in str(told(error))


async def test_a_method_that_does_not_work_yet_says_so(serve: Serve) -> None:
    """The generated refusal of a missing method is UNIMPLEMENTED, not a defect."""
    stub = SlotServiceStub(await serve(raising(ValueError())))

    error = await refusal(stub.HoldSlot(slot_service_pb2.HoldSlotRequest()))

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert info(error).reason == "METHOD_NOT_IMPLEMENTED"


async def test_bytes_that_are_no_message_are_the_clients_mistake(serve: Serve) -> None:
    """Garbage on the wire is INVALID_ARGUMENT, never INTERNAL or UNKNOWN."""
    channel = await serve(raising(ValueError()))
    call = channel.unary_unary("/slotsvc.v1.SlotService/SuggestSlots")

    for garbage in (b"\xff\xff\xff", b"\x0a\xff", b"\x0a\x02\xc3\x28"):
        assert (await refusal(call(garbage))).code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_the_callers_request_id_comes_back(serve: Serve) -> None:
    """x-request-id is kept when it is a plain word, made up otherwise, and comes on errors too."""

    async def work(_request: object) -> None:
        return None

    stub = SlotServiceStub(await serve(Slots(work)))

    async def sent(value: str) -> str:
        call = stub.SuggestSlots(REQUEST, metadata=(("x-request-id", value),))
        await call
        return str(dict(await call.trailing_metadata())["x-request-id"])

    assert await sent("abc-1.2_3") == "abc-1.2_3"
    assert re.fullmatch("[0-9a-f]{32}", await sent("a b"))
    assert re.fullmatch("[0-9a-f]{32}", await sent("x" * 101))
    stub = SlotServiceStub(await serve(raising(errors.NotFoundError("none"))))
    error = await refusal(stub.SuggestSlots(REQUEST, metadata=(("x-request-id", "abc"),)))
    assert dict(error.trailing_metadata())["x-request-id"] == "abc"


async def test_calls_are_counted_by_code(serve: Serve, metrics: Metrics) -> None:
    """Each answer counts under the code the client got, and its time is measured."""

    async def work(request: slot_service_pb2.SuggestSlotsRequest) -> None:
        if request.max_slots:
            raise errors.NotFoundError("none")

    stub = SlotServiceStub(await serve(Slots(work)))
    with capture_logs() as lines:
        await stub.SuggestSlots(REQUEST)
        await refusal(stub.SuggestSlots(slot_service_pb2.SuggestSlotsRequest(max_slots=1)))

    def handled(code: str) -> float | None:
        return metrics.registry.get_sample_value(
            "grpc_server_handled_total",
            {
                "grpc_service": "slotsvc.v1.SlotService",
                "grpc_method": "SuggestSlots",
                "grpc_code": code,
            },
        )

    assert (handled("OK"), handled("NOT_FOUND")) == (1, 1)
    assert [x["grpc_code"] for x in lines if x["event"] == "call"] == ["OK", "NOT_FOUND"]


@pytest.mark.machine_speed
async def test_a_call_without_a_deadline_gets_one(serve: Serve, metrics: Metrics) -> None:
    """The default deadline ends the work and is told as DEADLINE_EXCEEDED."""
    ended = asyncio.Event()

    async def work(_request: object) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    stub = SlotServiceStub(await serve(Slots(work), limits=DeadlineLimits(0.1, 60)))

    error = await refusal(stub.SuggestSlots(REQUEST))

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert info(error).reason == "DEADLINE_EXCEEDED"
    assert ended.is_set()


async def test_the_longest_deadline_is_capped(serve: Serve) -> None:
    """A caller who allows an hour is served as if it had allowed the cap; less is kept."""
    left: list[float] = []

    async def work(_request: object) -> None:
        left.append(seconds_left())

    stub = SlotServiceStub(await serve(Slots(work), limits=DeadlineLimits(10, 20)))

    await stub.SuggestSlots(REQUEST, timeout=3600)
    await stub.SuggestSlots(REQUEST, timeout=5)
    await stub.SuggestSlots(REQUEST)

    assert [round(x) for x in left] == [20, 5, 10]
    assert seconds_left() == float("inf")


async def test_a_timeout_inside_the_work_is_not_the_calls_deadline(serve: Serve) -> None:
    """A TimeoutError of something else is a defect until somebody handles it."""
    stub = SlotServiceStub(await serve(raising(TimeoutError("socket"))))

    assert (await refusal(stub.SuggestSlots(REQUEST))).code() is grpc.StatusCode.INTERNAL


async def test_a_client_that_hangs_up_stops_the_work(serve: Serve, metrics: Metrics) -> None:
    """The work sees the cancellation within 250 ms, and it counts as CANCELLED."""
    began, ended = asyncio.Event(), asyncio.Event()

    async def work(_request: object) -> None:
        began.set()
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    stub = SlotServiceStub(await serve(Slots(work)))
    call = stub.SuggestSlots(REQUEST)
    await began.wait()
    call.cancel()

    await asyncio.wait_for(ended.wait(), 0.25)
    await asyncio.sleep(0.01)
    labels = {"grpc_service": "slotsvc.v1.SlotService", "grpc_method": "SuggestSlots"}
    assert (
        metrics.registry.get_sample_value(
            "grpc_server_handled_total", labels | {"grpc_code": "CANCELLED"}
        )
        == 1
    )


async def test_a_stream_passes_through_the_same_layers() -> None:
    """Answers that come one by one are wrapped too, and what fails between them is told."""
    seen: list[str] = []

    class Recorder:
        def __init__(self, call: Call) -> None:
            self._method = call.method

        async def __aenter__(self) -> None:
            seen.append(f"{self._method} begins")

        async def __aexit__(self, *_error: object) -> None:
            seen.append(f"{self._method} ends")

    async def three(_request: object, _context: object) -> AsyncIterator[bytes]:
        for text in (b"1", b"2", b"3"):
            yield text

    server = aio.server(interceptors=[CallInterceptor((Recorder,))])
    handler = grpc.unary_stream_rpc_method_handler(
        three, request_deserializer=map_service_pb2.GetMapRequest.FromString
    )
    server.add_registered_method_handlers("slotsvc.v1.Test", {"Watch": handler})
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("slotsvc.v1.Test", {"Watch": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        answers = [a async for a in channel.unary_stream("/slotsvc.v1.Test/Watch")(b"")]
    await server.stop(0)

    assert answers == [b"1", b"2", b"3"]
    assert seen == ["Watch begins", "Watch ends"]
