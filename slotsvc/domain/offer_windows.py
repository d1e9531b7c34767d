"""The windows a client may be offered on one day: the offer grid laid on the clock, cut by hours.

Clock changes are read as in ``slotsvc.domain.shifts``; what the clocks skip is not offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from slotsvc.domain.offering import OfferGrid
from slotsvc.domain.shifts import instant, laid_on, shown
from slotsvc.domain.time_window import TimeWindow, merge
from slotsvc.domain.working_time import LocalInterval

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)

OpeningHours = tuple[tuple[LocalInterval, ...], ...]
"""Seven tuples of local intervals, Monday first, as in ``Site.opening_hours``."""


@dataclass(frozen=True, slots=True, order=True)
class OfferWindow:
    """What would be promised, and when service may start for the promise to hold.

    ``start_window`` lies inside ``promise``. ``finish_by``: closing time, by which service must be
    over; None: always open. How early service must start for that depends on who serves, so an
    offered window's start window is cut once more, for its technician. It is not compared: windows
    that are told alike are alike.
    """

    promise: TimeWindow
    start_window: TimeWindow
    finish_by: datetime | None = field(default=None, compare=False)


def offered_windows(
    grid: OfferGrid,
    zone: str,
    day: date,
    opening_hours: OpeningHours | None,
    site_zone: str,
    service: timedelta,
) -> tuple[OfferWindow, ...]:
    """The offers of ``grid`` on the local date ``day`` of ``zone``, in order.

    ``opening_hours``: the site's week on the clocks of ``site_zone``; None: always open. The whole
    week, because the hours of a night reach into the next day and the two zones may differ.
    A promise is a grid cell cut by one opening interval. The start window ends so that service is
    over by closing. An exact start ``t`` is promised as ``[t, t + step)`` and has the start window
    ``[t, t + 1 s)``. Cells with nothing left are left out. ``service``: the shortest time on site
    of anybody who may serve.
    Raises ``ValueError`` for a step that is not positive.
    """
    if grid.step is not None and grid.step <= timedelta(0):
        raise ValueError("the step of an offer grid must be positive")
    cells = list(_cells(grid, zone, day))
    if not cells:
        return ()
    whole = TimeWindow(min(cells).start, max(cell.end for cell in cells) + service)
    opened = (
        (whole,) if opening_hours is None else opened_around(opening_hours, site_zone, day, service)
    )
    spans = [span for span in opened if span.overlaps(whole)]
    exact = grid.step is not None
    offers = [_offer(cell, span, service, exact=exact) for cell in cells for span in spans]
    if opening_hours is None:
        offers = [offer and replace(offer, finish_by=None) for offer in offers]
    return tuple(offer for offer in offers if offer is not None)


def _cells(grid: OfferGrid, zone: str, day: date) -> Iterator[TimeWindow]:
    for interval in grid.cells:
        cell = laid_on(interval, day, zone)
        if cell is not None and grid.step is None:
            yield cell
        elif cell is not None and grid.step is not None:
            yield from _steps(cell, grid.step, zone, datetime.combine(day, interval.start))


def _steps(cell: TimeWindow, step: timedelta, zone: str, wall: datetime) -> Iterator[TimeWindow]:
    # Steps are counted on the wall clock, so that "every hour" stays on the hour after a change of
    # 30 minutes. A doubled wall time is offered once: nobody could tell the two apart.
    while (start := instant(zone, wall.date(), wall.time())) < cell.end:
        if shown(zone, start) == wall:
            yield TimeWindow(start, min(start + step, cell.end))
        wall += step


def opened_around(
    hours: OpeningHours, zone: str, day: date, service: timedelta
) -> tuple[TimeWindow, ...]:
    """When a site is open around ``day``, sorted and disjoint. ``zone``: the site's."""
    # From the night before (in any zone) to the end of the longest visit begun in a night cell.
    days = (day + _DAY * offset for offset in range(-2, 4 + service.days))
    laid = (laid_on(interval, on, zone) for on in days for interval in hours[on.weekday()])
    return merge(span for span in laid if span is not None)


def _offer(
    cell: TimeWindow, span: TimeWindow, service: timedelta, *, exact: bool
) -> OfferWindow | None:
    promise = cell.intersect(span)
    if promise is None or (exact and promise.start != cell.start):
        return None
    last = promise.start if exact else promise.end - _SECOND
    end = min(last, span.end - service) + _SECOND
    if end <= promise.start:
        return None
    return OfferWindow(promise, TimeWindow(promise.start, end), finish_by=span.end)
