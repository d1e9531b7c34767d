"""The demo's own connection: the same gRPC as everybody's, asynchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceAsyncStub
    from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceAsyncStub
    from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceAsyncStub
    from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceAsyncStub

CALL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DemoCalls:
    """The stubs over one channel."""

    address: str
    calendar: CalendarServiceAsyncStub
    slots: SlotServiceAsyncStub
    visits: VisitServiceAsyncStub
    plan: PlanServiceAsyncStub

    async def ask[Request, Response](
        self, method: Callable[..., Awaitable[Response]], request: Request
    ) -> Response:
        """One call. Raises ``CommandError``."""
        import grpc

        from slotsvc.cli.rpc_failure import failure_of

        try:
            return await method(request, timeout=CALL_SECONDS)
        except grpc.RpcError as error:
            raise failure_of(error, self.address) from error

    async def create(self, method: Callable[..., Awaitable[Any]], request: Any) -> bool:
        """Creates something unless it is there already; whether it was made now."""
        from slotsvc.cli.failure import CommandError

        try:
            await self.ask(method, request)
        except CommandError as error:
            if error.reason != "ALREADY_EXISTS":
                raise
            return False
        return True


@asynccontextmanager
async def demo_calls(address: str) -> AsyncIterator[DemoCalls]:
    """Stubs for the service at ``address``."""
    import grpc

    from slotsvc.cli.channel import PATIENT_OPTIONS, reachable
    from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub
    from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceStub
    from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceStub
    from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceStub

    target = reachable(address)
    async with grpc.aio.insecure_channel(target, options=PATIENT_OPTIONS) as channel:
        yield DemoCalls(
            target,
            CalendarServiceStub(channel),
            SlotServiceStub(channel),
            VisitServiceStub(channel),
            PlanServiceStub(channel),
        )
