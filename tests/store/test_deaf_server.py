"""A server that says nothing any more, and does not close its connections either."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from slotsvc.domain.errors import StoreBusyError
from slotsvc.store import postgres_engine
from slotsvc.store.postgres_store import PostgresStore
from tests.cut_link import cut_link
from tests.store.record_contract import call
from tests.store.samples import ANA_MONDAY, FrozenClock, set_up


async def test_nobody_waits_for_a_server_that_went_deaf(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said is lost both ways, and no connection ends: who asked is told in bounded time,
    no thread is kept, and when the link is whole again the same calls have one effect."""
    monkeypatch.setattr(postgres_engine, "ANSWER_MS", 700)
    with cut_link(postgres_url) as (url, link), closing(PostgresStore(url, FrozenClock())) as store:
        await store.write(set_up)
        await store.read(lambda tx: tx.tenant("acme"))
        link.part()
        try:
            async with asyncio.timeout(6):
                told = await asyncio.gather(
                    *(store.write(lambda tx, n=n: call(tx, f"key-{n % 3}")) for n in range(12)),
                    *(store.read(lambda tx: tx.tenant("acme")) for _ in range(12)),
                    return_exceptions=True,
                )
        except TimeoutError:
            link.cut()  # or the store could not be closed
            raise
        link.heal()

        assert {type(error) for error in told} == {StoreBusyError}
        assert await store.write(call) == await store.write(call) == b"booked 1"
        assert (await store.write(lambda tx: tx.lock_routes([ANA_MONDAY])))[ANA_MONDAY] == 2
