"""The load generator: its arrivals are fixed, and it counts what callers feel."""

from __future__ import annotations

import asyncio
import os
import time

from benchmarks.load.arrivals import OK, TOO_LATE, Outcomes, open_loop, poisson
from benchmarks.load.cores import watched
from benchmarks.load.overload import overload


def test_arrivals_are_fixed_by_the_seed() -> None:
    """The same seed calls at the same moments, about as often as asked, another one at others."""
    due = poisson(50, 20, 7)

    assert due == poisson(50, 20, 7)
    assert due != poisson(50, 20, 8)
    assert due == sorted(due)
    assert 800 < len(due) < 1200


async def test_a_latency_counts_from_the_moment_a_call_was_due() -> None:
    """The loop is held up for 0.2 s: calls that were due meanwhile waited that long, and are
    counted as begun late; those that are refused are told apart."""

    async def work(number: int) -> str:
        if number == 0:
            time.sleep(0.2)
        return "GONE" if number == 3 else OK

    outcomes = await open_loop([0.0, 0.01, 0.02, 0.03], 1.0, work)

    assert len(outcomes.ok_ms) == 3
    assert min(outcomes.ok_ms) > 150
    assert outcomes.begun_late == 3
    assert outcomes.figures()["refused"] == {"GONE": 1}
    assert (outcomes.per_second, outcomes.offered_per_second) == (3, 4)


async def test_the_flood_is_so_many_times_the_peak() -> None:
    """A service that does 50 a second and no more: the peak is found, ten times it is sent."""
    rates: list[float] = []

    async def run(rate: float, seconds: float, seed: int) -> Outcomes:
        await asyncio.sleep(0)
        rates.append(rate)
        outcomes = Outcomes(seconds)
        for _ in range(int(rate * seconds)):
            outcomes.note(OK if len(outcomes.ok_ms) < 50 * seconds else "OVERLOADED", 1.0)
        return outcomes

    found = await overload(run, 10, 2.0, 0, 40)

    assert found.peak.per_second == 50
    assert rates[-1] == 500
    assert found.share == 1


async def test_an_answer_after_its_caller_left_is_no_goodput() -> None:
    """Two calls end well, one of them later than anybody waits for it."""

    async def work(number: int) -> str:
        await asyncio.sleep(0.3 if number == 0 else 0)
        return OK

    outcomes = await open_loop([0.0, 0.01], 1.0, work, useful_s=0.25)

    assert len(outcomes.ok_ms) == 1
    assert outcomes.figures()["refused"] == {TOO_LATE: 1}


async def test_what_is_done_when_nobody_arrives_any_more_is_no_goodput() -> None:
    """A service that takes a backlog of three home after the run gets one done in it."""

    async def work(number: int) -> str:
        await asyncio.sleep(0 if number == 0 else 0.6)
        return OK

    outcomes = await open_loop([0.0, 0.01, 0.02, 0.03], 0.4, work)

    assert len(outcomes.ok_ms) == 4
    assert outcomes.per_second == 1 / 0.4
    assert outcomes.offered_per_second == 4 / 0.4


async def test_the_cores_that_were_taken_stand_beside_the_outcomes() -> None:
    """A run that reckons without a pause takes this process's core, or what others leave of it."""

    async def run(rate: float, seconds: float, seed: int) -> Outcomes:
        end = time.process_time() + 0.2
        while time.process_time() < end:
            pass
        return Outcomes(seconds)

    cores = (await watched(run, [os.getpid()])(1, 1.0, 0)).figures()["cores"]

    assert set(cores) == {"service", "service_event_loop", "generator"}
    assert 0 < cores["generator"] <= 1.5
    assert 0 < cores["service_event_loop"] <= cores["service"] + 0.02
