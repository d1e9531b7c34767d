"""What a place's driving times cost: in this process, shared through Redis, and asked of OSRM.

    python -m benchmarks.shared_travel --map maps/porto

A Valkey of the wheel and an ``osrm-routed`` are started on this machine. Each line is a table from
new places to so many known ones; ``shared`` is what a replica waits for that another one asked
before. One run, so compare the columns.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slotsvc.domain.place import Location
from slotsvc.replicas.lines import RedisLines
from slotsvc.replicas.link import BUDGET_S, RedisLink
from slotsvc.scheduling.travel_port import TravelTable
from slotsvc.travel.map_info import MapFiles, MapInfo
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.osrm_process import OsrmProcess
from slotsvc.travel.roads import RoadTravelTimes
from slotsvc.travel.shared import MOST_LINES, SharedTravelTimes
from slotsvc.travel.shared_line import LineSeal
from tests.replicas.valkey import running_valkey

SHAPES = ((1, 16), (1, 64), (1, 500), (1, 3650), (2, 3650), (4, 3650))
WARM = 3


@dataclass(frozen=True)
class Row:
    """Median milliseconds of one shape of table."""

    sources: int
    destinations: int
    in_process: float
    shared: float
    osrm: float


async def measured(directory: Path, rounds: int) -> list[Row]:
    """Every shape, ``rounds`` times each with new places."""
    files = MapFiles(directory)
    info = MapInfo.load(files.info)
    assert info is not None, f"no compiled map in {directory}"
    engine = RoadTravelTimes.of_map(files, info)
    process = OsrmProcess(files.roads, map_id=info.map_id)
    process.start()
    osrm = OsrmTravelTimes.of_map(process.base_url, info, timeout_s=60.0)
    try:
        with tempfile.TemporaryDirectory() as scratch, running_valkey(Path(scratch)) as valkey:
            return await _compared(engine, osrm, valkey.url, rounds)
    finally:
        await osrm.aclose()
        process.stop()
        engine.close()


async def _compared(
    engine: RoadTravelTimes, osrm: OsrmTravelTimes, url: str, rounds: int
) -> list[Row]:
    link = RedisLink(url, budget_s=10 * BUDGET_S)
    await link.start()
    lines, seal = RedisLines(link, "bench:"), LineSeal(secrets.token_bytes(32))
    wanted = SHAPES[-1][1] + 2 * len(SHAPES) * (rounds + WARM) * MOST_LINES
    places = list(dict.fromkeys(engine.places_on_roads(2 * wanted)))
    random.Random(1).shuffle(places)
    new = iter(places[SHAPES[-1][1] :])
    rows = []
    for sources, destinations in SHAPES:
        known = tuple(places[:destinations])
        asked, others = (
            [tuple(next(new) for _ in range(sources)) for _ in range(rounds + WARM)]
            for _ in range(2)
        )
        # what the engine was asked once it remembers, too: it is measured on others
        in_process = await _median(others, known, engine.table)
        for some in asked:
            await SharedTravelTimes(engine, lines, seal).table(some, known)
            await lines.settled()
        # a replica that must ask for anything would fail here
        shared = SharedTravelTimes(_Nothing(engine.map_id), lines, seal)
        read, asked_of_osrm = [await _median(asked, known, t) for t in (shared.table, osrm.table)]
        rows.append(Row(sources, destinations, in_process, read, asked_of_osrm))
    await lines.aclose()
    await link.aclose()
    return rows


class _Nothing:
    """An engine that must not be asked."""

    def __init__(self, map_id: str) -> None:
        self.map_id = map_id

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        raise AssertionError("this table should have been shared")


async def _median(
    asked: Sequence[Sequence[Location]],
    known: Sequence[Location],
    table: Callable[[Sequence[Location], Sequence[Location]], Awaitable[TravelTable]],
) -> float:
    spans = []
    for some in asked:
        begun = time.perf_counter()
        await table(some, known)
        spans.append(1000 * (time.perf_counter() - begun))
    return statistics.median(spans[WARM:])


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--map", type=Path, required=True, help="a compiled map's directory")
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    print("| new places | known places | in this process | shared | OSRM |")
    print("|---|---|---|---|---|")
    for row in asyncio.run(measured(given.map, given.rounds)):
        times = f"{row.in_process:.2f} ms | {row.shared:.2f} ms | {row.osrm:.1f} ms"
        print(f"| {row.sources} | {row.destinations} | {times} |")


if __name__ == "__main__":
    main()
