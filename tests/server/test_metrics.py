"""What is measured stands on the operators' page, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

from slotsvc.server.metrics import Metrics

PAGE = Path(__file__).resolve().parents[2] / "docs/operations.md"


def exposed(metrics: Metrics) -> dict[str, tuple[str, ...]]:
    """Names as Prometheus shows them, with their labels."""
    metrics.measure_disk(int, int)
    suffixes = {"counter": "_total", "info": "_info"}
    metrics.build.info({"version": "1"})
    found = {}
    for family in metrics.registry.collect():
        collector = metrics.registry._names_to_collectors[family.name]
        labels = getattr(collector, "_labelnames", ())
        name = family.name + suffixes.get(family.type, "")
        found[name] = ("version",) if family.type == "info" else tuple(labels)
    return found


def test_every_metric_is_documented_with_its_labels() -> None:
    """The table of docs/operations.md is complete and names nothing that is not there."""
    rows = re.findall(r"^\| `(\w+_\w+)` \|([^|]*)\|", PAGE.read_text(), re.MULTILINE)

    documented = {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in rows}

    assert documented == exposed(Metrics())


def test_two_sets_do_not_share_counts() -> None:
    """Each has a registry of its own, so that two services in one process stay apart."""
    one, other = Metrics(), Metrics()

    one.booking_conflicts.inc()

    name = "slotsvc_booking_conflicts_total"
    assert (one.registry.get_sample_value(name), other.registry.get_sample_value(name)) == (1, 0)
