"""The server as its operators see it: health, reflection, limits, encryption, the end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from slotsvc.pb.v1 import slot_service_pb2
from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceServicer, SlotServiceStub
from slotsvc.server.app import LANES, GrpcServer, ServerOptions, ServerTls, method_descriptors
from slotsvc.server.interceptors import call_interceptor
from slotsvc.server.metrics import Metrics
from tests.chaos.raw_http2 import PREFACE, SETTINGS, frame

type Serve = Callable[..., Awaitable[aio.Channel]]

FREE = ServerOptions(address="127.0.0.1:0")
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Slow(SlotServiceServicer):
    """Answers SuggestSlots when told to."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.go = asyncio.Event()

    async def SuggestSlots(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.began.set()
        await self.go.wait()
        return slot_service_pb2.SuggestSlotsResponse()


async def health(channel: aio.Channel, service: str = "") -> int:
    stub = health_pb2_grpc.HealthStub(channel)
    answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
    return int(answer.status)


async def test_health_answers_for_the_whole_and_for_each_service(serve: Serve) -> None:
    """The empty name and each registered service are SERVING; a missing one is unknown."""
    channel = await serve(Slow())

    assert await health(channel) == SERVING
    assert await health(channel, "slotsvc.v1.SlotService") == SERVING
    with pytest.raises(aio.AioRpcError) as unknown:
        await health(channel, "slotsvc.v1.VisitService")
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_server_can_start_before_it_serves() -> None:
    """Health says NOT_SERVING until everything is loaded."""
    server = GrpcServer([Slow()], [], FREE)
    port = await server.start(serving=False)
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert await health(channel) == NOT_SERVING
        await server.set_serving(True)
        assert await health(channel) == SERVING
    await server.drain(0)


async def test_the_end_lets_running_calls_finish() -> None:
    """Drain: health says no, new calls are refused, the running one gets its answer."""
    slow = Slow()
    server = GrpcServer([slow], [call_interceptor(Metrics())], FREE)
    port = await server.start()
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        running = asyncio.ensure_future(
            SlotServiceStub(channel).SuggestSlots(slot_service_pb2.SuggestSlotsRequest())
        )
        await slow.began.wait()
        ending = asyncio.create_task(server.drain(5))
        await asyncio.sleep(0.1)
        async with aio.insecure_channel(f"127.0.0.1:{port}") as other:
            with pytest.raises(aio.AioRpcError) as refused:
                await health(other)
        slow.go.set()
        await running
        await asyncio.wait_for(ending, 5)
        await asyncio.wait_for(server.wait_until_stopped(), 1)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_descriptors_are_told_only_when_the_flag_says_so(serve: Serve) -> None:
    """Reflection is off unless asked for."""

    async def services(channel: aio.Channel) -> list[str]:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        call = stub.ServerReflectionInfo(iter([request]))
        return [s.name async for a in call for s in a.list_services_response.service]

    shown = await serve(Slow(), options=ServerOptions(address="127.0.0.1:0", reflection=True))
    assert "slotsvc.v1.SlotService" in await services(shown)
    with pytest.raises(aio.AioRpcError) as hidden:
        await services(await serve(Slow()))
    assert hidden.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_message_over_a_mebibyte_is_refused(serve: Serve) -> None:
    """The size limit answers before anything is read."""
    stub = SlotServiceStub(await serve(Slow()))

    with pytest.raises(aio.AioRpcError) as refused:
        await stub.SuggestSlots(slot_service_pb2.SuggestSlotsRequest(team="x" * (1 << 20)))

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_service_that_is_not_given_is_not_served(serve: Serve) -> None:
    """Calls of a known service without a servicer are UNIMPLEMENTED."""
    channel = await serve()

    with pytest.raises(aio.AioRpcError) as refused:
        await SlotServiceStub(channel).SuggestSlots(slot_service_pb2.SuggestSlotsRequest())

    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_lanes_are_of_methods_that_exist() -> None:
    """One that is renamed would lose its lane without a word."""
    assert {method.name for method in method_descriptors()} >= LANES


async def test_a_stranger_is_not_registered() -> None:
    """An object that serves none of the contract's services is a mistake of the caller."""
    with pytest.raises(TypeError, match="object serves none"):
        GrpcServer([object()], [], FREE)


async def test_a_port_in_use_stops_the_start() -> None:
    """A second server on the same port is refused, not balanced."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        server = GrpcServer([], [], ServerOptions(address=address))
        with pytest.raises(RuntimeError):
            await server.start()
        await server.drain(0)


def a_certificate(directory: Path) -> tuple[Path, Path]:
    """A self-signed certificate of localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = directory / "c.pem", directory / "k.pem"
    certificate_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_path, key_path


async def test_an_encrypted_port_answers_encrypted_calls_only(tmp_path: Path) -> None:
    """TLS works with PEM files, and a client without it gets nothing."""
    certificate, key = a_certificate(tmp_path)
    tls = ServerTls(certificate, key)
    server = GrpcServer([Slow()], [], ServerOptions(address="localhost:0", tls=tls))
    port = await server.start()
    trusting = grpc.ssl_channel_credentials(certificate.read_bytes())
    async with aio.secure_channel(f"localhost:{port}", trusting) as channel:
        assert await health(channel) == SERVING
    async with aio.insecure_channel(f"localhost:{port}") as channel:
        with pytest.raises(aio.AioRpcError):
            await health(channel)
    await server.drain(0)


async def test_a_client_must_show_its_certificate_when_that_is_set(tmp_path: Path) -> None:
    """With client_ca set, a stranger is refused and a signed client is served."""
    certificate, key = a_certificate(tmp_path)
    tls = ServerTls(certificate, key, client_ca=certificate)
    server = GrpcServer([Slow()], [], ServerOptions(address="localhost:0", tls=tls))
    port = await server.start()
    pem = certificate.read_bytes()
    known = grpc.ssl_channel_credentials(pem, key.read_bytes(), pem)
    async with aio.secure_channel(f"localhost:{port}", known) as channel:
        assert await health(channel) == SERVING
    async with aio.secure_channel(
        f"localhost:{port}", grpc.ssl_channel_credentials(pem)
    ) as channel:
        with pytest.raises(aio.AioRpcError):
            await health(channel)
    await server.drain(0)


async def test_a_connection_that_says_nothing_is_closed() -> None:
    """Neither one that never begins to talk nor one that carries no call is kept for ever."""
    options = ServerOptions("127.0.0.1:0", max_idle_s=1, handshake_s=1)
    server = GrpcServer([Slow()], [], options)
    port = await server.start()
    silent, hushed = await asyncio.open_connection("127.0.0.1", port)
    talked, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(PREFACE + frame(SETTINGS, 0, 0))
    try:
        await asyncio.wait_for(asyncio.gather(silent.read(-1), talked.read(-1)), 10)
    finally:
        for end in (hushed, writer):
            end.close()
        await server.drain(0)


async def test_a_client_does_not_notice_that_its_connection_got_old() -> None:
    """Asked to reconnect every second (GOAWAY), a client that calls all the time sees no error, and
    a call that runs meanwhile is answered."""
    slow = Slow()
    options = ServerOptions("127.0.0.1:0", max_connection_age_s=1, connection_grace_s=10)
    server = GrpcServer([slow], [call_interceptor(Metrics())], options)
    port = await server.start()
    loop = asyncio.get_running_loop()
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        search = slot_service_pb2.SuggestSlotsRequest()
        running = asyncio.ensure_future(SlotServiceStub(channel).SuggestSlots(search))
        until, asked = loop.time() + 2.5, 0
        while loop.time() < until:
            assert await health(channel) == SERVING
            asked += 1
            await asyncio.sleep(0.002)
        slow.go.set()
        await running
    await server.drain(0)
    assert asked > 50
