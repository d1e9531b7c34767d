"""Many faults, one after the other, under replicas on PostgreSQL that many clients use; then the
judgement."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from grpc import aio

from benchmarks.calls import Calls, calling
from benchmarks.company import DEPOT, Company, around
from benchmarks.history import DOUBLED, LOST
from benchmarks.torture.aftermath import Expected, check_books
from benchmarks.torture.bed import Bed, Replica, bed
from benchmarks.torture.bookers import UNANSWERED, Booker, GaveUpError, Tally
from benchmarks.torture.faults import Fault, Striker, Struck
from benchmarks.torture.readers import Reader
from slotsvc.bootstrap.verify import Books, verify
from tests.postgres_fixtures import PostgresServer

TENANT = "campaign"
HORIZON_DAYS = 10
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
    started here does not crash.

    ``crew``: technicians, who together must have room for what is never cancelled. ``cancels``,
    ``gives_up``: as of ``Booker``.
    """

    faults: Mapping[Fault, int] = A_FEW
    seed: int = 0
    clients: int = 12
    readers: int = 2
    crew: int = 12
    replicas: int = 2
    cancels: float = 0.75
    gives_up: float = 0.1


@dataclass(slots=True)
class Toll:
    """What happened. ``acknowledged``: changes that were answered; ``unknown``: that never were;
    ``checked``: these and all reads. ``recovery_s``: from the end of a fault's cause until the
    harmed replica acknowledged a change again. ``wrong``: everything that must not be."""

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


async def campaign(plan: Plan, where: Path, database: PostgresServer) -> Toll:
    """One campaign on a new database of the server; files go to ``where``. Main thread only."""
    begun, toll, tally = time.monotonic(), Toll(), Tally()
    async with bed(where, database, plan.replicas) as ground:
        striker = Striker(ground, random.Random(f"{plan.seed}/where"))
        try:
            await _under_fire(plan, ground, striker, tally, toll)
        except BaseException as error:
            error.add_note("\n".join(ground.incidents()[-5:]) or "the replicas noticed nothing")
            raise
        toll.wrong += await _stopped(ground)
        toll.wrong += ground.incidents()
        toll.wrong += await judged(ground.url, tally)
        deadlocks = striker.deadlocks + await asyncio.to_thread(ground.deadlocks)
        toll.wrong += [f"{deadlocks} deadlocks"] if deadlocks else []
    _add_up(toll, tally)
    toll.seconds = time.monotonic() - begun
    return toll


async def judged(url: str, tally: Tally) -> list[str]:
    """The clients' history against the books, and the books against themselves."""
    expected = Expected(TENANT, "crew", tally.booked, tally.history)
    found = await check_books(url, expected)
    books = Books(None, None, {}, url)
    examined = await asyncio.to_thread(verify, books, {}, lambda _stage, _fraction: None)
    return [*found, *(f"{trouble}" for trouble in examined.troubles)]


def _add_up(toll: Toll, tally: Tally) -> None:
    changes = tally.history.changes
    toll.acknowledged = sum(change.ended is not None for change in changes)
    toll.unknown = len(changes) - toll.acknowledged
    toll.checked, toll.repeats = len(tally.history), tally.repeats
    toll.booked = len(tally.booked)


async def _stopped(ground: Bed) -> list[str]:
    codes = [await replica.server.stop() for replica in ground.replicas]
    return [f"a replica ended with {code}" for code in codes if code]


async def _under_fire(plan: Plan, ground: Bed, striker: Striker, tally: Tally, toll: Toll) -> None:
    """All faults struck, all clients done with what they had in hand."""
    async with AsyncExitStack() as stack:
        lines = {r: await stack.enter_async_context(calling(r.address)) for r in ground.replicas}
        company = await _company(lines[ground.replicas[0]], plan)
        over = asyncio.Event()
        bookers = [b async for b in _bookers(stack, plan, ground, company, tally, over)]
        readers = _readers(plan, list(lines.values()), company, tally)
        async with asyncio.TaskGroup() as group:
            looking = [group.create_task(reader.look()) for reader in readers]
            working = [group.create_task(booker.work()) for booker in bookers]
            await _all_faults(plan, striker, lines, toll)
            over.set()
            await asyncio.gather(*working)
            for look in looking:
                look.cancel()


async def _company(calls: Calls, plan: Plan) -> Company:
    chance = random.Random(plan.seed)
    company = await Company(calls, TENANT).found()
    await company.activity(minutes=40, horizon=timedelta(days=HORIZON_DAYS))
    for number in range(plan.crew):
        home = around(chance, DEPOT, 0.01)
        await company.technician(f"tech-{number}", home=home, lunch=number % 2 == 0)
    return company


async def _bookers(
    stack: AsyncExitStack,
    plan: Plan,
    ground: Bed,
    company: Company,
    tally: Tally,
    over: asyncio.Event,
) -> AsyncIterator[Booker]:
    """Each has connections of its own, and begins with another replica."""
    orders = _orders(over)
    for number in range(plan.clients):
        first = number % len(ground.replicas)
        asked = ground.replicas[first:] + ground.replicas[:first]
        lines = [await stack.enter_async_context(calling(one.address)) for one in asked]
        yield Booker(
            number,
            lines[0],
            company,
            orders,
            tally,
            _tomorrow(company),
            random.Random(f"{plan.seed}/{number}"),
            lambda: None,
            tuple(lines[1:]),
            plan.cancels,
            plan.gives_up,
        )


def _orders(over: asyncio.Event) -> Iterator[str]:
    for number in count():
        if over.is_set():
            return
        yield f"order-{number:06d}"


def _readers(plan: Plan, lines: list[Calls], company: Company, tally: Tally) -> list[Reader]:
    return [
        Reader(
            plan.clients + number,
            lines,
            company,
            tally.history,
            _tomorrow(company),
            HORIZON_DAYS,
            random.Random(f"{plan.seed}/reader-{number}"),
        )
        for number in range(plan.readers)
    ]


def _tomorrow(company: Company) -> date:
    return datetime.now(ZoneInfo(company.zone)).date() + timedelta(days=1)


async def _all_faults(
    plan: Plan, striker: Striker, lines: Mapping[Replica, Calls], toll: Toll
) -> None:
    """One after the other, each when the one before is over."""
    chance, left = random.Random(f"{plan.seed}/order"), Counter(plan.faults)
    if not striker.can_crash:
        del left[Fault.CRASHED]
    sites = count()
    while left := +left:
        fault = chance.choice(sorted(left.elements(), key=lambda one: one.name))
        struck = await striker.strike(fault, left[fault])
        left[fault] -= struck.times
        toll.faults[fault] += struck.times
        if fault not in (Fault.ANSWER_CUT, Fault.COMMIT_CUT):
            toll.recovery_s[fault].append(await _recovery_s(struck, lines, sites))
        await asyncio.sleep(chance.uniform(0, PAUSE_S))


async def _recovery_s(
    struck: Struck, lines: Mapping[Replica, Calls], sites: Iterator[int]
) -> float:
    """Until every harmed replica has acknowledged a change."""
    for replica in struck.harmed:
        company = Company(lines[replica], TENANT)
        while not await _writes(company, f"probe-{next(sites)}"):
            if time.monotonic() > struck.over + LONGEST_RECOVERY_S:
                raise GaveUpError(f"no recovery from {struck.fault.value}")
            await asyncio.sleep(PROBE_PAUSE_S)
    return time.monotonic() - struck.over


async def _writes(company: Company, site: str) -> bool:
    try:
        async with asyncio.timeout(PROBE_S):
            await company.site(site)
    except TimeoutError:
        return False
    except aio.AioRpcError as error:
        if error.code().name not in UNANSWERED:
            raise
        return False
    return True
