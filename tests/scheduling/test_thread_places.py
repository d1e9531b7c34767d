"""So many threads at once, whoever still waits for them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from threading import Event

import pytest

from slotsvc.scheduling.thread_places import BRIEFLY_S, MOST_LONG, ThreadPlaces


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


async def test_short_work_never_waits_for_long_work() -> None:
    """More long works than places: each goes on alone, in turn; short ones come through at once."""
    places, may_end, working = ThreadPlaces(2), Event(), Counter[str]()

    def slow(ends: Callable[[], bool]) -> str:
        while not may_end.is_set():
            working["asked"] += 1
            if ends():
                return "ended early"
            time.sleep(0.002)
        return "whole"

    long = [asyncio.create_task(places.run(slow)) for _ in range(5)]
    await asyncio.sleep(6 * BRIEFLY_S)
    begun = time.monotonic()
    for _ in range(20):
        assert await places.run(lambda _ends: "short") == "short"
    assert time.monotonic() - begun < BRIEFLY_S * 20
    asked = working["asked"]
    await asyncio.sleep(BRIEFLY_S)
    assert working["asked"] > asked, "one of the long ones goes on"
    may_end.set()
    assert set(await asyncio.wait_for(asyncio.gather(*long), 10)) == {"whole"}


async def test_too_much_long_work_ends_with_what_it_has() -> None:
    """One goes on and a few wait; more are told to end, and so are those whose time is over."""
    places, may_end = ThreadPlaces(2), Event()

    def slow(ends: Callable[[], bool]) -> bool:
        while not may_end.is_set():
            if ends():
                return False
            time.sleep(0.002)
        return True

    limit = time.monotonic() + 20 * BRIEFLY_S
    first = asyncio.create_task(places.run(slow))
    await asyncio.sleep(2 * BRIEFLY_S)
    late = asyncio.create_task(places.run(slow, time.monotonic() + 3 * BRIEFLY_S))
    many = [asyncio.create_task(places.run(slow, limit + 60)) for _ in range(MOST_LONG + 3)]
    assert await asyncio.wait_for(late, 10) is False
    await asyncio.sleep(max(limit - time.monotonic(), 0))
    ended = [task for task in many if task.done()]
    assert len(ended) >= 2
    may_end.set()
    whole = await asyncio.wait_for(asyncio.gather(first, *many), 20)
    assert whole.count(True) >= MOST_LONG
    assert not any(task.result() for task in ended)


async def test_at_the_end_work_is_told_to_come_to_an_end() -> None:
    """``end_soon``: what runs, and what is begun later, ends when the last moment has come."""
    places = ThreadPlaces(1)

    def until_told(should_end: Callable[[], bool]) -> str:
        while not should_end():
            time.sleep(0.001)
        return "what there is"

    running = asyncio.create_task(places.run(until_told))
    await asyncio.sleep(0.02)
    assert not places.ending
    places.end_soon(0.05)

    assert places.ending
    assert await asyncio.wait_for(running, 5) == "what there is"
    assert await asyncio.wait_for(places.run(until_told), 5) == "what there is"
