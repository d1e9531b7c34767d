"""A world of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scheduling.booking_world import BookingWorld, template
from tests.scheduling.line_day import LineRoads, Walk


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """Ann's Monday at seven, on the line; nothing is booked."""
    world = BookingWorld(template(tmp_path), LineRoads())
    yield Walk(world)
    world.close()
