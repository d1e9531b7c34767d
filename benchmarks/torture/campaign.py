"""Many faults, one after the other, under replicas on PostgreSQL that many clients use; then the
judgement."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import MappingProxyType

from grpc import aio

from benchmarks.calls import calling
from benchmarks.company import Company
from benchmarks.history import DOUBLED, LOST
from benchmarks.torture.aftermath import Expected, judged
from benchmarks.torture.bed import Bed, Replica, bed
from benchmarks.torture.bookers import UNANSWERED, GaveUpError, Tally
from benchmarks.torture.crowd import Crowd, Size
from benchmarks.torture.faults import CUTS, Fault, Striker, Struck, strikes_left
from tests.postgres_fixtures import PostgresServer

PROBE = "probe"
PROBE_S = 5.0
PROBE_PAUSE_S = 0.05
PAUSE_S = 0.05
LONGEST_RECOVERY_S = 60.0

A_FEW = MappingProxyType(
    {
        Fault.ANSWER_CUT: 60,
        Fault.COMMIT_CUT: 15,
        Fault.LINK_CUT: 10,
        Fault.CALLS_CUT: 10,
        Fault.KILLED: 2,
        Fault.CRASHED: 1,
        Fault.FULL: 1,
        Fault.PARTED: 1,
    }
)


@dataclass(frozen=True, slots=True)
class Plan:
    """``faults``: how many of each, in an order that the seed chooses. A database that was not
    started here does not crash. ``connections``: to the database, of each replica."""

    faults: Mapping[Fault, int] = A_FEW
    seed: int = 0
    size: Size = field(default_factory=Size)
    replicas: int = 2
    connections: int = 6


@dataclass(slots=True)
class Toll:
    """What happened. ``acknowledged``: changes that were answered; ``unknown``: that never were;
    ``checked``: these and all reads. ``recovery_s``: from the end of a fault's cause, which is
    no mere cut, until the harmed replicas acknowledged a change again; of kills with the new
    start. ``wrong``: everything that must not be."""

    faults: Counter[Fault] = field(default_factory=Counter)
    acknowledged: int = 0
    unknown: int = 0
    checked: int = 0
    repeats: int = 0
    booked: int = 0
    recovery_s: dict[Fault, list[float]] = field(default_factory=lambda: defaultdict(list))
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Of what was acknowledged, kinds of change and visits that are not there."""
        return sum(line.endswith(LOST) for line in self.wrong)

    @property
    def doubled(self) -> int:
        """What is there more often than it was asked for."""
        return sum(line.endswith(DOUBLED) for line in self.wrong)


type Tallies = Mapping[str, Tally]
"""By company."""


async def campaign(plan: Plan, where: Path, database: PostgresServer) -> Toll:
    """One campaign on a new database of the server; files go to ``where``. Main thread only."""
    begun, toll, tallies = time.monotonic(), Toll(), dict[str, Tally]()
    async with bed(where, database, plan.replicas, database_connections=plan.connections) as ground:
        striker = Striker(ground, random.Random(f"{plan.seed}/where"))
        try:
            await _under_fire(plan, ground, striker, tallies, toll)
        except BaseException as error:
            error.add_note("\n".join(ground.incidents()[-5:]) or "the replicas noticed nothing")
            raise
        toll.wrong += await _stopped(ground)
        toll.wrong += ground.incidents()
        toll.wrong += await judged(
            ground.url,
            *(
                Expected(company, booked=tally.booked, history=tally.history)
                for company, tally in tallies.items()
            ),
        )
        deadlocks = striker.deadlocks + await asyncio.to_thread(ground.deadlocks)
        toll.wrong += [f"{deadlocks} deadlocks"] if deadlocks else []
    for tally in tallies.values():
        _add(toll, tally)
    toll.seconds = time.monotonic() - begun
    return toll


def _add(toll: Toll, tally: Tally) -> None:
    changes = tally.history.changes
    answered = sum(change.ended is not None for change in changes)
    toll.acknowledged += answered
    toll.unknown += len(changes) - answered
    toll.checked += len(tally.history)
    toll.repeats += tally.repeats
    toll.booked += len(tally.booked)


async def _stopped(ground: Bed) -> list[str]:
    codes = await asyncio.gather(*(replica.server.stop() for replica in ground.replicas))
    return [f"a replica ended with {code}" for code in codes if code]


async def _under_fire(
    plan: Plan, ground: Bed, striker: Striker, tallies: dict[str, Tally], toll: Toll
) -> None:
    """All faults struck, all clients done with what they had in hand."""
    async with AsyncExitStack() as stack:
        addresses = [replica.address for replica in ground.replicas]
        crowd = Crowd(plan.size, plan.seed, addresses, stack, tallies)
        bookers, readers = await crowd.gather()
        probe = await _Probe.connected(ground, stack)
        async with asyncio.TaskGroup() as group:
            looking = [group.create_task(reader.look()) for reader in readers]
            working = [group.create_task(booker.work()) for booker in bookers]
            await _all_faults(plan, striker, probe, toll)
            crowd.over = True
            await asyncio.gather(*working)
            for look in looking:
                look.cancel()


async def _all_faults(plan: Plan, striker: Striker, probe: _Probe, toll: Toll) -> None:
    """One after the other, each when the one before is over."""
    chance, left = random.Random(f"{plan.seed}/order"), Counter(plan.faults)
    if not striker.can_crash:
        del left[Fault.CRASHED]
    while left := +left:
        kinds = sorted(left, key=lambda kind: kind.name)
        (fault,) = chance.choices(kinds, [strikes_left(kind, left[kind]) for kind in kinds])
        struck = await striker.strike(fault, left[fault])
        left[fault] -= struck.times
        toll.faults[fault] += struck.times
        if fault not in CUTS:
            toll.recovery_s[fault].append(await probe.recovery_s(struck))
        await asyncio.sleep(chance.uniform(0, PAUSE_S))


@dataclass(slots=True)
class _Probe:
    """Writes something of its own, until that is acknowledged."""

    companies: Mapping[Replica, Company]
    sites: Iterator[int] = field(default_factory=count)

    @classmethod
    async def connected(cls, ground: Bed, stack: AsyncExitStack) -> _Probe:
        """To every replica."""
        companies = {}
        for replica in ground.replicas:
            calls = await stack.enter_async_context(calling(replica.address))
            companies[replica] = Company(calls, PROBE)
        await companies[ground.replicas[0]].found()
        return cls(companies)

    async def recovery_s(self, struck: Struck) -> float:
        """Until every harmed replica has acknowledged a change."""
        for replica in struck.harmed:
            while not await self._writes(self.companies[replica]):
                if time.monotonic() > struck.over + LONGEST_RECOVERY_S:
                    raise GaveUpError(f"no recovery from {struck.fault.value}")
                await asyncio.sleep(PROBE_PAUSE_S)
        return time.monotonic() - struck.over

    async def _writes(self, company: Company) -> bool:
        try:
            async with asyncio.timeout(PROBE_S):
                await company.site(f"site-{next(self.sites)}")
        except TimeoutError:
            return False
        except aio.AioRpcError as error:
            if error.code().name not in UNANSWERED:
                raise
            return False
        return True
