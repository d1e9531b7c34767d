"""The figures of ``benchmarks.rank`` as Markdown: what is printed is what the docs show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; columns padded, so that a terminal shows it well too."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    told = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |"
            for line in lines]  # fmt: skip
    return "\n".join([told[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *told[1:]])


def ours(figures: dict[str, Any]) -> str:
    """Our own rankings over the plain scan, and what surrounds them."""
    head = ("slotsvc", "hot ms", "× scan", "first ms", "p99 ms", "cells", "priced", "proven")
    rows = [
        (
            name,
            f"{f['hot_ms']:.2f}",
            f"{f['over_scan']:.1f}",
            f"{f['first_ms']:.2f}",
            f"{f['p99_ms']:.2f}",
            f"{f['cells']:,}",
            f"{f['evaluated']:,}",
            "all" if f["proven"] else "NOT ALL",
        )
        for name, f in figures["ours"].items()
    ]
    around = (f"{n.removesuffix('_ms').replace('_', ' ')} {v}" for n, v in figures["parts"].items())
    scan = f"Plain scan {figures['reference_scan_ms']:.3f} ms. Around a ranking, ms: "
    return f"{table(head, rows)}\n\n{scan}{', '.join(around)}."


def engines(figures: dict[str, Any]) -> str:
    """Everybody on the same requests."""
    head = (
        "driving alone", "CPU ms", "× top 10", "× every slot", "found of feasible", "dearer",
        "slots", "top-1 regret", "top-5 regret",
    )  # fmt: skip
    notes = [f"~ {f['engine']}: {f['sampled']}, the rest extrapolated." for f in _sampled(figures)]
    notes += [
        f"! {f['engine']}: {f['wrong']} answers contradict our exact ones."
        for f in figures["engines"]
        if f["wrong"]
    ]
    rows = (_engine(f) for f in figures["engines"])
    return "\n".join([table(head, rows), *(["", *notes] if notes else [])])


def _sampled(figures: dict[str, Any]) -> list[dict[str, Any]]:
    return [f for f in figures["engines"] if f["sampled"]]


def _engine(f: dict[str, Any]) -> tuple[str, ...]:
    whole = f["slots"] is not None
    return (
        f["engine"],
        f"{'' if whole else '~'}{_short(f['ms'])}",
        _short(f["over_top_10"]),
        _short(f["over_every_slot"]),
        f"{f['found']:,} of {f['feasible']:,} {f['unit']}",
        f"{f['dearer']}",
        f"{f['slots']} of {f['all_slots']}" if whole else "-",
        f"{f['top_1_regret_s']:.1f} s" if whole else "-",
        f"{f['top_5_regret_s']:.1f} s" if whole else "-",
    )


def _short(value: float) -> str:
    """Three figures or more."""
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def version_row(result: dict[str, Any]) -> str:
    """The last team's row in the table of versions of docs/benchmarks.md."""
    figures, machine = result["teams"][-1], result["machine"]
    found, team = figures["ours"], figures["team"]
    over = {f["engine"]: f["over_top_10"] for f in figures["engines"]}
    peers = ", ".join(f"{name} {over[name]:,.0f}" for name in VERSION_PEERS if name in over)
    searches = ("top 10, default weights", "top 10, driving alone", "every slot, default weights")
    cells = (f"{found[s]['hot_ms']:.2f} ({found[s]['over_scan']:.1f})" for s in searches)
    size = f"{team['technicians']}×{team['days']}×{team['visits']}"
    size += ", lunch" if team["lunch"] else ""
    head = (
        "commit", "machine", "team", "scan ms",
        *(f"{s}: ms (× scan)" for s in searches), "× top 10, driving",
    )  # fmt: skip
    row = (
        machine["commit"], machine["processor"], size, f"{figures['reference_scan_ms']:.3f}",
        *cells, peers or "-",
    )  # fmt: skip
    return table(head, [row])


VERSION_PEERS = ("VROOM x1", "VROOM x5", "PyVRP, 50 iterations", "OR-Tools routing")
