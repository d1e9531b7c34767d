"""So many threads at once, whoever still waits for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from threading import Event

import pytest

from slotsvc.scheduling.thread_places import ThreadPlaces


async def test_a_caller_who_leaves_frees_no_place_before_its_thread_ends() -> None:
    """One place: while the thread of a cancelled call works on, the next call waits."""
    places, began, may_end, seen = ThreadPlaces(1), Event(), Event(), []

    def slow(left: Callable[[], bool]) -> None:
        began.set()
        may_end.wait(5)
        seen.append(left())

    first = asyncio.create_task(places.run(slow))
    await asyncio.to_thread(began.wait, 5)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(places.run(lambda _left: "done"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(second), 0.05)
    may_end.set()

    assert await asyncio.wait_for(second, 5) == "done"
    assert seen == [True]


async def test_errors_come_out_and_free_the_place() -> None:
    """A work that fails fails for its caller, and the next one has its place."""

    def broken(left: Callable[[], bool]) -> bool:
        if not left():
            raise LookupError
        return True

    places = ThreadPlaces(1)
    for _ in range(2):
        with pytest.raises(LookupError):
            await places.run(broken)


async def test_work_whose_time_is_over_waits_for_no_place() -> None:
    """All places taken: work with a limit is begun at its limit, work without one waits."""
    places, may_end = ThreadPlaces(1), Event()
    first = asyncio.create_task(places.run(lambda _left: may_end.wait(5)))
    await asyncio.sleep(0)
    patient = asyncio.create_task(places.run(lambda _left: "patient"))
    limit = time.monotonic() + 0.05
    begun = await asyncio.wait_for(places.run(lambda _left: time.monotonic(), limit), 5)
    at_once = await asyncio.wait_for(places.run(lambda _left: "late", time.monotonic() - 1), 5)

    assert begun >= limit
    assert at_once == "late"
    assert not patient.done()
    may_end.set()
    assert await asyncio.wait_for(patient, 5) == "patient"
    assert await first
    assert await asyncio.wait_for(places.run(lambda _left: "free", limit), 5) == "free"
