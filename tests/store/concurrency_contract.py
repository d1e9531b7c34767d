"""What every store must do when many write at once, give up waiting, or are called off."""

from __future__ import annotations

import asyncio
import threading

import pytest

from slotsvc.domain.errors import SlotGoneError
from slotsvc.scheduling.ports import Store
from tests.store.many_writers import check, found_companies, write_and_poll
from tests.store.record_contract import call
from tests.store.samples import (
    ANA_MONDAY,
    BEN_MONDAY,
    event,
    placed,
    put,
    set_up,
)


async def version_of(store: Store) -> int:
    found = await store.read(
        lambda tx: tx.route_versions("acme", ["ana"], ANA_MONDAY.day, ANA_MONDAY.day)
    )
    return found.get(ANA_MONDAY, 0)


def take(id: str, expected: int):
    """Books when the route is still at the version that the search saw."""

    def work(tx):
        version = put(tx, placed(id))
        if version != expected + 1:
            raise SlotGoneError("somebody was faster")
        tx.record("acme", event("BOOKED", ANA_MONDAY, version), "clerk")

    return work


class ConcurrencyContract:
    """Atomicity, isolation, fairness, cancellation. ``writers``: how many write at a time."""

    writers = 1

    async def test_two_writers_one_route_one_winner(self, store: Store) -> None:
        """Both saw the same version; one books, the other learns that somebody was faster."""
        await store.write(set_up)
        seen = await version_of(store)

        results = await asyncio.gather(
            *(store.write(take(id, seen)) for id in ("p1", "p2")), return_exceptions=True
        )

        assert sorted(type(r).__name__ for r in results) == ["NoneType", "SlotGoneError"]
        assert await version_of(store) == seen + 1
        assert len(await store.read(lambda tx: tx.events_after("acme", "", 9))) == 1

    async def test_many_writers_on_one_route_each_get_a_version(self, store: Store) -> None:
        """Sixteen writers at once: sixteen versions, none missing and none twice."""
        await store.write(set_up)

        versions = await asyncio.gather(
            *(store.write(lambda tx, i=i: put(tx, placed(f"p{i}"))) for i in range(16))
        )

        assert sorted(versions) == list(range(1, 17))
        route = (await store.read(lambda tx: tx.routes_by_key([ANA_MONDAY])))[ANA_MONDAY]
        assert [p.position for p in route.placements] == list(range(16))

    async def test_many_writers_lose_nothing_and_pollers_skip_nothing(self, store: Store) -> None:
        """Sixteen clients on six routes of two tenants, events and changes polled meanwhile."""
        await store.write(found_companies)

        await check(store, await write_and_poll([store], each=6, seed=1))

    async def test_twins_have_one_effect_and_one_answer(self, store: Store) -> None:
        """The same call sent twice at once books once, and both callers get that answer."""
        await store.write(set_up)

        answers = await asyncio.gather(
            *(store.write(lambda tx, n=n: call(tx, str(n))) for n in range(1, 9))
        )

        assert len(set(answers)) == 1
        route = (await store.read(lambda tx: tx.routes_by_key([ANA_MONDAY])))[ANA_MONDAY]
        assert len(route.placements) == 1

    async def test_several_routes_change_together_or_not_at_all(self, store: Store) -> None:
        """Readers see both routes of a mutation changed, or neither."""
        await store.write(set_up)
        keys = [ANA_MONDAY, BEN_MONDAY]

        async def read() -> tuple[int, ...]:
            found = await store.read(lambda tx: tx.routes_by_key(keys))
            return tuple(found[key].version for key in keys)

        async def write() -> None:
            for _ in range(20):
                await store.write(lambda tx: tx.lock_routes(keys))

        writing = asyncio.create_task(write())
        while not writing.done():
            first, second = await read()
            assert first == second
        await writing
        assert await read() == (20, 20)

    async def test_a_read_is_one_snapshot(self, store: Store) -> None:
        """What is written while a read runs is not seen by it, however often it looks."""
        await store.write(set_up)
        looked, written = threading.Event(), threading.Event()

        def look_twice(tx):
            before = tx.routes_by_key([ANA_MONDAY])[ANA_MONDAY].version
            looked.set()
            assert written.wait(10)
            return before, tx.routes_by_key([ANA_MONDAY])[ANA_MONDAY].version

        reading = asyncio.create_task(store.read(look_twice))
        await asyncio.to_thread(looked.wait, 10)
        await store.write(lambda tx: tx.lock_routes([ANA_MONDAY]))
        written.set()

        assert await reading == (0, 0)
        assert await version_of(store) == 1

    async def test_a_writer_that_nobody_waits_for_writes_nothing(self, store: Store) -> None:
        """Called off before its commit, a mutation is rolled back and the next one runs."""
        await store.write(set_up)
        started, go_on = threading.Event(), threading.Event()

        def slow(tx):
            put(tx, placed("p1"))
            started.set()
            assert go_on.wait(10)

        writing = asyncio.create_task(store.write(slow))
        await asyncio.to_thread(started.wait, 10)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        go_on.set()

        assert await store.write(lambda tx: put(tx, placed("p2"))) == 1
        assert await store.read(lambda tx: tx.visit("acme", "v1")) is None

    async def test_a_cancelled_writer_in_the_queue_never_runs(self, store: Store) -> None:
        """A mutation called off while it waits for its turn is not even begun."""
        await store.write(set_up)
        started = threading.Semaphore(0)
        go_on, ran = threading.Event(), threading.Event()

        def slow(tx):
            started.release()
            assert go_on.wait(10)

        busy = [asyncio.create_task(store.write(slow)) for _ in range(self.writers)]
        for _ in busy:
            await asyncio.to_thread(started.acquire, timeout=10)
        late = asyncio.create_task(store.write(lambda tx: ran.set()))
        await asyncio.sleep(0.01)
        late.cancel()
        with pytest.raises(asyncio.CancelledError):
            await late
        go_on.set()
        await asyncio.gather(*busy)
        await store.write(lambda tx: None)

        assert not ran.is_set()

    async def test_a_cancelled_read_leaves_nothing_behind(self, store: Store) -> None:
        """Many reads called off in the middle do not use the pool up."""
        await store.write(set_up)
        started, go_on = threading.Event(), threading.Event()

        def slow(tx):
            tx.tenant("acme")
            started.set()
            assert go_on.wait(10)

        for _ in range(10):
            reading = asyncio.create_task(store.read(slow))
            await asyncio.to_thread(started.wait, 10)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        go_on.set()

        assert await version_of(store) == 0
