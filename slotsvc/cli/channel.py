"""A connection to the service. Everything that talks gRPC starts here."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from slotsvc.cli.failure import CommandError, Exit

if TYPE_CHECKING:
    from pathlib import Path

    import grpc

    from slotsvc.pb.v1.access_service_pb2_grpc import AccessServiceStub
    from slotsvc.pb.v1.calendar_service_pb2 import Team
    from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub
    from slotsvc.pb.v1.execution_service_pb2_grpc import ExecutionServiceStub
    from slotsvc.pb.v1.job_service_pb2_grpc import JobServiceStub
    from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceStub
    from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceStub
    from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceStub
    from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceStub

# the service is ours and near: an HTTP proxy of the environment has no business in between
CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    # a watch outlives the service: it is back soon after the service is, and finds out when the
    # connection died in silence; the service minds pings more often than every 20 s
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)
# for those who call many times at once: what there is no room for is asked again when told to
PATIENT_OPTIONS = (
    *CHANNEL_OPTIONS,
    (
        "grpc.service_config",
        '{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 5, '
        '"initialBackoff": "0.2s", "maxBackoff": "5s", "backoffMultiplier": 2, '
        '"retryableStatusCodes": ["UNAVAILABLE"]}}]}',
    ),
)
ANYWHERE = ("0.0.0.0", "[::]", "::", "")


class Method[Request, Response](Protocol):
    """One unary RPC of a stub."""

    def __call__(
        self,
        request: Request,
        /,
        *,
        timeout: float | None = None,
        metadata: tuple[tuple[str, str], ...] | None = None,
    ) -> Response: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """How to call: ``key`` None sends none, ``ca`` None does not encrypt.

    ``certificate``, ``private_key``: PEM files, for a service that wants to see one. ``insecure``:
    send the key unencrypted to other machines too.
    """

    key: str | None = field(default=None, repr=False)
    ca: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    insecure: bool = False

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What goes with every call."""
        return (("authorization", f"Bearer {self.key}"),) if self.key else ()


NOBODY = Caller()


@dataclass
class Service:
    """The stubs over one channel to ``address``. ``timeout``: deadline of each call, seconds."""

    channel: grpc.Channel
    address: str
    timeout: float
    metadata: tuple[tuple[str, str], ...] = ()

    def ask[Request, Response](
        self, method: Method[Request, Response], request: Request
    ) -> Response:
        """One call with the deadline. Raises ``CommandError``."""
        import grpc

        try:
            return method(request, timeout=self.timeout, metadata=self.metadata)
        except grpc.RpcError as error:
            raise self.failure(error, request) from error

    def failure(self, error: grpc.RpcError, request: object) -> CommandError:
        """What to show for a call of ``request`` that ended with ``error``."""
        from slotsvc.cli.rpc_failure import failure_of, unknown_key

        failure = failure_of(error, self.address, request)
        given = bool(self.metadata) and failure.reason == "UNAUTHENTICATED"
        return unknown_key(failure) if given else failure

    @cached_property
    def access(self) -> AccessServiceStub:
        from slotsvc.pb.v1.access_service_pb2_grpc import AccessServiceStub

        return AccessServiceStub(self.channel)

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
    def execution(self) -> ExecutionServiceStub:
        from slotsvc.pb.v1.execution_service_pb2_grpc import ExecutionServiceStub

        return ExecutionServiceStub(self.channel)

    @cached_property
    def jobs(self) -> JobServiceStub:
        from slotsvc.pb.v1.job_service_pb2_grpc import JobServiceStub

        return JobServiceStub(self.channel)

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
def connect(address: str, timeout: float, caller: Caller = NOBODY) -> Iterator[Service]:
    """A service at ``address``; nothing is sent yet. Raises ``CommandError``."""
    target = reachable(address)
    with open_channel(target, caller) as channel:
        yield Service(channel, target, timeout, caller.metadata)


def open_channel(target: str, caller: Caller) -> grpc.Channel:
    """A channel, encrypted when the caller knows whom to trust. Raises ``CommandError``."""
    import grpc

    if caller.ca is not None:
        return grpc.secure_channel(target, _credentials(caller), options=CHANNEL_OPTIONS)
    if caller.key and not caller.insecure:
        _refuse_plain_key(target)
    return grpc.insecure_channel(target, options=CHANNEL_OPTIONS)


def _credentials(caller: Caller) -> grpc.ChannelCredentials:
    import grpc

    paths = (caller.ca, caller.private_key, caller.certificate)
    try:
        ca, key, chain = (None if path is None else path.read_bytes() for path in paths)
    except OSError as error:
        raise CommandError(
            f"{error.filename} cannot be read: {(error.strerror or '').lower()}.",
            "TLS",
            Exit.USAGE,
        ) from None
    return grpc.ssl_channel_credentials(ca, key, chain)


def _refuse_plain_key(target: str) -> None:
    from slotsvc.config import is_loopback

    if not is_loopback(target):
        raise CommandError(
            f"The key is not sent to {target} unencrypted.",
            "PLAIN_KEY",
            Exit.USAGE,
            "Give --tls-ca, or set allow_insecure.",
        )


def reachable(address: str) -> str:
    """Where to call what was bound: a server on every interface answers on the loopback."""
    host, _, port = address.rpartition(":")
    return f"127.0.0.1:{port}" if host in ANYWHERE else address


def new_request_id() -> str:
    """A fresh id: the same id twice gives the same answer."""
    return uuid.uuid4().hex
