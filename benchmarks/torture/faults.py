"""What is done to replicas, to their links and to their database, and how long they take to be
well again."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import psycopg

from benchmarks.torture.bed import Bed, Replica
from tests.cut_link import Cut

BURST = 8
"""COMMITs, at most, that are cut one right after the other, at any replica."""
COMMIT_WAIT_S = 5.0
PARTED_S = (1.0, 9.0)
FULL_S = 1.0


class Fault(Enum):
    """Numbers: docs/reliability.md."""

    ANSWER_CUT = "F4: the link is cut when the COMMIT has gone by"
    COMMIT_CUT = "the link is cut before the COMMIT"
    LINK_CUT = "every connection of a replica to the database is cut"
    CALLS_CUT = "every connection of callers to a replica is cut"
    KILLED = "F2: kill -9 of a replica, which is started again"
    CRASHED = "F3: PostgreSQL stops at once, and starts"
    PARTED = "F5: what replica and database say is lost, and no connection ends"
    FULL = "F6: others have every connection of the database"


CUTS = frozenset({Fault.ANSWER_CUT, Fault.COMMIT_CUT, Fault.LINK_CUT, Fault.CALLS_CUT})
"""They take milliseconds, and whoever is cut off may connect again at once."""


def strikes_left(fault: Fault, times: int) -> int:
    """In how many strikes so many are injected."""
    return -(-times // BURST) if fault in (Fault.ANSWER_CUT, Fault.COMMIT_CUT) else times


@dataclass(frozen=True, slots=True)
class Struck:
    """``times``: faults that were injected. ``harmed``: who must recover, from ``over`` on, an
    instant of ``time.monotonic``: the end of the cause; of a kill the kill itself."""

    fault: Fault
    times: int
    harmed: tuple[Replica, ...]
    over: float


class Striker:
    """Strikes a bed, where the dice say."""

    def __init__(self, bed: Bed, chance: random.Random) -> None:
        self._bed = bed
        self._chance = chance
        self.deadlocks = 0

    @property
    def can_crash(self) -> bool:
        """Whether the database was started here."""
        return self._bed.can_crash

    async def strike(self, fault: Fault, most: int) -> Struck:
        """Returns when the cause has ended. ``most``: times; more than 1 only of COMMITs."""
        replica = self._chance.choice(self._bed.replicas)
        harmed: tuple[Replica, ...] = (replica,)
        times, killed = 1, 0.0
        match fault:
            case Fault.ANSWER_CUT:
                times = await self._commits(Cut.AFTER, most)
            case Fault.COMMIT_CUT:
                times = await self._commits(Cut.BEFORE, most)
            case Fault.LINK_CUT:
                times = min(1, replica.link.cut())
            case Fault.CALLS_CUT:
                times = min(1, len(replica.door.open))
                replica.door.cut()
            case Fault.KILLED:
                await replica.server.kill()
                killed = time.monotonic()
                await replica.server.start()
            case Fault.CRASHED:
                await self._crash()
                harmed = self._bed.replicas
            case Fault.PARTED:
                await self._part(replica)
            case Fault.FULL:
                await asyncio.to_thread(self._fill, replica)
        return Struck(fault, times, harmed, killed or time.monotonic())

    async def _commits(self, cut: Cut, most: int) -> int:
        """At all replicas, each as many as the dice say; how many were."""
        links, left = [replica.link for replica in self._bed.replicas], min(BURST, most)
        before = sum(link.cuts for link in links)
        for link in links:
            wanted = self._chance.randint(0, left) if link is not links[-1] else left
            link.cut_next(*[cut] * wanted)
            left -= wanted
        enough = before + min(BURST, most)
        with suppress(TimeoutError):
            async with asyncio.timeout(COMMIT_WAIT_S):
                while sum(link.cuts for link in links) < enough:
                    await asyncio.sleep(0.005)
        for link in links:
            link.spare()
        return sum(link.cuts for link in links) - before

    async def _crash(self) -> None:
        self.deadlocks += await asyncio.to_thread(self._bed.deadlocks)  # they are forgotten
        await asyncio.to_thread(self._bed.database.crash)

    async def _part(self, replica: Replica) -> None:
        replica.link.part()
        await asyncio.sleep(self._chance.uniform(*PARTED_S))
        replica.link.heal()

    def _fill(self, replica: Replica) -> None:
        with all_connections(self._bed.url) as take_more:
            replica.link.cut()
            until = time.monotonic() + FULL_S
            while time.monotonic() < until:
                take_more()
                time.sleep(0.01)


@contextmanager
def all_connections(url: str) -> Iterator[Callable[[], None]]:
    """Every connection that the server has left, while the block runs; what is called takes those
    that have become free since."""
    taken = list[psycopg.Connection[Any]]()

    def more() -> None:
        with suppress(psycopg.OperationalError):  # nobody more is let in
            while True:
                taken.append(psycopg.connect(url))

    try:
        more()
        yield more
    finally:
        for one in taken:
            one.close()
