"""More than the service can do: what it still gets done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.load.arrivals import OK, Outcomes, open_loop, poisson
from benchmarks.load.world import World, settled
from slotsvc.cli.wire import pb_date

DEADLINE_S = 2.0
"""An answer that comes later is of no use to its caller."""
GROWTH = 1.4
ENOUGH = 0.9
"""Of what arrives: a service that gets less done has reached its peak."""

type Run = Callable[[float, float, int], Awaitable[Outcomes]]
"""Rate, seconds, seed: what became of it."""


@dataclass(frozen=True, slots=True)
class Overload:
    """``peak``: most that was done a second; ``times``: so much of it came then."""

    peak: Outcomes
    flood: Outcomes
    times: float

    @property
    def share(self) -> float:
        """Of the peak's goodput that is left."""
        return self.flood.per_second / self.peak.per_second

    def figures(self) -> dict[str, Any]:
        """For the report."""
        return {
            "peak": self.peak.figures(),
            "times": self.times,
            "flood": self.flood.figures(),
            "goodput_share": round(self.share, 3),
        }


async def overload(run: Run, times: float, seconds: float, seed: int, first: float) -> Overload:
    """Raises the rate from ``first`` a second until not all is done any more; then floods."""
    rate, best = first, Outcomes(seconds)
    while True:
        found = await run(rate, seconds, seed)
        await settled()
        if found.per_second > best.per_second:
            best = found
        if found.per_second < ENOUGH * found.offered_per_second:
            break
        rate *= GROWTH
    flood = await run(times * best.per_second, seconds, seed + 1)
    return Overload(best, flood, times)


class Searches:
    """Searches for slots from one place, over all days. ``first_line``: those before it are left to
    others."""

    def __init__(self, world: World, first_line: int = 0) -> None:
        self._lines = world.lines[first_line:]
        company = world.company
        self._search = company.search(first_date=pb_date(world.days[0]))

    async def run(self, rate: float, seconds: float, seed: int) -> Outcomes:
        """Arrivals at ``rate`` a second."""
        return await open_loop(poisson(rate, seconds, seed), seconds, self.one, DEADLINE_S)

    async def one(self, number: int) -> str:
        """One search."""
        line = self._lines[number % len(self._lines)]
        await line.slots.SuggestSlots(self._search, timeout=DEADLINE_S)
        return OK
