"""One torture: a company, its clients, a killer, and the judgement afterwards."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.calls import Calls, calling
from benchmarks.company import DEPOT, Company, around
from benchmarks.torture.aftermath import Expected, check_books
from benchmarks.torture.bookers import Booker, Tally
from benchmarks.torture.server_process import ServerProcess, processes
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import plan_service_pb2 as plan

TENANT = "torture"
HORIZON_DAYS = 10
ORPHAN_S = 5.0
VISITS_A_DAY = 8


@dataclass(frozen=True, slots=True)
class Dose:
    """How much. ``compiled``: directory of a compiled map; None: driving is estimated.

    The service is killed ``kills`` times, each time after a random number of further bookings.
    """

    bookings: int = 300
    clients: int = 16
    kills: int = 10
    seed: int = 0
    compiled: Path | None = None


@dataclass(slots=True)
class Report:
    """What happened. ``wrong``: everything that must not be; empty: passed."""

    bookings: int = 0
    answers: int = 0
    kills: int = 0
    repeats: int = 0
    slots_gone: int = 0
    alternatives_taken: int = 0
    booking_ms: list[float] = field(default_factory=list)
    restart_s: list[float] = field(default_factory=list)
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


async def torture(dose: Dose, data_dir: Path) -> Report:
    """Runs one dose on a new database in ``data_dir``. Main thread only."""
    begun, report, tally = time.monotonic(), Report(), Tally()
    chance = random.Random(dose.seed)
    server = ServerProcess(data_dir, dose.compiled)
    report.restart_s.append(await server.start())
    try:
        async with calling(server.address) as calls:
            company = await _company(calls, dose, chance)
            await _under_fire(server, company, dose, tally, report)
            report.wrong += await _findings(calls, company)
        code = await server.stop()
        if code:
            report.wrong.append(f"the last server ended with {code}")
    except BaseException as error:
        error.add_note("\n".join(server.incidents()) or "the server noticed nothing")
        raise
    finally:
        await server.stop()
    report.wrong += server.incidents()
    expected = Expected(TENANT, "crew", tally.booked, tally.history)
    report.wrong += await check_books(data_dir / "slotsvc.db", expected)
    report.bookings, report.answers = len(tally.booked), len(tally.history)
    report.repeats, report.slots_gone = tally.repeats, tally.gone
    report.alternatives_taken = tally.alternatives_taken
    report.booking_ms = [1000 * s for s in tally.seconds]
    report.seconds = time.monotonic() - begun
    return report


async def _company(calls: Calls, dose: Dose, chance: random.Random) -> Company:
    company = await Company(calls, TENANT).found()
    await company.activity(minutes=40, horizon=timedelta(days=HORIZON_DAYS))
    crew = 3 + dose.bookings // (VISITS_A_DAY * (HORIZON_DAYS - 2))
    for number in range(crew):
        home = around(chance, DEPOT, 0.01)
        await company.technician(f"tech-{number}", home=home, lunch=number % 2 == 0)
    return company


async def _under_fire(
    server: ServerProcess, company: Company, dose: Dose, tally: Tally, report: Report
) -> None:
    """All orders booked, all kills done, the server up again."""
    shots = asyncio.Semaphore(0)
    first_day = datetime.now(ZoneInfo(company.zone)).date() + timedelta(days=1)
    orders = _orders(dose.bookings)
    async with AsyncExitStack() as stack:
        bookers = [
            Booker(
                number,
                await stack.enter_async_context(calling(server.address)),
                company,
                orders,
                tally,
                first_day,
                random.Random(f"{dose.seed}/{number}"),
                shots.release,
            )
            for number in range(dose.clients)
        ]
        async with asyncio.TaskGroup() as group:
            group.create_task(_killer(server, dose, shots, report))
            for booker in bookers:
                group.create_task(booker.work())


def _orders(count: int) -> Iterator[str]:
    for number in range(count):
        yield f"order-{number:05d}"


async def _killer(
    server: ServerProcess, dose: Dose, booked: asyncio.Semaphore, report: Report
) -> None:
    chance = random.Random(f"{dose.seed}/killer")
    counts = sorted(chance.sample(range(1, dose.bookings), dose.kills))
    for before, count in pairwise([0, *counts]):
        for _ in range(count - before):
            await booked.acquire()
        await asyncio.sleep(chance.uniform(0.0, 0.08))
        engines = server.road_engines() if dose.compiled else {}
        await server.kill()
        report.kills += 1
        report.wrong += await _orphans(engines)
        if dose.compiled and not engines:
            report.wrong.append("the server had no road engine to lose")
        report.restart_s.append(await server.start())


async def _orphans(engines: dict[int, int]) -> list[str]:
    """Road engines that outlive their server, by process id and by port."""
    give_up = time.monotonic() + ORPHAN_S
    while engines:
        left = {p.pid for p in await asyncio.to_thread(processes)} & engines.keys()
        taken = {pid for pid, port in engines.items() if await _answers(port)}
        if not left | taken:
            break
        if time.monotonic() > give_up:
            return [f"osrm-routed {pid} outlived its server" for pid in sorted(left | taken)]
        await asyncio.sleep(0.05)
    return []


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _findings(calls: Calls, company: Company) -> list[str]:
    """What the service itself finds wrong with its days."""
    today = datetime.now(UTC).date()
    wrong = []
    for n in range(HORIZON_DAYS + 3):
        for route in await _day(calls, company, today + timedelta(days=n)):
            wrong += [f"{route.technician} {n}: {f.kind} {f.cause}" for f in route.findings]
    return wrong


async def _day(calls: Calls, company: Company, day: date) -> list[plan.Route]:
    asked = plan.GetDayRequest(team=company.team, date=pb_date(day))
    return list((await calls.plan.GetDay(asked)).routes)
