"""Redis may be away, hang, come back or talk nonsense: who asks is not kept, and never harmed."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from redis.asyncio import Redis
from structlog.testing import capture_logs

from slotsvc.replicas.link import MOST_FAILURES, RedisLink
from tests.replicas.front import in_front
from tests.replicas.valkey import Valkey, free_port
from tests.server.test_app import a_certificate

SOON_S = 10.0
"""How long a test waits for what takes less than a second on an idle machine."""
CALM_S = 2.0
"""A budget that a noisy machine keeps."""


class Told(Counter[tuple[str, str]]):
    """What a link counted."""

    def __call__(self, use: str, result: str) -> None:
        """One more."""
        self[use, result] += 1


@asynccontextmanager
async def linked(url: str, budget_s: float = CALM_S) -> AsyncIterator[tuple[RedisLink, Told]]:
    """A started link."""
    told = Told()
    link = RedisLink(url, budget_s=budget_s, count=told)
    await link.start()
    try:
        yield link, told
    finally:
        await link.aclose()


async def until(true: Callable[[], bool]) -> None:
    """Returns when it is so; fails when it does not become so."""
    async with asyncio.timeout(SOON_S):
        while not true():
            await asyncio.sleep(0.01)


def echo(word: str) -> Callable[[Redis], Awaitable[bytes]]:
    """Asks for a word; Redis says it."""

    async def asked(redis: Redis) -> bytes:
        said: bytes = await redis.echo(word)
        return said

    return asked


async def test_a_question_gets_its_answer(redis_url: str) -> None:
    """Redis that is there answers, and that is counted by what it was for."""
    async with linked(redis_url) as (link, told):
        assert await link.ask("word", echo("hello")) == b"hello"

    assert told == {("word", "ok"): 1}


async def test_a_start_does_not_wait_for_redis(tmp_path: Path) -> None:
    """Down at the start: every question is answered by nothing at once; later it is found."""
    server = Valkey(free_port(), tmp_path)
    begun = time.monotonic()
    async with linked(server.url) as (link, told):
        assert await link.ask("word", echo("hello")) is None
        assert time.monotonic() - begun < CALM_S
        try:
            server.start()
            await until(lambda: link.is_there)
            assert await link.ask("word", echo("hello")) == b"hello"
        finally:
            server.stop()

    assert told == {("word", "away"): 1, ("word", "ok"): 1}


async def test_one_that_was_killed_is_found_again(valkey: Valkey) -> None:
    """SIGKILL under way: nothing is raised; the next one on its port is used."""
    async with linked(valkey.url) as (link, told):
        valkey.kill()
        for _ in range(2 * MOST_FAILURES):
            assert await link.ask("word", echo("hello")) is None
        assert not link.is_there

        valkey.start()
        await until(lambda: link.is_there)
        assert await link.ask("word", echo("hello")) == b"hello"

    assert told["word", "failed"] == MOST_FAILURES


async def test_one_that_hangs_costs_a_few_budgets_and_then_nothing(valkey: Valkey) -> None:
    """SIGSTOP: three questions wait for their budget, a thousand more wait for nothing."""
    async with linked(valkey.url, budget_s=0.2) as (link, told):
        valkey.hang()
        begun = time.monotonic()
        for _ in range(MOST_FAILURES):
            assert await link.ask("word", echo("hello")) is None
        kept = time.monotonic() - begun
        begun = time.monotonic()
        for _ in range(1000):
            assert await link.ask("word", echo("hello")) is None
        after = time.monotonic() - begun

        assert told == {("word", "slow"): MOST_FAILURES, ("word", "away"): 1000}
        assert kept < MOST_FAILURES * 0.2 + CALM_S
        assert after < 0.2

        valkey.go_on()
        await until(lambda: link.is_there)


async def test_a_late_answer_is_nobody_elses(valkey: Valkey) -> None:
    """What Redis says after the budget never answers the next question."""
    async with linked(valkey.url, budget_s=0.2) as (link, _):
        valkey.hang()
        assert await link.ask("word", echo("first")) is None
        valkey.go_on()

        answers = [await link.ask("word", echo(f"word {n}")) for n in range(50)]

    assert [a for a in answers if a is not None] == [
        f"word {n}".encode() for n, a in enumerate(answers) if a is not None
    ]
    assert any(answers)


async def test_more_questions_than_connections_do_not_wait(valkey: Valkey) -> None:
    """With enough under way the next one goes on without, at once."""
    async with linked(valkey.url, budget_s=0.5) as (link, told):
        valkey.hang()
        answers = await asyncio.gather(*(link.ask("word", echo("hello")) for _ in range(20)))

    assert answers == [None] * 20
    assert told["word", "busy"] == 16


async def test_what_is_no_redis_is_never_used() -> None:
    """Garbage, an endless answer, and silence on the port: nobody is harmed, nothing is asked."""

    for said in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"$999999999\r\n" + b"x" * 100_000, b""):
        async with saying(said) as port, linked(f"redis://127.0.0.1:{port}") as (link, _):
            assert not link.is_there
            assert await link.ask("word", echo("hello")) is None


@asynccontextmanager
async def saying(what: bytes) -> AsyncIterator[int]:
    """A server that says this to everybody, whatever they ask; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            writer.write(what)
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_one_that_is_always_late_is_not_used(redis_url: str) -> None:
    """Every answer takes longer than the budget: nobody waits for it even once."""
    async with (
        in_front(redis_url, late_s=0.1) as port,
        linked(f"redis://127.0.0.1:{port}", budget_s=0.05) as (link, told),
    ):
        assert await link.ask("word", echo("hello")) is None

    assert told == {("word", "away"): 1}


async def test_with_tls_the_certificate_counts(redis_url: str, tmp_path: Path) -> None:
    """rediss:// reaches a server whose certificate is trusted, and no other."""
    certificate, key = a_certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with in_front(redis_url, tls=tls) as port:
        trusted = f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}"
        async with linked(trusted) as (link, _):
            await until(lambda: link.is_there)
            assert await link.ask("word", echo("hello")) == b"hello"
        async with linked(f"rediss://localhost:{port}/0") as (link, _):
            assert await link.ask("word", echo("hello")) is None
            assert not link.is_there


async def test_the_password_is_in_no_log_line(valkey: Valkey) -> None:
    """Wrong passwords, refused connections, and a link that is printed: the secret stays out."""
    secret = "a-very-secret-word"
    with capture_logs() as lines:
        async with linked(f"redis://user:{secret}@127.0.0.1:{valkey.port}/0") as (link, _):
            assert not link.is_there
            assert secret not in repr(link)
        async with linked(f"redis://user:{secret}@127.0.0.1:{free_port()}/0") as (link, _):
            assert not link.is_there

    assert secret not in repr(lines)
