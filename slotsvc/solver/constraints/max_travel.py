"""A route's driving stays below the shift's limit, and below what the request may add.

Both are limits on the driving of the whole route with the visit in it, so the search proves them
when it prices an order: dearer ways with less driving are found.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.constraints import Closed, Reason
from slotsvc.solver.instance import INF, Int64


def limited(arrays: TeamArrays, driven: Int64, most_added: timedelta | None) -> TeamArrays:
    """The arrays with ``max_travel`` cut to what the request may add. ``driven``: int64 (R,), each
    route's driving without the request; None: it may add any."""
    if most_added is None:
        return arrays
    most = np.minimum(driven + int(most_added.total_seconds()), INF).astype(np.int32)
    return arrays.limited(most)


def closed(over: int, added: bool) -> Closed:
    """There is room but for the driving, of which ``over`` seconds are too much. ``added``: the
    request's limit is the narrower one."""
    return Closed(Reason.MAX_ADDED_TRAVEL if added else Reason.MAX_TRAVEL, margin=over)
