"""How latency and memory grow with technicians and horizon, and a plot of it.

    python -m benchmarks.growth --map DIRECTORY --plot docs/growth.svg

Every point is a process of its own, so that its memory is its own: ``calendar_mb`` is what routes
and arrays take once built, zero line included; the town's table of driving, which no service holds,
is not in it. Times are of hot calls (median over the requests, each the best of five).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.generator import REQUEST_SITES, Shape, requests, team_in
from benchmarks.machine import machine
from benchmarks.ours import EVERY_SLOT, QUARTER_GRID, TOP_10, TOP_10_DRIVING, Engine, measure, parts
from benchmarks.ours import scan_ms as scan_ms_of
from benchmarks.rank_tables import table
from benchmarks.towns import chosen_town

BY_TECHNICIANS = tuple((t, 14) for t in (10, 20, 50, 100, 200, 500, 1000))
BY_HORIZON = tuple((t, d) for t in (50, 1000) for d in (7, 14, 21, 28))
SITES = 2000
"""Sites of every point, whatever its size: the town must not grow with the team."""


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--map", "map_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--synthetic", is_flag=True, help="No roads: random places on a plane.")
@click.option("--most", default=1000, show_default=True, help="Technicians of the largest team.")
@click.option("--requests", "count", default=10, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--point", hidden=True, help="Measures one point, like 50x14, and prints JSON.")
@click.option("--json", "as_json", is_flag=True)
def main(
    map_dir: Path | None,
    synthetic: bool,
    most: int,
    count: int,
    seed: int,
    plot: Path | None,
    point: str | None,
    as_json: bool,
) -> None:
    """Measures and prints."""
    if point is not None:
        technicians, days = (int(part) for part in point.split("x"))
        shape = Shape(technicians, days, 5, seed)
        click.echo(json.dumps(_measured(shape, map_dir, synthetic, count)))
        return
    wanted = sorted({p for p in BY_TECHNICIANS + BY_HORIZON if p[0] <= most})
    points = [_in_a_process(technicians, days) for technicians, days in wanted]
    if as_json:
        click.echo(json.dumps({"machine": machine(), "points": points}, indent=2))
    else:
        print("\n".join(f"{name}: {value}  " for name, value in machine().items()))
        print("\n5 visits a day, lunch, tags; hot calls\n")
        print(table(HEAD, (_row(point) for point in points)))
    if plot is not None:
        from benchmarks.growth_plot import draw  # matplotlib is in the bench group

        draw(points, plot)


def _in_a_process(technicians: int, days: int) -> dict[str, Any]:
    """The same command with one point. It reads every other option as it was given."""
    command = [sys.executable, "-m", "benchmarks.growth", *sys.argv[1:]]
    done = subprocess.run(
        [*command, "--point", f"{technicians}x{days}"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _measured(shape: Shape, map_dir: Path | None, synthetic: bool, count: int) -> dict[str, Any]:
    town = chosen_town(map_dir, synthetic, SITES + REQUEST_SITES, shape.seed)
    _warm_up(Engine(team_in(town, Shape(3, 2, 3))))  # what is compiled is not the calendar's
    begun, before = time.perf_counter(), _resident_mb()
    made = team_in(town, shape)
    made_s = time.perf_counter() - begun
    engine = Engine(made)
    for search in (TOP_10, TOP_10_DRIVING):
        engine.base(search.weights)
    calendar_mb = _resident_mb() - before
    asked = requests(made, count, shape.seed)
    found = {name: measure(engine, search, asked) for name, search in SEARCHES.items()}
    return {
        "technicians": shape.technicians,
        "days": shape.days,
        "routes": len(made.routes),
        "visits": sum(len(route.visits) for route in made.routes),
        "scan_ms": round(scan_ms_of(engine, asked), 3),
        **{f"{name}_ms": times.figures()["hot_ms"] for name, times in found.items()},
        "proven": all(times.proven for times in found.values()),
        "changed_route_ms": parts(engine, asked[0])["changed_route_ms"],
        "calendar_mb": round(calendar_mb, 1),
        "process_mb": round(_resident_mb(), 1),
        "made_s": round(made_s, 1),
    }


SEARCHES = {
    "top_10": TOP_10,
    "top_10_driving": TOP_10_DRIVING,
    "every_slot": EVERY_SLOT,
    "quarters": QUARTER_GRID,
}


def _warm_up(engine: Engine) -> None:
    for search in SEARCHES.values():
        engine.prepared(search, requests(engine.made, 1, 0)[0])()


def _resident_mb() -> float:
    """Memory in use; what was freed is given back first, where the C library can."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


HEAD = (
    "technicians × days", "visits", "scan ms", "top 10 ms", "driving alone ms", "every slot ms",
    "15-minute grid ms", "changed route ms", "calendar MB", "proven",
)  # fmt: skip


def _row(p: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{p['technicians']:,} × {p['days']}",
        f"{p['visits']:,}",
        f"{p['scan_ms']:.3f}",
        *(f"{p[f'{name}_ms']:.2f}" for name in SEARCHES),
        f"{p['changed_route_ms']:.2f}",
        f"{p['calendar_mb']:.0f}",
        "all" if p["proven"] else "NOT ALL",
    )


if __name__ == "__main__":
    main()
