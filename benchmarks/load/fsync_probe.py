"""What the disk does meanwhile: a figure of bookings means nothing without it."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from benchmarks.load.arrivals import percentiles

BLOCK = b"x" * 4096


def fsync_probe(directory: Path, seconds: float = 1.0) -> dict[str, float | None]:
    """Percentiles of writing 4 KiB and waiting until the disk has it, milliseconds."""
    waited: list[float] = []
    with tempfile.NamedTemporaryFile(dir=directory, buffering=0) as file:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            begun = time.monotonic()
            file.write(BLOCK)
            os.fsync(file.fileno())
            waited.append(1000 * (time.monotonic() - begun))
    return percentiles(waited)
