"""Who is booked under load: technicians with four windows a day, and an offer for each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import batched

from benchmarks.calls import Calls, calling
from benchmarks.company import DOWNTOWN, TWO_HOURS, Company
from benchmarks.torture.server_process import ServerProcess

TECHNICIANS = 16
DAYS = 4
CONNECTIONS = 8
MOST_SLOTS = 50
"""Of one search."""


@dataclass(slots=True)
class World:
    """A company and lines to its service. ``offers``: a token for each window of each day of each
    technician."""

    lines: Sequence[Calls]
    company: Company
    offers: deque[str]
    days: Sequence[date]
    servers: Sequence[ServerProcess]

    def line(self, number: int) -> Calls:
        """Connections take turns: one carries a hundred calls at once only."""
        return self.lines[number % len(self.lines)]


@asynccontextmanager
async def open_world(
    servers: Sequence[ServerProcess], technicians: int = TECHNICIANS, day_count: int = DAYS
) -> AsyncIterator[World]:
    """From the day after tomorrow on. Connections go to the servers in turn."""
    first = datetime.now(UTC).date() + timedelta(days=2)
    days = [first + timedelta(days=n) for n in range(day_count)]
    async with AsyncExitStack() as stack:
        lines = [
            await stack.enter_async_context(calling(servers[n % len(servers)].address))
            for n in range(CONNECTIONS)
        ]
        company = await Company(lines[0], "load").found()
        await company.activity(minutes=40, horizon=timedelta(days=60))
        for number in range(technicians):
            await company.technician(f"t{number}")
        offers = await _offers(company, technicians, days)
        yield World(lines, company, offers, days, servers)


async def _offers(company: Company, technicians: int, days: Sequence[date]) -> deque[str]:
    """One for each window of each day of each technician, neighbours in the line of different
    technicians."""
    found = [await _of_technician(company, number, days) for number in range(technicians)]
    return deque(token for windows in zip(*found, strict=True) for token in windows)


async def _of_technician(company: Company, number: int, days: Sequence[date]) -> list[str]:
    found: list[str] = []
    windows = len(TWO_HOURS)
    for some in batched(days, MOST_SLOTS // windows):
        found += await _of_days(company, number, some)
    return found


async def _of_days(company: Company, number: int, days: Sequence[date]) -> list[str]:
    who = f"{company.tenant}/technicians/t{number}"
    windows = len(TWO_HOURS)
    search = company.search(
        DOWNTOWN,
        on=days,
        max_slots=windows * len(days),
        max_slots_per_day=windows,
        required_technicians=[who],
    )
    slots = (await company.calls.slots.SuggestSlots(search)).slots
    assert len(slots) == windows * len(days), f"{who} has no room from {days[0]} on"
    return [slot.token for slot in slots]


async def settled(seconds: float = 0.5) -> None:
    """Lets queues run dry between two measurements."""
    await asyncio.sleep(seconds)
