"""A company that asks little, beside one that asks more than the service can do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from benchmarks.company import Company
from benchmarks.load.arrivals import OK, Outcomes, open_loop, poisson
from benchmarks.load.overload import DEADLINE_S, Searches
from benchmarks.load.world import World
from slotsvc.cli.wire import pb_date

QUIET_RATE = 5.0


@dataclass(frozen=True, slots=True)
class Fairness:
    """The quiet company's searches alone and beside the flood, and the flood's."""

    calm: Outcomes
    busy: Outcomes
    flood: Outcomes

    def figures(self) -> dict[str, Any]:
        """For the report."""
        return {
            "quiet_calm": self.calm.figures(),
            "quiet_beside_flood": self.busy.figures(),
            "flood": self.flood.figures(),
        }


async def fairness(world: World, loud_rate: float, seconds: float, seed: int) -> Fairness:
    """The quiet one searches five times a second, the loud one ``loud_rate`` times."""
    quiet = await Company(world.lines[0], "quiet").found()
    await quiet.activity(minutes=40)
    for number in range(4):
        await quiet.technician(f"q{number}")
    search = quiet.search(first_date=pb_date(world.days[0]))

    async def one(_number: int) -> str:
        await quiet.calls.slots.SuggestSlots(search, timeout=DEADLINE_S)
        return OK

    due = poisson(QUIET_RATE, seconds, seed)
    await open_loop(due[:10], seconds, one)
    calm = await open_loop(due, seconds, one)
    flood, busy = await asyncio.gather(
        Searches(world, first_line=1).run(loud_rate, seconds, seed + 1),
        open_loop(due, seconds, one),
    )
    return Fairness(calm, busy, flood)
