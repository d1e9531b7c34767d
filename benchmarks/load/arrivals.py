"""Open-loop load: every arrival's time is fixed before the first call is made.

A closed loop waits for an answer before it asks again, so a slow service is asked less and looks
quick; here nobody waits for anybody, and a latency counts from the moment the call was *due*
("coordinated omission", Gil Tene).
"""

from __future__ import annotations

import asyncio
import random
import statistics
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from grpc import aio

from benchmarks.calls import told

OK = "OK"
TOO_LATE = "TOO_LATE"
"""Answered when the caller had left."""
LATE_S = 0.05
"""An arrival begun later than that was kept by the generator's own machine, and is counted."""


def poisson(rate: float, seconds: float, seed: int) -> list[float]:
    """Seconds from the start at which calls are due, independent of one another."""
    chance, at, due = random.Random(seed), 0.0, []
    while (at := at + chance.expovariate(rate)) < seconds:
        due.append(at)
    return due


@dataclass(slots=True)
class Outcomes:
    """What became of all arrivals. ``refused_ms``: until an arrival was told no, by reason.
    ``afterwards``: answers that came when nobody arrived any more. ``cores``: processor time a
    second, by who took it, and ``cpu_ms``: for each that succeeded; empty: not measured."""

    seconds: float
    ok_ms: list[float] = field(default_factory=list)
    refused_ms: dict[str, list[float]] = field(default_factory=dict)
    begun_late: int = 0
    afterwards: int = 0
    cores: dict[str, float] = field(default_factory=dict)
    cpu_ms: dict[str, float] = field(default_factory=dict)

    def note(self, ending: str, ms: float, *, afterwards: bool = False) -> None:
        """One arrival is over."""
        self.afterwards += afterwards and ending == OK
        (self.ok_ms if ending == OK else self.refused_ms.setdefault(ending, [])).append(ms)

    @property
    def per_second(self) -> float:
        """Goodput: what succeeded while others arrived. What queued up and was done afterwards had
        more time than ``seconds``."""
        return (len(self.ok_ms) - self.afterwards) / self.seconds

    @property
    def offered_per_second(self) -> float:
        """What arrived."""
        refused = sum(len(ms) for ms in self.refused_ms.values())
        return (len(self.ok_ms) + refused) / self.seconds

    def figures(self) -> dict[str, Any]:
        """For the report."""
        return {
            "offered_per_s": round(self.offered_per_second, 1),
            "ok_per_s": round(self.per_second, 1),
            **{f"ok_{name}": ms for name, ms in percentiles(self.ok_ms).items()},
            "refused": dict(Counter({why: len(ms) for why, ms in self.refused_ms.items()})),
            "refused_p99_ms": {
                why: percentiles(ms)["p99_ms"] for why, ms in self.refused_ms.items()
            },
            "begun_late": self.begun_late,
            **({"cores": self.cores} if self.cores else {}),
            **({"cpu_ms_each": self.cpu_ms} if self.cpu_ms else {}),
        }


async def open_loop(
    due: Sequence[float],
    seconds: float,
    work: Callable[[int], Awaitable[str]],
    useful_s: float = float("inf"),
) -> Outcomes:
    """Begins ``work(number)`` at each due time; it gives ``OK`` or why not. Refused calls are not
    repeated. An answer ``useful_s`` seconds after its call was due is ``TOO_LATE``."""
    outcomes, loop = Outcomes(seconds), asyncio.get_running_loop()
    begin, tasks = loop.time() + 0.1, set[asyncio.Task[None]]()

    async def one(number: int, at: float) -> None:
        outcomes.begun_late += loop.time() - at > LATE_S
        try:
            ending = await work(number)
        except aio.AioRpcError as error:
            said = told(error)
            ending = said.reason or said.code
        now = loop.time()
        late = ending == OK and now - at > useful_s
        over = now > begin + seconds
        outcomes.note(TOO_LATE if late else ending, 1000 * (now - at), afterwards=over)

    for number, after in enumerate(due):
        if (wait := begin + after - loop.time()) > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(one(number, begin + after))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return outcomes


def percentiles(ms: Sequence[float]) -> dict[str, float | None]:
    """p50, p95, p99 and the worst; None where there are no figures."""
    if len(ms) < 2:
        one = round(ms[0], 1) if ms else None
        return dict.fromkeys(("p50_ms", "p95_ms", "p99_ms", "max_ms"), one)
    cuts = statistics.quantiles(ms, n=100, method="inclusive")
    named = {"p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98], "max_ms": max(ms)}
    return {name: round(value, 1) for name, value in named.items()}
