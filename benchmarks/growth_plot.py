"""The plot of ``benchmarks.growth``. The same points give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams.update({"svg.hashsalt": "slotsvc", "svg.fonttype": "none", "font.size": 9})

from matplotlib import pyplot as plt  # noqa: E402 - after the choice of what draws
from matplotlib.axes import Axes  # noqa: E402

SERIES = (
    ("top_10_ms", "proven top 10", "#0b5394", "o"),
    ("every_slot_ms", "every slot exact", "#b45309", "s"),
    ("quarters_ms", "15-minute grid, top 10", "#6b21a8", "^"),
    ("scan_ms", "plain scan", "#6b7280", "x"),
)


def draw(points: Sequence[dict[str, Any]], target: Path) -> None:
    """Latency against technicians and against days, and memory against routes."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
    _latency(left, [p for p in points if p["days"] == 14], "technicians", "14 days")
    most = max(p["technicians"] for p in points)
    of_most = [p for p in points if p["technicians"] == most]
    _latency(middle, of_most, "days", f"{most:,} technicians")
    _memory(right, points)
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)


def _latency(axes: Axes, points: Sequence[dict[str, Any]], by: str, title: str) -> None:
    at = [p[by] for p in points]
    for name, label, colour, mark in SERIES:
        axes.plot(at, [p[name] for p in points], color=colour, marker=mark, ms=4, label=label)
    axes.set(xlabel=by, ylabel="ms, hot", title=title)
    if by == "technicians":
        axes.set(xscale="log", yscale="log")
        axes.legend(frameon=False, fontsize=8)
    else:
        axes.set_ylim(bottom=0)
        axes.set_xticks(at)
    axes.grid(alpha=0.25)


def _memory(axes: Axes, points: Sequence[dict[str, Any]]) -> None:
    by_size = sorted(points, key=lambda p: p["routes"])
    routes = [p["routes"] for p in by_size]
    axes.plot(routes, [p["calendar_mb"] for p in by_size], color="#0b5394", marker="o", ms=4)
    axes.set(xlabel="routes (technicians × days)", ylabel="MB", title="calendar in memory")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
