"""What was promised is kept: service starts before the due time and inside the promised windows.

Windows are cut to what is left of them; those of which nothing is left are closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.time_window import TimeWindow
from slotsvc.solver.constraints import Closed, Reason

_SECOND = timedelta(seconds=1)


def until_due(window: OfferWindow, due: datetime | None) -> OfferWindow | Closed:
    """The promise stays as long as it was: it only says when the client must be there."""
    start, end = window.start_window.start, window.start_window.end
    if due is None or end <= due:
        return window
    if due <= start:
        return Closed(Reason.DEADLINE, margin=(start - due) // _SECOND)
    return replace(window, start_window=TimeWindow(start, due))


def as_promised(
    window: OfferWindow, promised: Sequence[TimeWindow] | None
) -> list[OfferWindow] | Closed:
    """The pieces inside ``promised`` (sorted, disjoint), each a promise of its own; None: any.

    Margin: seconds from the window's starts to the nearest promised start.
    """
    if promised is None:
        return [window]
    pieces = [piece for kept in promised if (piece := _inside(window, kept)) is not None]
    return pieces or Closed(Reason.OUTSIDE_PROMISE, margin=_off(window.start_window, promised))


def _inside(window: OfferWindow, kept: TimeWindow) -> OfferWindow | None:
    promise = window.promise.intersect(kept)
    starts = window.start_window.intersect(kept)
    if promise is None or starts is None:
        return None
    return replace(window, promise=promise, start_window=starts)


def _off(starts: TimeWindow, promised: Sequence[TimeWindow]) -> int:
    gaps = [max(kept.start - starts.end, starts.start - kept.end) + _SECOND for kept in promised]
    return min(gaps, default=timedelta(0)) // _SECOND
