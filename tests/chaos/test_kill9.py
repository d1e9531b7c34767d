"""The service is killed again and again while many clients book: what was acknowledged stands.

Invariants I1 to I5, I8 and I16 of the design's contract, on real processes and one SQLite file.
Longer doses: ``python -m benchmarks.torture --minutes 10``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.torture.run import Dose, Report, torture
from tests.road_fixtures import compiled_demo_map


def run(dose: Dose, data_dir: Path) -> Report:
    return asyncio.run(torture(dose, data_dir))


@pytest.mark.timeout(300)
def test_no_booking_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    """200 bookings by 16 clients with 6 kills: every acknowledged answer stands once, in order;
    no route has an overlap, a hole in its versions, or a finding; the audit chain holds."""
    report = run(Dose(bookings=200, clients=16, kills=6, seed=1), tmp_path)
    assert report.wrong == []
    assert (report.bookings, report.kills) == (200, 6)
    assert report.repeats > 0, "no client ever met a dead service: nothing was tested"


@pytest.mark.timeout(180)
def test_no_road_engine_outlives_a_killed_server(tmp_path: Path) -> None:
    """With a map: each kill -9 takes the road engine along, by process and by port, and bookings
    go on along roads afterwards."""
    compiled = compiled_demo_map(tmp_path / "map").files.roads.parent
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    report = run(Dose(bookings=40, clients=6, kills=3, seed=2, compiled=compiled), data_dir)
    assert report.wrong == []
    assert (report.bookings, report.kills) == (40, 3)
