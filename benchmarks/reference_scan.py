"""The frozen plain scan: best insertion of one visit, nothing else. Do not improve this file.

It is the yardstick of ``benchmarks.rank``: one pass over every gap of every route in every window
with NumPy, driving only, no pauses, no re-ordering, no proof. It imports nothing of slotsvc, so
that it stays the same while the product changes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scan:
    """Flat gaps, all int32 (G,): earliest finish before, latest arrival after, driving across,
    drive into the visit and out of it; ``start_of`` (R,): first gap of each route.
    ``opens`` / ``closes``: int32 (G, W)."""

    soonest: NDArray[np.int32]
    latest: NDArray[np.int32]
    leg: NDArray[np.int32]
    into: NDArray[np.int32]
    out: NDArray[np.int32]
    start_of: NDArray[np.int32]
    opens: NDArray[np.int32]
    closes: NDArray[np.int32]
    service: int


def scan(s: Scan) -> NDArray[np.int32]:
    """int32 (R, W): least added driving, 2**29 where nothing fits."""
    start = np.maximum((s.soonest + s.into)[:, None], s.opens)
    back = start + np.int32(s.service) + s.out[:, None]
    fits = (start <= s.closes) & (back <= s.latest[:, None])
    added = np.where(fits, (s.into + s.out - s.leg)[:, None], np.int32(1 << 29))
    return np.minimum.reduceat(added, s.start_of, axis=0)


def seconds_of(s: Scan, repeat: int = 5) -> float:
    """Best wall time of a hot scan, in seconds."""
    best = float("inf")
    for _ in range(repeat):
        begun = time.perf_counter()
        scan(s)
        best = min(best, time.perf_counter() - begun)
    return best
