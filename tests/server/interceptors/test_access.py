"""The guard around a call, in front of a servicer that would answer everything."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio

from slotsvc.domain.access import Principal, Role
from slotsvc.domain.errors import PermissionDeniedError
from slotsvc.pb.v1 import map_service_pb2 as maps
from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceServicer, MapServiceStub
from slotsvc.scheduling.api_keys import ApiKeys
from slotsvc.server import policies
from slotsvc.server.app import GrpcServer, ServerOptions, ServerTls, method_descriptors
from slotsvc.server.authentication import Authenticator
from slotsvc.server.interceptors import call_interceptor
from slotsvc.server.interceptors.access import AccessGuard
from slotsvc.server.metrics import Metrics
from slotsvc.server.object_access import ObjectAccess
from slotsvc.store.sqlite_store import SqliteStore
from tests.server.test_app import a_certificate

ASK = maps.GetMapRequest()


class Maps(MapServiceServicer):
    """Answers GetMap, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    async def GetMap(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.asked += 1
        return maps.GetMapResponse(map_id="m")


@asynccontextmanager
async def guarded(
    store: SqliteStore, metrics: Metrics, servicer: object, *, needs_key: bool = True
) -> AsyncIterator[Any]:
    """A stub of a server that asks for keys."""
    guard = AccessGuard(Authenticator(store, metrics), ObjectAccess(store), needs_key=needs_key)
    server = GrpcServer(
        [servicer], [call_interceptor(metrics, None, guard)], ServerOptions("127.0.0.1:0")
    )
    port = await server.start()
    try:
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield MapServiceStub(channel)
    finally:
        await server.drain(0)


async def code(call: Any) -> grpc.StatusCode:
    try:
        await call
    except aio.AioRpcError as error:
        return error.code()  # type: ignore[no-any-return]
    return grpc.StatusCode.OK


async def test_without_a_key_the_servicer_is_not_asked(
    store: SqliteStore, metrics: Metrics
) -> None:
    """Nothing of the call runs, not even the reading of its bytes."""
    servicer = Maps()
    async with guarded(store, metrics, servicer) as stub:
        assert await code(stub.GetMap(ASK)) is grpc.StatusCode.UNAUTHENTICATED

    assert servicer.asked == 0


@pytest.mark.parametrize(
    ("metadata", "answer"),
    [
        ([], grpc.StatusCode.OK),
        ([("user-agent-of-ours", "x")], grpc.StatusCode.OK),
        (
            [("authorization", f"Bearer slk_abcdefghijkl_{43 * 'x'}")],
            grpc.StatusCode.UNAUTHENTICATED,
        ),
        ([("authorization", "")], grpc.StatusCode.UNAUTHENTICATED),
        ([("slotsvc-on-behalf-of", "clients/a")], grpc.StatusCode.UNAUTHENTICATED),
    ],
)
async def test_where_no_key_is_needed_one_that_is_shown_counts(
    store: SqliteStore, metrics: Metrics, metadata: Any, answer: grpc.StatusCode
) -> None:
    """Who says nothing may do everything; who names a key or a client is held to it."""
    servicer = Maps()
    async with guarded(store, metrics, servicer, needs_key=False) as stub:
        assert await code(stub.GetMap(ASK, metadata=metadata)) is answer

    assert servicer.asked == (answer is grpc.StatusCode.OK)


async def test_a_method_without_a_policy_is_refused_to_everybody(
    store: SqliteStore, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Default deny: a key that may do everything may not do what nobody thought about."""
    key = [("authorization", f"Bearer {await ApiKeys(store).first('first')}")]
    monkeypatch.setattr(policies, "policy_of", lambda _service, _method: None)
    async with guarded(store, metrics, Maps()) as stub:
        told = await code(stub.GetMap(ASK, metadata=key))

    assert told is grpc.StatusCode.PERMISSION_DENIED


async def test_metadata_have_a_limit(store: SqliteStore, metrics: Metrics) -> None:
    """More than 8 KiB of it never reaches a layer of ours."""
    servicer = Maps()
    async with guarded(store, metrics, servicer) as stub:
        long = [("authorization", "Bearer " + 9000 * "x")]
        assert await code(stub.GetMap(ASK, metadata=long)) is grpc.StatusCode.RESOURCE_EXHAUSTED
        short = [("authorization", "Bearer " + 7000 * "x")]
        assert await code(stub.GetMap(ASK, metadata=short)) is grpc.StatusCode.UNAUTHENTICATED


def test_no_method_takes_a_stream() -> None:
    """The guard reads one request; a stream of them would pass it by."""
    assert [m.name for m in method_descriptors() if m.client_streaming] == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize(
    ("version", "spoken"), [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)]
)
async def test_old_encryption_is_not_spoken(
    tmp_path: Path, version: ssl.TLSVersion, spoken: bool
) -> None:
    """TLS 1.2 is the oldest that is served."""
    certificate, key = a_certificate(tmp_path)
    # a client so lenient that only the server can refuse
    lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    lenient.set_ciphers("ALL:@SECLEVEL=0")
    lenient.load_verify_locations(certificate)
    lenient.set_alpn_protocols(["h2"])
    lenient.minimum_version = lenient.maximum_version = version
    options = ServerOptions("localhost:0", ServerTls(certificate, key))
    server = GrpcServer([Maps()], [], options)

    port = await server.start()
    told = await _handshake(port, lenient)
    await server.drain(0)

    assert (told == "TLSv1.2") is spoken


async def _handshake(port: int, context: ssl.SSLContext) -> str:
    """The version agreed on, or what went wrong."""
    import asyncio

    try:
        _, writer = await asyncio.open_connection("localhost", port, ssl=context)
    except (ssl.SSLError, OSError) as error:
        return str(error)
    version = str(writer.get_extra_info("ssl_object").version())
    writer.close()
    return version


@pytest.mark.parametrize(
    ("service", "method", "role", "who"),
    [
        ("JobService", "ListJobs", Role.PLANNER, "only OPERATOR may"),
        ("ExecutionService", "StartVisit", Role.CLIENT, "INTEGRATOR or TECHNICIAN may"),
    ],
)
def test_a_role_that_may_not_is_told_which_may(
    service: str, method: str, role: Role, who: str
) -> None:
    """The contract says it to everybody; technicians and clients may call about their own."""
    with pytest.raises(PermissionDeniedError, match=who):
        policies.require_role(Principal(role, "acme", "k"), f"slotsvc.v1.{service}", method)
