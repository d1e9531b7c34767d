"""A connection to the service. Everything that talks gRPC starts here."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import grpc

    from slotsvc.pb.v1.calendar_service_pb2 import Team
    from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub
    from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceStub
    from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceStub
    from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceStub
    from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceStub

# the service is ours and near: an HTTP proxy of the environment has no business in between
CHANNEL_OPTIONS = (("grpc.enable_http_proxy", 0),)
ANYWHERE = ("0.0.0.0", "[::]", "::", "")


class Method[Request, Response](Protocol):
    """One unary RPC of a stub."""

    def __call__(self, request: Request, /, *, timeout: float | None = None) -> Response: ...


@dataclass
class Service:
    """The stubs over one channel to ``address``. ``timeout``: deadline of each call, seconds."""

    channel: grpc.Channel
    address: str
    timeout: float

    def ask[Request, Response](
        self, method: Method[Request, Response], request: Request
    ) -> Response:
        """One call with the deadline. Raises ``CommandError``."""
        import grpc

        from slotsvc.cli.rpc_failure import failure_of

        try:
            return method(request, timeout=self.timeout)
        except grpc.RpcError as error:
            raise failure_of(error, self.address, request) from error

    @cached_property
    def calendar(self) -> CalendarServiceStub:
        from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub

        return CalendarServiceStub(self.channel)

    @cached_property
    def slots(self) -> SlotServiceStub:
        from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceStub

        return SlotServiceStub(self.channel)

    @cached_property
    def visits(self) -> VisitServiceStub:
        from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceStub

        return VisitServiceStub(self.channel)

    @cached_property
    def plan(self) -> PlanServiceStub:
        from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceStub

        return PlanServiceStub(self.channel)

    @cached_property
    def map(self) -> MapServiceStub:
        from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceStub

        return MapServiceStub(self.channel)

    def team(self, name: str) -> Team:
        """The team, with its zone."""
        from slotsvc.pb.v1.calendar_service_pb2 import GetTeamRequest

        return self.ask(self.calendar.GetTeam, GetTeamRequest(name=name)).team

    def zone_of_technician(self, name: str) -> ZoneInfo:
        """The zone of the technician's team: the clock its clients live by."""
        from slotsvc.pb.v1.calendar_service_pb2 import GetTechnicianRequest

        request = GetTechnicianRequest(name=name)
        technician = self.ask(self.calendar.GetTechnician, request).technician
        return ZoneInfo(self.team(technician.team).time_zone)


@contextmanager
def connect(address: str, timeout: float) -> Iterator[Service]:
    """A service at ``address``; nothing is sent yet."""
    import grpc

    target = reachable(address)
    with grpc.insecure_channel(target, options=CHANNEL_OPTIONS) as channel:
        yield Service(channel, target, timeout)


def reachable(address: str) -> str:
    """Where to call what was bound: a server on every interface answers on the loopback."""
    host, _, port = address.rpartition(":")
    return f"127.0.0.1:{port}" if host in ANYWHERE else address


def new_request_id() -> str:
    """A fresh id: the same id twice gives the same answer."""
    return uuid.uuid4().hex
