"""The gRPC server: limits, health, reflection, services, and an end that loses no call.

One event loop runs it; signals belong to ``slotsvc.bootstrap``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from slotsvc.pb.v1 import (
    access_service_pb2_grpc,
    calendar_service_pb2_grpc,
    execution_service_pb2_grpc,
    job_service_pb2_grpc,
    map_service_pb2_grpc,
    plan_service_pb2_grpc,
    slot_service_pb2_grpc,
    visit_service_pb2_grpc,
)
from slotsvc.server.policies import PACKAGE, methods_of

# Servicer class, and what registers one.
_SERVICES: dict[str, tuple[type, Callable[[Any, Any], None]]] = {
    f"{PACKAGE}.AccessService": (
        access_service_pb2_grpc.AccessServiceServicer,
        access_service_pb2_grpc.add_AccessServiceServicer_to_server,
    ),
    f"{PACKAGE}.CalendarService": (
        calendar_service_pb2_grpc.CalendarServiceServicer,
        calendar_service_pb2_grpc.add_CalendarServiceServicer_to_server,
    ),
    f"{PACKAGE}.ExecutionService": (
        execution_service_pb2_grpc.ExecutionServiceServicer,
        execution_service_pb2_grpc.add_ExecutionServiceServicer_to_server,
    ),
    f"{PACKAGE}.JobService": (
        job_service_pb2_grpc.JobServiceServicer,
        job_service_pb2_grpc.add_JobServiceServicer_to_server,
    ),
    f"{PACKAGE}.MapService": (
        map_service_pb2_grpc.MapServiceServicer,
        map_service_pb2_grpc.add_MapServiceServicer_to_server,
    ),
    f"{PACKAGE}.PlanService": (
        plan_service_pb2_grpc.PlanServiceServicer,
        plan_service_pb2_grpc.add_PlanServiceServicer_to_server,
    ),
    f"{PACKAGE}.SlotService": (
        slot_service_pb2_grpc.SlotServiceServicer,
        slot_service_pb2_grpc.add_SlotServiceServicer_to_server,
    ),
    f"{PACKAGE}.VisitService": (
        visit_service_pb2_grpc.VisitServiceServicer,
        visit_service_pb2_grpc.add_VisitServiceServicer_to_server,
    ),
}

LANES = frozenset({"SuggestSlots", "HoldSlot", "BookVisit"})
"""Methods whose calls are taken in beside all others, which come one after another in one line:
those that are asked most, so that a flood of one keeps no other out. Health has lanes of its own.
Every lane costs every call of the service, so not all have one."""


@dataclass(frozen=True, slots=True)
class ServerTls:
    """PEM files. ``client_ca`` None: clients need no certificate."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """``address``: host:port, port 0 for a free one. ``tls`` None: not encrypted.

    Seconds: ``max_connection_age_s``, after which a connection is asked to end and its calls get
    ``connection_grace_s``; ``max_idle_s``, of a connection without calls; ``handshake_s``, in which
    a new connection must begin to talk.
    """

    address: str = "127.0.0.1:50051"
    tls: ServerTls | None = None
    reflection: bool = False
    max_request_bytes: int = 1 << 20
    max_metadata_bytes: int = 8 << 10
    max_streams: int = 100
    max_connection_age_s: int = 30 * 60
    connection_grace_s: int = 60
    max_idle_s: int = 10 * 60
    handshake_s: int = 10


class GrpcServer:
    """A server with its health service. Not serving until ``start``.

    ``before_stop``: ends what would never end by itself, streams that is.
    """

    def __init__(
        self,
        servicers: Iterable[object],
        interceptors: Sequence[aio.ServerInterceptor],
        options: ServerOptions | None = None,
        before_stop: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self._before_stop = tuple(before_stop)
        self._options = options or ServerOptions()
        self._server = aio.server(
            interceptors=list(interceptors), options=_channel_options(self._options)
        )
        self._health = health.aio.HealthServicer()
        self._names = [_register(servicer, self._server) for servicer in servicers]
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if self._options.reflection:
            names = (*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._server)

    async def start(self, *, serving: bool = True) -> int:
        """Listen; gives the port. ``serving`` False: health says so until ``set_serving``.

        Raises ``RuntimeError`` when the address cannot be listened on.
        """
        port = self._listen()
        await self._server.start()
        await self.set_serving(serving)
        return port

    async def set_serving(self, serving: bool) -> None:
        """What health answers for "" and for each service."""
        status = health_pb2.HealthCheckResponse
        told = status.SERVING if serving else status.NOT_SERVING
        for name in ("", *self._names):
            await self._health.set(name, told)

    async def drain(self, grace_s: float) -> None:
        """Health says NOT_SERVING, new calls are refused, running ones get ``grace_s`` seconds."""
        await self._health.enter_graceful_shutdown()
        for end in self._before_stop:
            await end()
        await self._server.stop(grace_s)

    async def wait_until_stopped(self) -> None:
        """Returns when ``drain`` is done."""
        await self._server.wait_for_termination()

    def _listen(self) -> int:
        address, tls = self._options.address, self._options.tls
        if tls is None:
            port: int = self._server.add_insecure_port(address)
        else:
            port = self._server.add_secure_port(address, _credentials(tls))
        return port


def method_descriptors() -> Iterator[MethodDescriptor]:
    """Every method of the contract."""
    for name in _SERVICES:
        yield from methods_of(name).values()


class _FewLanes:
    """What generated code registers a servicer at. grpc.aio looks at every registered method for
    each call that comes: with all of the contract's a refusal costs a third more."""

    def __init__(self, server: aio.Server) -> None:
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers
        self._server = server

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        """Those of ``LANES``; the others are found by their names."""
        lanes = {name: handler for name, handler in handlers.items() if name in LANES}
        self._server.add_registered_method_handlers(service, lanes)


def _register(servicer: object, server: aio.Server) -> str:
    for name, (kind, add) in _SERVICES.items():
        if isinstance(servicer, kind):
            add(servicer, _FewLanes(server))
            return name
    raise TypeError(f"{type(servicer).__name__} serves none of the contract's services")


def _credentials(tls: ServerTls) -> grpc.ServerCredentials:
    clients = None if tls.client_ca is None else tls.client_ca.read_bytes()
    return grpc.ssl_server_credentials(
        [(tls.key.read_bytes(), tls.certificate.read_bytes())],
        root_certificates=clients,
        require_client_auth=clients is not None,
    )


def _channel_options(options: ServerOptions) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", options.max_request_bytes),
        # one limit, not a soft one with a lottery between the two
        ("grpc.max_metadata_size", options.max_metadata_bytes),
        ("grpc.absolute_max_metadata_size", options.max_metadata_bytes),
        ("grpc.max_concurrent_streams", options.max_streams),
        ("grpc.max_connection_age_ms", options.max_connection_age_s * 1000),
        ("grpc.max_connection_age_grace_ms", options.connection_grace_s * 1000),
        # who says nothing keeps no connection: neither one that never begins to talk, nor one that
        # carries no call any more (clients come back by themselves)
        ("grpc.server_handshake_timeout_ms", options.handshake_s * 1000),
        ("grpc.max_connection_idle_ms", options.max_idle_s * 1000),
        # clients may ping every 20 s, with no call running too; faster ones are sent away
        ("grpc.http2.min_ping_interval_without_data_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        # and dead clients are noticed
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # a second server on the same port is a mistake, not a replica
        ("grpc.so_reuseport", 0),
    ]
