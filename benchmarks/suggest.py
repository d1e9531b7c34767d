"""SuggestSlots through a real channel, on real roads: how long a caller waits, and for what.

``python -m benchmarks.suggest --map DIR --technicians 50 --days 14 --visits 5 --requests 200``

A service in a process of its own and a team with full days: with ``--visits``, so many promised
visits a day written into the database; without, days filled to about 60 % by real searches and
bookings. Then one search after the other: each from a place the service never saw (``new_place``),
then from places it knows (``registered_place``), then those in windows of 15 minutes
(``quarter_hours``), and with little time to search (``search_ms_N``: ``overrun_ms`` is the most by
which the service's own time passed it). Latencies are the caller's; the split by stage is the
service's own (``slotsvc_slot_search_seconds``); ``rss_mb`` its memory at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from grpc import aio
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.calls import Calls, calling, fresh_id, told
from benchmarks.company import Company, Place
from benchmarks.filled_days import FilledTeam, fill_days
from benchmarks.torture.server_process import ServerProcess
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.plan_service_pb2 import Route
from slotsvc.pb.v1.slot_service_pb2 import SuggestSlotsRequest, SuggestSlotsResponse
from slotsvc.solver.warm_up import warm_up
from slotsvc.travel.map_build import build_map
from slotsvc.travel.map_info import MapFiles, MapInfo
from slotsvc.travel.roads import RoadTravelTimes

FULL = 0.6
MOST_TRIES_A_DAY = 25
LUNCH_S = 45 * 60
MINUTES = (30, 60, 90)
SITES = 40
SEARCH_MS = (1, 2, 5, 20)
LONGEST_FIRST_S = 60.0
"""Seconds for the first answer, for which the whole team is read."""
JITTER = 0.0005
"""Degrees, about 50 m: enough that no place is the same as another."""


@dataclass
class Team:
    """What was set up, and how full it became. ``refused``: offers that could not be booked
    although nobody else books; must be 0."""

    company: Company
    days: Sequence[date]
    places: Iterator[Place]
    booked: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def main() -> int:
    """Prints one JSON object, or lines for people."""
    chosen = _arguments().parse_args()
    compiled = _compiled(chosen)
    warm_up()  # or the service's first start, which has a limit, would wait for the compiler
    with tempfile.TemporaryDirectory(prefix="slotsvc-suggest-") as data_dir:
        figures = asyncio.run(_measure(chosen, compiled, Path(data_dir)))
    if chosen.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:22} {value}")
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suggest")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--map", type=Path, help="directory of a compiled map")
    where.add_argument("--pbf", type=Path, help="an OpenStreetMap extract, compiled first")
    parser.add_argument("--technicians", type=int, default=12)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--visits", type=int, help="visits a day, written into the database")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    return parser


def _compiled(chosen: argparse.Namespace) -> Path:
    if chosen.map is not None:
        return Path(chosen.map)
    target = Path(tempfile.gettempdir()) / f"slotsvc-bench-{Path(chosen.pbf).name.split('.')[0]}"
    build_map(chosen.pbf, target, progress=lambda _stage, _share: None)
    return target


async def _measure(chosen: argparse.Namespace, compiled: Path, data_dir: Path) -> dict[str, Any]:
    server = ServerProcess(data_dir, compiled, metrics=True)
    try:
        await server.start()
        begun = time.perf_counter()
        async with calling(server.address) as calls:
            team = await _team(calls, compiled, chosen)
            full = None if chosen.visits else await _fill(calls, team, chosen.seed)
        await server.stop()
        if chosen.visits:
            team.booked = await _filled(data_dir, compiled, team, chosen)
        figures = {
            "map": compiled.name,
            "technicians": chosen.technicians,
            "days": chosen.days,
            "fill_s": round(time.perf_counter() - begun, 1),
            "booked": team.booked,
            "offers_refused": dict(team.refused),
            "full_share": full and round(full, 3),
        }
        begun = time.perf_counter()
        figures["start_s"] = round(await server.start(), 2)
        async with calling(server.address) as calls:
            known = _ranged(_to_sites(team, chosen.requests), team.days)
            await calls.slots.SuggestSlots(known[0], timeout=LONGEST_FIRST_S)
            figures["first_answer_s"] = round(time.perf_counter() - begun, 2)
            figures |= await _all_series(calls, server, team, known)
            figures["rss_mb"] = _rss_mb(server.pid)
        return figures
    finally:
        await server.stop()


async def _all_series(
    calls: Calls, server: ServerProcess, team: Team, known: list[SuggestSlotsRequest]
) -> dict[str, Any]:
    new = _ranged([team.company.search(next(team.places)) for _ in known], team.days)
    quarters = _in_quarters(team, known)
    figures = {"new_place": await _series(calls, server, new)}
    await _series(calls, server, known[:SITES])
    figures["registered_place"] = await _series(calls, server, known)
    figures["quarter_hours"] = await _series(calls, server, quarters)
    for limit in SEARCH_MS:
        figures[f"search_ms_{limit}"] = await _series(calls, server, _lasting(quarters, limit))
    return figures


def _rss_mb(pid: int) -> int:
    """Memory of the process that lies in the machine's."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * resource.getpagesize() / 1e6)


# --- the team -------------------------------------------------------------------------------------


async def _team(calls: Calls, compiled: Path, chosen: argparse.Namespace) -> Team:
    places = _places(compiled, random.Random(f"{chosen.seed}/places"))
    company = await Company(calls, "bench").found()
    for minutes in MINUTES:
        await company.activity("service" if minutes == 60 else f"m{minutes}", minutes=minutes)
    for number in range(chosen.technicians):
        tags = ["boiler"] if number % 3 else ["boiler", "electric"]
        home = next(places)
        await company.technician(f"t{number:04d}", home=home, hours=(8, 17), tags=tags, lunch=True)
    await company.activity("quarter", grid=((8, 17),), step=timedelta(minutes=15))
    for number in range(SITES):
        await company.site(f"s{number:03d}", next(places))
    today = datetime.now(UTC).astimezone(ZoneInfo(company.zone)).date()
    days = [today + timedelta(days=1 + n) for n in range(chosen.days)]
    return Team(company, days, places)


async def _filled(data_dir: Path, compiled: Path, team: Team, chosen: argparse.Namespace) -> int:
    """Full days, written while no service runs."""
    files = MapFiles(compiled)
    roads = RoadTravelTimes.of_map(files, MapInfo.load(files.info))
    company = FilledTeam(team.company.id, "crew", team.days, chosen.visits)
    try:
        return await fill_days(data_dir / "slotsvc.db", company, roads, team.places, chosen.seed)
    finally:
        roads.close()


def _places(compiled: Path, chance: random.Random) -> Iterator[Place]:
    """Places at addresses of the map, a few steps beside each; never the same twice."""
    with sqlite3.connect(f"file:{MapFiles(compiled).addresses}?mode=ro", uri=True) as index:
        found = index.execute("SELECT lat, lon FROM entry ORDER BY id").fetchall()
    while True:
        lat, lon = chance.choice(found)
        yield (
            round(lat + chance.uniform(-JITTER, JITTER), 6),
            round(lon + chance.uniform(-JITTER, JITTER), 6),
        )


async def _fill(calls: Calls, team: Team, seed: int) -> float:
    """Fills every day; gives how full the team's days are, 0 to 1."""
    shares = [
        await _fill_day(calls, team, day, random.Random(f"{seed}/{day}")) for day in team.days
    ]
    return statistics.fmean(shares)


async def _fill_day(calls: Calls, team: Team, day: date, chance: random.Random) -> float:
    share = 0.0
    for _ in range(MOST_TRIES_A_DAY):
        routes = (await calls.plan.GetDay(_of_day(team, day))).routes
        share = sum(map(_busy_s, routes)) / sum(map(_capacity_s, routes))
        if share >= FULL:
            break
        for _ in range(max(1, len(routes) // 2)):
            await _book_one(calls, team, day, chance)
    return share


async def _book_one(calls: Calls, team: Team, day: date, chance: random.Random) -> None:
    minutes = chance.choice(MINUTES)
    kind = "service" if minutes == 60 else f"m{minutes}"
    activity = f"{team.company.tenant}/activityTypes/{kind}"
    search = team.company.search(next(team.places), on=day, activity_type=activity, max_slots=4)
    slots = (await calls.slots.SuggestSlots(search)).slots
    if not slots:
        return
    request = visits.BookVisitRequest(token=chance.choice(slots).token, request_id=fresh_id())
    try:
        await calls.visits.BookVisit(request)
        team.booked += 1
    except aio.AioRpcError as error:
        team.refused[told(error).reason] += 1


def _of_day(team: Team, day: date) -> plan.GetDayRequest:
    return plan.GetDayRequest(team=team.company.team, date=pb_date(day))


def _busy_s(route: Route) -> int:
    served = sum(stop.end_time.seconds - stop.start_time.seconds for stop in route.stops)
    return served + (route.travel_duration.seconds if route.stops else 0)


def _capacity_s(route: Route) -> int:
    return route.shift.end_time.seconds - route.shift.start_time.seconds - LUNCH_S


# --- the series -----------------------------------------------------------------------------------


def _to_sites(team: Team, count: int) -> list[SuggestSlotsRequest]:
    sites = [f"{team.company.tenant}/sites/s{n:03d}" for n in range(SITES)]
    return [team.company.search(sites[n % SITES]) for n in range(count)]


def _in_quarters(team: Team, searches: Sequence[SuggestSlotsRequest]) -> list[SuggestSlotsRequest]:
    """The same searches, in exact starts every quarter of an hour."""
    found = _copies(searches)
    for search in found:
        search.request.activity_type = f"{team.company.tenant}/activityTypes/quarter"
    return found


def _lasting(searches: Sequence[SuggestSlotsRequest], limit_ms: int) -> list[SuggestSlotsRequest]:
    """The same searches with so little time."""
    found = _copies(searches)
    for search in found:
        search.search_time.FromMilliseconds(limit_ms)
    return found


def _copies(searches: Sequence[SuggestSlotsRequest]) -> list[SuggestSlotsRequest]:
    return [SuggestSlotsRequest.FromString(search.SerializeToString()) for search in searches]


def _ranged(searches: list[SuggestSlotsRequest], days: Sequence[date]) -> list[SuggestSlotsRequest]:
    for search in searches:
        search.request.first_date.CopyFrom(pb_date(days[0]))
        search.request.last_date.CopyFrom(pb_date(days[-1]))
        search.request.required_tags.append("boiler")
        search.max_slots_per_day = 2
    return searches


async def _series(
    calls: Calls, server: ServerProcess, searches: Sequence[SuggestSlotsRequest]
) -> dict[str, Any]:
    """One search after the other; milliseconds as the caller sees them."""
    before, waited, answers = await _stages(server), [], []
    for search in searches:
        begun = time.perf_counter()
        answers.append(await calls.slots.SuggestSlots(search))
        waited.append(1000 * (time.perf_counter() - begun))
    after = await _stages(server)
    return {
        "requests": len(waited),
        "p50_ms": round(statistics.median(waited), 2),
        "p95_ms": round(_percentile(waited, 95), 2),
        "p99_ms": round(_percentile(waited, 99), 2),
        "mean_ms": round(statistics.fmean(waited), 2),
        "stage_mean_ms": {
            stage: round(1000 * (after[stage] - before.get(stage, 0.0)) / len(waited), 2)
            for stage in sorted(after)
        },
        **_proofs(searches, answers),
    }


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _proofs(
    searches: Sequence[SuggestSlotsRequest], answers: Sequence[SuggestSlotsResponse]
) -> dict[str, Any]:
    exact = sum(answer.receipt.proof == types.PROOF_EXACT for answer in answers)
    told = [answer.receipt for answer in answers]
    spent = [one.elapsed.ToMicroseconds() / 1000 for one in told]
    limits = [search.search_time.ToMicroseconds() / 1000 for search in searches]
    over = [had - limit for had, limit in zip(spent, limits, strict=True) if limit]
    return {
        "service_p50_ms": round(statistics.median(spent), 2),
        **({"overrun_ms": round(max(over), 2)} if over else {}),
        "exact_share": round(exact / len(answers), 3),
        "slots_mean": round(statistics.fmean(len(answer.slots) for answer in answers), 2),
        "cells_mean": round(statistics.fmean(one.cells for one in told), 1),
        "skipped_mean": round(statistics.fmean(one.cells_skipped for one in told), 1),
    }


async def _stages(server: ServerProcess) -> dict[str, float]:
    """Seconds spent so far, by stage."""
    text = await asyncio.to_thread(_metrics, server.metrics_address)
    return {
        sample.labels["stage"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "slotsvc_slot_search_seconds_sum"
    }


def _metrics(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


if __name__ == "__main__":
    sys.exit(main())
