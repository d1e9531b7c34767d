"""Days that are hard to order, and whether anybody waits for them.

``python -m benchmarks.crowded --seconds 20 [--map DIR]``

One team gets a day of 40 visits in two-hour windows, one of 12 visits that may be served at any
time of the day, and one of 20 such; callers search for slots on these days without a pause. Beside
them somebody else searches in another team and reads days. How long that one waits is measured
first while nobody else calls, then while the crowded days are searched.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from grpc import aio

from benchmarks.calls import Calls, calling, fresh_id
from benchmarks.company import TWO_HOURS, Company, Place, around
from benchmarks.torture.server_process import ServerProcess
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.pb.v1 import visit_service_pb2 as visits

HOURS = (8, 18)
ALL_DAY = (HOURS,)
PORTO: Place = (41.1579, -8.6291)
EVERY_S = 0.02
"""Between two calls of the one who is measured."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """One technician's day: so many visits of so many minutes of one activity type."""

    technician: str
    activity: str
    visits: int
    minutes: int
    windows: tuple[tuple[int, int], ...]


CROWDS = (
    Crowd("forty", "short", 40, 8, TWO_HOURS),
    Crowd("twelve", "anytime", 12, 20, ALL_DAY),
    Crowd("twenty", "anyhour", 20, 15, ALL_DAY),
)


@dataclass(slots=True)
class Waited:
    """Milliseconds per kind of call, and the proofs of the searches."""

    calls: dict[str, list[float]] = field(default_factory=dict)
    proofs: Counter[str] = field(default_factory=Counter)

    async def time[T](self, kind: str, call: Awaitable[T]) -> T:
        """Waits for a call and notes how long."""
        begun = time.perf_counter()
        answer = await call
        self.calls.setdefault(kind, []).append(1000 * (time.perf_counter() - begun))
        return answer

    def told(self) -> dict[str, Any]:
        """For the report."""
        kinds: dict[str, Any] = {kind: _percentiles(ms) for kind, ms in self.calls.items()}
        return {**kinds, "proofs": dict(self.proofs)} if self.proofs else kinds


def _percentiles(waited: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(waited, n=100, method="inclusive")
    return {
        "calls": len(waited),
        "p50_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
        "p99_ms": round(cuts[98], 1),
        "max_ms": round(max(waited), 1),
    }


def main() -> int:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowded")
    parser.add_argument("--map", type=Path, help="directory of a compiled map; none: estimates")
    parser.add_argument("--near", type=float, nargs=2, default=PORTO, metavar=("LAT", "LON"))
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--callers", type=int, default=2, help="who search the crowded days")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slotsvc-crowded-") as data_dir:
        figures = asyncio.run(_measure(chosen, Path(data_dir)))
    print(json.dumps(figures, indent=2))
    return 0


async def _measure(chosen: argparse.Namespace, data_dir: Path) -> dict[str, Any]:
    server = ServerProcess(data_dir, chosen.map)
    await server.start()
    try:
        async with calling(server.address) as calls, calling(server.address) as other_calls:
            chance = random.Random(chosen.seed)
            near = tuple(chosen.near)
            crowded = await _crowded_company(calls, near, chance)
            other = await _other_company(other_calls, near, chance)
            await _beside(other, near, chance, 3.0)
            calm = await _beside(other, near, chance, chosen.seconds)
            searched, busy = await asyncio.gather(
                _searching(crowded, near, chance, chosen.seconds, chosen.callers),
                _beside(other, near, chance, chosen.seconds),
            )
            return {
                "nobody_else_calls": calm.told(),
                "crowded_days_searched": busy.told(),
                "the_crowded_searches": searched.told(),
            }
    finally:
        await server.stop()


# --- the companies --------------------------------------------------------------------------------


def _day() -> date:
    return datetime.now(UTC).date() + timedelta(days=7)


async def _crowded_company(calls: Calls, near: Place, chance: random.Random) -> Company:
    company = await Company(calls, "crowded", zone="Europe/Lisbon").found()
    await company.activity()
    for crowd in CROWDS:
        await company.activity(crowd.activity, minutes=crowd.minutes, grid=crowd.windows)
        await company.technician(crowd.technician, home=near, hours=HOURS, lunch=True)
        for _ in range(crowd.visits):
            await _book(company, crowd, near, chance)
    return company


async def _book(company: Company, crowd: Crowd, near: Place, chance: random.Random) -> None:
    """One visit more, in a window of chance that has room."""
    search = company.search(
        around(chance, near),
        on=_day(),
        activity_type=f"{company.tenant}/activityTypes/{crowd.activity}",
        required_technicians=[f"{company.tenant}/technicians/{crowd.technician}"],
    )
    found = (await company.calls.slots.SuggestSlots(search)).slots
    if found:
        token = chance.choice(found).token
        await company.calls.visits.BookVisit(
            visits.BookVisitRequest(token=token, request_id=fresh_id())
        )


async def _other_company(calls: Calls, near: Place, chance: random.Random) -> Company:
    company = await Company(calls, "other", zone="Europe/Lisbon").found()
    await company.activity()
    for number in range(10):
        await company.technician(f"t{number}", home=near, hours=HOURS, lunch=True)
    for _ in range(40):
        found = await company.calls.slots.SuggestSlots(company.search(around(chance, near)))
        book = visits.BookVisitRequest(token=found.slots[0].token, request_id=fresh_id())
        await company.calls.visits.BookVisit(book)
    return company


# --- the measurements -----------------------------------------------------------------------------


async def _beside(company: Company, near: Place, chance: random.Random, seconds: float) -> Waited:
    """Somebody else: searches and reads in turns."""
    waited = Waited()
    first = datetime.now(ZoneInfo(company.zone)).date() + timedelta(days=1)

    async def once() -> None:
        search = company.search(around(chance, near), on=[first + timedelta(n) for n in range(10)])
        await waited.time("search", company.calls.slots.SuggestSlots(search))
        day = plan.GetDayRequest(team=company.team, date=pb_date(first))
        await waited.time("read_day", company.calls.plan.GetDay(day))
        await asyncio.sleep(EVERY_S)

    await _for_seconds(seconds, once)
    return waited


async def _searching(
    company: Company, near: Place, chance: random.Random, seconds: float, callers: int
) -> Waited:
    """Callers who search the crowded days one after the other."""
    waited = Waited()

    async def once() -> None:
        search = company.search(around(chance, near), on=_day())
        try:
            found = await waited.time("search", company.calls.slots.SuggestSlots(search))
        except aio.AioRpcError as error:
            waited.proofs[error.code().name] += 1
            return
        waited.proofs[types.Proof.Name(found.receipt.proof)] += 1

    await asyncio.gather(*(_for_seconds(seconds, once) for _ in range(callers)))
    return waited


async def _for_seconds(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await work()


if __name__ == "__main__":
    sys.exit(main())
