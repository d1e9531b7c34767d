"""A client of the service for benchmarks and tests: the stubs over one channel, and what its
errors say."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.rpc import error_details_pb2, status_pb2
from grpc import aio

from slotsvc.pb.v1 import slot_service_pb2
from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub
from slotsvc.pb.v1.execution_service_pb2_grpc import ExecutionServiceStub
from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceStub
from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceStub
from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceStub
from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceStub

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceAsyncStub
    from slotsvc.pb.v1.execution_service_pb2_grpc import ExecutionServiceAsyncStub
    from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceAsyncStub
    from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceAsyncStub
    from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceAsyncStub
    from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceAsyncStub

type Metadata = Sequence[tuple[str, str]]

DETAILS = "grpc-status-details-bin"

CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    # A server that was killed is back within a second or two: do not wait for long.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200),
    # Channels to the same address must not share a connection: each client is its own.
    ("grpc.use_local_subchannel_pool", 1),
    # Despite its name: the time that one attempt to connect may take. Busy machines need some.
    ("grpc.min_reconnect_backoff_ms", 2_000),
)


@dataclass(frozen=True, slots=True)
class Calls:
    """The stubs over one channel."""

    channel: aio.Channel
    calendar: CalendarServiceAsyncStub
    slots: SlotServiceAsyncStub
    visits: VisitServiceAsyncStub
    plan: PlanServiceAsyncStub
    map: MapServiceAsyncStub
    execution: ExecutionServiceAsyncStub


class _Saying:
    """Adds the same metadata to every call."""

    def __init__(self, metadata: Metadata) -> None:
        self._metadata = tuple(metadata)

    def _with_metadata(self, details: Any) -> Any:
        sent = [*(details.metadata or ()), *self._metadata]
        return details._replace(metadata=aio.Metadata(*sent))


class _SayingOnce(_Saying, aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(self._with_metadata(details), request)


class _SayingToStream(_Saying, aio.UnaryStreamClientInterceptor):  # type: ignore[misc]
    async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(self._with_metadata(details), request)


def bearer(key: str) -> Metadata:
    """What a caller with this API key says."""
    return [("authorization", f"Bearer {key}")]


@asynccontextmanager
async def calling(address: str, metadata: Metadata = ()) -> AsyncIterator[Calls]:
    """Stubs for the service at ``address``; a connection of its own. ``metadata``: of every call,
    such as ``bearer(key)``."""
    # two, because a channel takes each interceptor for one kind of call only
    saying = [_SayingOnce(metadata), _SayingToStream(metadata)] if metadata else None
    async with aio.insecure_channel(
        address, options=CHANNEL_OPTIONS, interceptors=saying
    ) as channel:
        yield Calls(
            channel,
            CalendarServiceStub(channel),
            SlotServiceStub(channel),
            VisitServiceStub(channel),
            PlanServiceStub(channel),
            MapServiceStub(channel),
            ExecutionServiceStub(channel),
        )


def fresh_id() -> str:
    """A request_id nobody used before."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Told:
    """What an error said. ``violations``: (field path, what was expected), in order.

    ``alternatives``: the nearest equivalents of a slot that is gone.
    """

    code: str
    message: str
    reason: str
    metadata: dict[str, str]
    violations: tuple[tuple[str, str], ...]
    alternatives: tuple[slot_service_pb2.Slot, ...]

    @property
    def fields(self) -> set[str]:
        """Paths of the wrong fields."""
        return {path for path, _ in self.violations}


def told(error: aio.AioRpcError) -> Told:
    """The error with its ``google.rpc`` details. An error that is not ours has no details."""
    status = status_pb2.Status()
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS and isinstance(value, bytes):
            status.ParseFromString(value)
    info = _detail(status, error_details_pb2.ErrorInfo()) or error_details_pb2.ErrorInfo()
    bad = _detail(status, error_details_pb2.BadRequest()) or error_details_pb2.BadRequest()
    gone = _detail(status, slot_service_pb2.SlotGoneDetail()) or slot_service_pb2.SlotGoneDetail()
    return Told(
        error.code().name,
        error.details() or "",
        info.reason,
        dict(info.metadata),
        tuple((v.field, v.description) for v in bad.field_violations),
        tuple(gone.alternatives),
    )


def _detail[M: Message](status: status_pb2.Status, kind: M) -> M | None:
    return kind if any(detail.Unpack(kind) for detail in status.details) else None
