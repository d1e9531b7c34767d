"""How long a proven ranking takes, beside a plain scan and beside what one would use instead.

    python -m benchmarks.rank --map DIRECTORY

For each team: our own rankings over the frozen plain scan of ``benchmarks/reference_scan.py`` (both
hot), then VROOM, OR-Tools routing, CP-SAT, PyVRP and Timefold on the same requests with the same
definition of the answer: the least driving that a slot adds, promised windows kept, every order of
a technician's day allowed. Roads: a compiled map, else the packaged demo town. Compare ratios
within one run, not milliseconds across runs.

Ends with 1 when an engine knows better than our exact answer.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks import rank_tables
from benchmarks.generator import Asked, Shape, requests, team
from benchmarks.machine import machine
from benchmarks.ours import SEARCHES, Engine, measure, parts, scan_ms
from benchmarks.peers.compared import OURS, OURS_SLOTS, Row, Sampling, compare
from benchmarks.peers.days import Peer, SlotPeer
from benchmarks.towns import described

TEAMS = ("5x14x7", "50x14x5")
"""Technicians x days x most visits a day: a small full team, and the one of the promises."""


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--map", "map_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--synthetic", is_flag=True, help="No roads: random places on a plane.")
@click.option("--team", "teams", multiple=True, default=TEAMS, show_default=True)
@click.option("--lunch", type=click.Choice(["both", "yes", "no"]), default="both")
@click.option("--tags/--no-tags", default=True, show_default=True)
@click.option("--requests", "count", default=20, show_default=True)
@click.option("--peer-requests", default=3, show_default=True, help="0: no peers.")
@click.option("--sample", default=300, show_default=True, help="Cells a slow peer is asked about.")
@click.option("--timefold", type=click.Path(path_type=Path), help="A Python that has Timefold.")
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(
    map_dir: Path | None,
    synthetic: bool,
    teams: tuple[str, ...],
    lunch: str,
    tags: bool,
    count: int,
    peer_requests: int,
    sample: int,
    timefold: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Measures and prints."""
    lunches = {"both": (False, True), "yes": (True,), "no": (False,)}[lunch]
    shapes = [Shape(*_sizes(t), seed, having, tags) for t in teams for having in lunches]
    told = _quiet if as_json else print
    timefold = timefold if timefold and timefold.exists() else None
    peers, by_slot = _peers(timefold) if peer_requests else ([], [])
    result: dict[str, Any] = {"machine": machine(), "teams": []}
    told("\n".join(f"{name}: {value}  " for name, value in result["machine"].items()))
    if timefold is None and peer_requests:
        told("Timefold: not asked: no Python that has it (make bench sets one up where it can)")
    for shape in shapes:
        made = team(shape, map_dir, synthetic)
        engine, asked = Engine(made), requests(made, count, seed)
        figures = _figures(engine, asked)
        if peer_requests:
            sampling = Sampling(sample, 8, seed)
            rows = compare(engine, asked[:peer_requests], peers, by_slot, sampling)
            figures["engines"] = _rows(rows)
        told(f"\n## {shape}\n\n{described(made.town)}\n\n{rank_tables.ours(figures)}")
        if figures["engines"]:
            told(f"\n{rank_tables.engines(figures)}")
        result["teams"].append(figures)
    if as_json:
        click.echo(json.dumps(result, indent=2))
    told(f"\nFor the table of versions:\n\n{rank_tables.version_row(result)}")
    wrong = sum(row["wrong"] for figures in result["teams"] for row in figures["engines"])
    if wrong:
        raise SystemExit(f"{wrong} cells are cheaper, or possible, against our exact answer")


def _quiet(_text: str) -> None:
    """Nothing but the JSON."""


def _sizes(text: str) -> tuple[int, int, int]:
    try:
        technicians, days, visits = (int(part) for part in text.split("x"))
    except ValueError:
        raise click.BadParameter(f"{text}: like 50x14x5", param_hint="--team") from None
    return technicians, days, visits


def _peers(timefold: Path | None) -> tuple[list[Peer], list[SlotPeer]]:
    from benchmarks.peers.all import cell_peers, slot_peers  # packages of the bench group

    return cell_peers(), slot_peers(timefold)


def _figures(engine: Engine, asked: list[Asked]) -> dict[str, Any]:
    made = engine.made
    return {
        "team": asdict(made.shape),
        "town": made.town.source,
        "visits": int(sum(len(route.visits) for route in made.routes)),
        "reference_scan_ms": round(scan_ms(engine, asked), 4),
        "ours": {search.name: measure(engine, search, asked).figures() for search in SEARCHES},
        "parts": parts(engine, asked[0]),
        "engines": [],
    }


def _rows(rows: list[Row]) -> list[dict[str, Any]]:
    best = {row.name: float(np.median(row.ms)) for row in rows if row.name in (OURS, OURS_SLOTS)}
    return [_row(row, best) for row in rows]


def _row(row: Row, best: dict[str, float]) -> dict[str, Any]:
    """Sums and means over the requests."""
    found, ms = row.qualities, float(np.median(row.ms))
    feasible = sum(q.feasible for q in found)
    whole = not row.sampled
    return {
        "engine": row.name,
        "ms": round(ms, 3),
        "over_top_10": round(ms / best[OURS], 2),
        "over_every_slot": round(ms / best[OURS_SLOTS], 2),
        "unit": row.unit,
        "asked": sum(q.asked for q in found),
        "feasible": feasible,
        "found": feasible - sum(q.missed for q in found),
        "dearer": sum(q.dearer for q in found),
        "wrong": sum(q.wrong for q in found),
        "slots": sum(q.slots or 0 for q in found) if whole else None,
        "all_slots": sum(q.all_slots for q in found),
        "top_1_regret_s": round(float(np.mean([q.top_1 for q in found])), 1) if whole else None,
        "top_5_regret_s": round(float(np.mean([q.top_5 for q in found])), 1) if whole else None,
        "sampled": row.sampled,
    }


if __name__ == "__main__":
    main()
