"""``python -m benchmarks.load``: the service in a process of its own, the load from this one.

``--pairs``: hold and confirm at 64 technicians, the rate raised until not all is done any more.
``--rate R``: pairs at one rate instead; ``--replicas 2``: by two of the service on one database.
``--one-slot 60``: so many bookers on one place.
``--overload 10``: so many times what was the peak, of searches or of pairs (``--apart``: the
service on one core, the generator on the others, at the peak and after). ``--fair 300``: what a
company feels beside another one's searches at that rate. A probe of the disk
stands beside every figure. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.company import TWO_HOURS
from benchmarks.load.cores import set_apart, watched
from benchmarks.load.fairness import fairness
from benchmarks.load.fsync_probe import fsync_probe
from benchmarks.load.one_slot import one_slot
from benchmarks.load.overload import ENOUGH, Run, Searches, overload
from benchmarks.load.pairs import SPARE, Pairs
from benchmarks.load.world import DAYS, TECHNICIANS, World, open_world, settled
from benchmarks.machine import machine
from benchmarks.torture.server_process import ServerProcess

STEPS = (10, 20, 40, 60, 80, 100, 130, 170, 220, 280)
WARM_UP_S = 3.0
WARM_UP_RATE = 20.0
FIRST_RATE = 20.0
"""Where the search for a peak begins."""
MOST_AT_FIRST = 130
"""Higher rates of ``STEPS`` take offers again that were given back before."""


def main() -> int:
    """Prints one JSON object."""
    chosen = _arguments().parse_args()
    with tempfile.TemporaryDirectory(prefix="slotsvc-load-", dir=chosen.disk) as data_dir:
        figures = asyncio.run(_measured(chosen, Path(data_dir)))
    print(json.dumps({"machine": machine(), **figures}, indent=2))
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load")
    parser.add_argument("--pairs", action="store_true", help="hold and confirm")
    parser.add_argument("--rate", type=float, help="pairs a second; else rising")
    parser.add_argument("--one-slot", type=int, metavar="BOOKERS", help="such as 60")
    parser.add_argument("--rounds", type=int, default=10, help="of --one-slot")
    parser.add_argument("--overload", type=float, metavar="TIMES", help="such as 10")
    parser.add_argument("--fair", type=float, metavar="RATE", help="searches a second of the flood")
    parser.add_argument("--apart", action="store_true", help="service and load on other cores")
    parser.add_argument("--of", choices=("searches", "pairs"), default="searches")
    parser.add_argument("--lanes", type=int, default=64, help="technicians of --pairs")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--database-url", help="else SQLite in a new directory")
    parser.add_argument("--replicas", type=int, default=1, help="of --database-url, taking turns")
    parser.add_argument("--disk", type=Path, help="where that directory is made")
    return parser


async def _measured(chosen: argparse.Namespace, data_dir: Path) -> dict[str, Any]:
    settings = _settings(chosen, data_dir)
    servers = [ServerProcess(own, config=settings) for own in _directories(chosen, data_dir)]
    try:
        for server in servers:
            await server.start()
        figures: dict[str, Any] = {"fsync_before": fsync_probe(data_dir)}
        if chosen.one_slot:
            rush = await one_slot(servers[0].address, chosen.one_slot, chosen.rounds)
            figures["one_slot"] = rush.figures()
        if chosen.pairs or chosen.overload or chosen.fair:
            async with open_world(servers, *_size(chosen)) as world:
                figures |= await _loads(chosen, world)
        figures["fsync_after"] = fsync_probe(data_dir)
        figures["incidents"] = sum(len(server.incidents()) for server in servers)
        return figures
    finally:
        for server in servers:
            await server.stop()


def _directories(chosen: argparse.Namespace, data_dir: Path) -> list[Path]:
    """One for each replica."""
    found = [data_dir / f"replica-{number}" for number in range(chosen.replicas)]
    for own in found:
        own.mkdir()
    return found


def _size(chosen: argparse.Namespace) -> tuple[int, int]:
    """Technicians and days: as many offers as the fastest run takes, each once."""
    if not (chosen.pairs or (chosen.overload and chosen.of == "pairs")):
        return TECHNICIANS, DAYS
    most = SPARE * chosen.seconds * (chosen.rate or MOST_AT_FIRST) + WARM_UP_RATE * WARM_UP_S
    return chosen.lanes, -(-int(most) // (chosen.lanes * len(TWO_HOURS))) + 1


def _settings(chosen: argparse.Namespace, data_dir: Path) -> Path:
    file = data_dir / "load.toml"
    lines = [f"key_ring_path = {json.dumps(str(data_dir / 'keys.json'))}"]
    lines += ["[holds]", "offer_seconds = 86400", "day_share_percent = 100"]
    if chosen.database_url:
        lines.insert(0, f"database_url = {json.dumps(chosen.database_url)}")
    file.write_text("\n".join(lines) + "\n")
    return file


async def _loads(chosen: argparse.Namespace, world: World) -> dict[str, Any]:
    pairs, searches = Pairs(world), Searches(world)
    await pairs.run(WARM_UP_RATE, WARM_UP_S, chosen.seed)
    pids = [server.pid for server in world.servers]
    if chosen.apart:
        set_apart(pids)
    figures: dict[str, Any] = {}
    if chosen.pairs:
        rates = [chosen.rate] if chosen.rate else STEPS
        rising = await _rising(watched(pairs.run, pids), rates, chosen)
        figures["pairs"] = {"lanes": chosen.lanes, "rates": rising}
    if chosen.overload:
        run = watched(pairs.run if chosen.of == "pairs" else searches.run, pids)
        done = await overload(run, chosen.overload, chosen.seconds, chosen.seed, FIRST_RATE)
        figures["overload"] = {"of": chosen.of, **done.figures()}
    if chosen.fair:
        felt = await fairness(world, chosen.fair, chosen.seconds, chosen.seed)
        figures["fair"] = felt.figures()
    return figures


async def _rising(
    run: Run, rates: list[float] | tuple[int, ...], chosen: argparse.Namespace
) -> dict[str, Any]:
    figures = {}
    for rate in rates:
        done = await run(rate, chosen.seconds, chosen.seed)
        figures[f"{rate:g}"] = done.figures()
        if done.per_second < ENOUGH * done.offered_per_second:
            break
        await settled()
    return figures


if __name__ == "__main__":
    sys.exit(main())
