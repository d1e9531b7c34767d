"""What one tenant may have of the writers."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

import pytest

from slotsvc.domain.errors import StoreBusyError
from slotsvc.store.gate import Gate
from slotsvc.store.shares import Share, Shares

SHARES = {4: 3, 2: 1}
PATIENCE_S = 0.3


class Writers:
    """Threads, of which a tenant has a share. ``inside``: who is at work now, by tenant."""

    def __init__(self, count: int, gate: Gate) -> None:
        self.shares = Shares(count, PATIENCE_S)
        self.share = SHARES[count]
        self.inside: Counter[str] = Counter()
        self.most = 0
        self._gate = gate
        self._lock = threading.Lock()

    def write(self, tenant: str, work: Callable[[], object]) -> Awaitable[object]:
        """As the store does it."""

        def attempt(share: Share) -> object:
            with share.at_work():
                share.take(tenant)
                self._count(tenant, 1)
                try:
                    return work()
                finally:
                    self._count(tenant, -1)

        return self.shares.run(lambda share: self._gate.run(lambda _: attempt(share)))

    def _count(self, tenant: str, more: int) -> None:
        with self._lock:
            self.inside[tenant] += more
            self.most = max(self.most, self.inside[tenant])


@asynccontextmanager
async def writers(count: int = 4) -> AsyncIterator[Writers]:
    gate = Gate("test-shares", 500, 10.0, count)
    yield Writers(count, gate)
    gate.close()


@asynccontextmanager
async def stuck(
    writers: Writers, tenant: str, count: int | None = None
) -> AsyncIterator[threading.Event]:
    """The tenant has ``count`` writers, or all that it may have, until the block ends or the event
    is set."""
    go_on, wanted = threading.Event(), count or writers.share

    def wait_in_vain() -> None:
        if not go_on.wait(10):
            raise AssertionError("nobody let it go on")
        raise StoreBusyError("the lock did not come")

    tasks = [asyncio.ensure_future(writers.write(tenant, wait_in_vain)) for _ in range(wanted)]
    while writers.inside[tenant] < wanted:
        await asyncio.sleep(0.005)
    try:
        yield go_on
    finally:
        go_on.set()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_others_write_while_one_has_its_share() -> None:
    """Whatever a tenant's callers wait for, another tenant's work finds a writer."""
    async with writers() as some, stuck(some, "acme"):
        more = [asyncio.ensure_future(some.write("acme", lambda: "ours")) for _ in range(20)]
        assert await asyncio.wait_for(some.write("rival", lambda: "theirs"), 5) == "theirs"
        told = await asyncio.gather(*more, return_exceptions=True)
        assert {type(one) for one in told} == {StoreBusyError}
    assert some.most == some.share


async def test_who_waits_in_line_is_called_in_order() -> None:
    """When a place is free those in the tenant's line do their work, first come, first served."""
    order: list[int] = []
    async with writers(2) as some, stuck(some, "acme") as go_on:
        tasks = []
        for number in range(6):
            work = partial(order.append, number)
            tasks.append(asyncio.ensure_future(some.write("acme", work)))
            await asyncio.sleep(0.01)
        assert not order
        go_on.set()
        await asyncio.gather(*tasks)
    assert order == list(range(6))


async def test_while_it_stands_still_most_are_told_at_once() -> None:
    """After its patience nobody more stands in the tenant's line; when something went well, all
    may come again."""
    async with writers() as some:
        async with stuck(some, "acme"):
            await asyncio.sleep(PATIENCE_S + 0.05)
            begun = time.monotonic()
            with pytest.raises(StoreBusyError, match="stand still"):
                await some.write("acme", lambda: "in vain")
            assert time.monotonic() - begun < PATIENCE_S / 2
        looking, go_on = threading.Event(), threading.Event()

        def look() -> bool:
            looking.set()
            return go_on.wait(10)

        one = asyncio.ensure_future(some.write("acme", look))
        assert await asyncio.to_thread(looking.wait, 10)
        with pytest.raises(StoreBusyError, match="stand still"):
            await some.write("acme", lambda: "a second one")
        go_on.set()
        assert await one
        assert await asyncio.gather(*(some.write("acme", lambda: 1) for _ in range(6))) == [1] * 6


async def test_many_that_stand_still_leave_room_for_others() -> None:
    """Each may look whether it goes on, with one writer, while that leaves one to the others."""
    names = ("acme", "rival", "third", "fourth")
    async with writers() as some:
        async with AsyncExitStack() as all_stuck:
            for name in names:
                await all_stuck.enter_async_context(stuck(some, name, 1))
            await asyncio.sleep(PATIENCE_S + 0.05)
        async with AsyncExitStack() as looking:
            for name in names[:3]:
                await looking.enter_async_context(stuck(some, name, 1))
                with pytest.raises(StoreBusyError, match="stand still"):
                    await some.write(name, lambda: "in vain")
            with pytest.raises(StoreBusyError, match="stand still"):
                await some.write("fourth", lambda: "in vain")
            assert await some.write("quiet", lambda: "theirs") == "theirs"
        assert await some.write("fourth", lambda: "at last") == "at last"


async def test_what_failed_long_ago_is_forgotten() -> None:
    """A tenant whose callers gave up comes back to its whole share."""
    async with writers() as some:
        async with stuck(some, "acme"):
            await asyncio.sleep(PATIENCE_S + 0.05)
        await asyncio.sleep(PATIENCE_S + 0.05)
        async with stuck(some, "acme"):
            assert some.inside["acme"] == some.share


async def test_whoever_leaves_keeps_nothing() -> None:
    """Callers who give up at any moment, in line or at work, leave their part to others: nobody
    ever has more than a share, all who stay are served, and nothing is remembered at the end."""
    chance = random.Random(6)

    async def caller(some: Writers) -> None:
        tenant = chance.choice(("acme", "rival"))
        writing = asyncio.ensure_future(some.write(tenant, lambda: time.sleep(0.001)))
        await asyncio.sleep(chance.random() * 0.02)
        if chance.random() < 0.5:
            writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing

    async with writers() as some:
        for _ in range(10):
            await asyncio.gather(*(caller(some) for _ in range(40)))
        await asyncio.gather(*(some.write("acme", lambda: None) for _ in range(20)))
        await asyncio.gather(*(some.write("rival", lambda: None) for _ in range(20)))
    assert some.most == some.share
    assert not some.shares._tenants
