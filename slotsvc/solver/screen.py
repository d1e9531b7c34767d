"""Best plain insertion of one visit into every route and window at once.

Fast and optimistic about nothing: a cell it accepts is possible, one it rejects may still be
possible in another order (the exact search looks there).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slotsvc.solver import timing
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.batch import NEVER
from slotsvc.solver.instance import INF, Bool, Int32, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """The visit to place. ``service`` seconds; ``into`` / ``out``: int32 (R, V), driving from each
    node to it and back; ``straight``: the same for (place numbers,) is not kept."""

    service: int
    into: Int32
    out: Int32


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Start windows per route, int32 (R, W), both ends included; ``closes < opens``: no cell."""

    opens: Int32
    closes: Int32


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """``gap``: int32 (R, W), best gap number, -1: no insertion fits.

    ``guess``: int64 (R, W), about what it costs (driving exact, waiting guessed), NEVER if none.
    ``fits``: bool (G, W).
    """

    gap: Int32
    guess: Int64
    fits: Bool


def request_legs(arrays: TeamArrays, service: int, into: Int32, out: Int32) -> Request:
    """``into`` / ``out``: int32 (places,), driving from each place to the visit and back."""
    pad = np.where(arrays.batch.closes >= 0, 0, INF).astype(np.int32)
    return Request(
        service,
        np.minimum(np.maximum(into[arrays.place], pad), INF),
        np.minimum(np.maximum(out[arrays.place], pad), INF),
    )


def screen(
    arrays: TeamArrays, request: Request, windows: Windows, weights: tuple[int, int]
) -> Screened:
    """Tries every gap of every route in every window."""
    gaps = arrays.gaps
    opens, closes = windows.opens[gaps.route], windows.closes[gaps.route]
    into = request.into[gaps.route, gaps.before][:, None]
    out = request.out[gaps.route, gaps.after][:, None]
    fits, idle = _fits(arrays, opens, closes, into, out, request.service)
    added = (into + out - gaps.leg[:, None]).astype(np.int64) * weights[0]
    idle = np.where(gaps.number[:, None] == 0, 0, idle)
    cost = np.where(fits, added + idle.astype(np.int64) * weights[1], NEVER >> 8)
    # cost and gap in one number, so that one pass finds both
    packed = (cost << 7) | gaps.number[:, None]
    best = np.minimum.reduceat(packed, gaps.start_of, axis=0)
    possible = (best >> 7) < (NEVER >> 8)
    return Screened(
        np.where(possible, best & 127, -1).astype(np.int32),
        np.where(possible, best >> 7, NEVER),
        fits,
    )


def _fits(
    arrays: TeamArrays, opens: Int32, closes: Int32, into: Int32, out: Int32, service: int
) -> tuple[Bool, Int32]:
    gaps = arrays.gaps
    pauses = [(o[:, None], c[:, None], d[:, None]) for o, c, d in arrays_pauses(arrays)]
    count = len(pauses) + 1
    fits = np.zeros(opens.shape, np.bool_)
    idle = np.full(opens.shape, INF, np.int32)
    for taken in range(count):
        soonest = gaps.soonest[taken][:, None]
        for here in range(taken, count):
            arrival = timing.drive(soonest, into, pauses, taken, here)
            start = np.maximum(arrival, opens)
            finish = np.where(start <= closes, start + np.int32(service), np.int32(INF))
            for until in range(here, count):
                onward = timing.drive(finish, out, pauses, here, until)
                good = onward <= gaps.latest[until][:, None]
                fits |= good
                np.minimum(idle, np.where(good, start - arrival, np.int32(INF)), out=idle)
    return fits, idle


def arrays_pauses(arrays: TeamArrays) -> timing.Breaks:
    """Pauses per gap."""
    return arrays.batch.pauses(arrays.gaps.route)
