"""``slotsvc demo broken-day``: a working day that goes wrong, told to a planner."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from slotsvc.cli import demo_town as town

if TYPE_CHECKING:
    from slotsvc.bootstrap import RunningServer
    from slotsvc.config import Settings

TODAY = date(2027, 3, 2)
"""A Tuesday: the clock is set, so the story is the same whenever it is told."""

SEED = 11
BOOKED_DAYS = 3


@dataclass
class SetClock:
    """A clock that the story sets. ``zone``: what its hours are said in."""

    instant: datetime
    zone: ZoneInfo

    def now(self) -> datetime:
        """What the story says it is."""
        return self.instant

    def set(self, moment: datetime) -> None:
        """Time goes by, never back."""
        self.instant = max(self.instant, moment)

    def at(self, hour: int, minute: int = 0, day: date = TODAY) -> datetime:
        """Aware UTC of a wall-clock time."""
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).astimezone(
            UTC
        )


def day_before() -> SetClock:
    """Noon of the day before, when the company's days get booked."""
    zone = ZoneInfo(town.ZONE)
    noon = datetime.combine(TODAY - timedelta(days=1), datetime.min.time(), zone)
    return SetClock((noon + timedelta(hours=12)).astimezone(UTC), zone)


async def tell_broken_day(chosen: Settings, as_json: bool) -> None:
    """Starts a service with a set clock, books the company, tells the story, stops.

    Raises ``CommandError`` when anything is not as it should be.
    """
    import sys

    from slotsvc.bootstrap import running
    from slotsvc.server.logging import configure_logging

    configure_logging(chosen.log.format, chosen.log.level, sys.stderr)
    clock = day_before()
    begun = time.perf_counter()
    async with running(chosen, clock=clock) as server:
        visits = await book_company(server, as_json)
        took = time.perf_counter() - begun
        await asyncio.to_thread(_tell, server.address, clock, visits, took, as_json)


async def book_company(server: RunningServer, as_json: bool) -> int:
    """The demo's company with its first days booked; how many visits the first day has."""
    from slotsvc.cli import demo_setup
    from slotsvc.cli.demo_calls import demo_calls
    from slotsvc.cli.demo_fill import fill_days
    from slotsvc.cli.progress import staged

    days = demo_setup.working_days(TODAY - timedelta(days=1), demo_setup.DAYS)
    async with demo_calls(server.address) as calls:
        await demo_setup.create_company(calls, days)
        with staged("Booking three days of visits", quiet=as_json) as told:
            booked = days[:BOOKED_DAYS]
            loads = await fill_days(calls, booked, SEED, lambda share: told("", share))
    return loads[0].visits


def _tell(address: str, clock: SetClock, visits: int, took: float, as_json: bool) -> None:
    """In a thread of its own: commands call the service one after the other."""
    from slotsvc.cli.broken_day_steps import BrokenDay
    from slotsvc.cli.channel import connect

    with connect(address, 30.0) as service:
        BrokenDay(service, clock, as_json).tell(visits, took)
