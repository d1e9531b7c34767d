"""A day that can be worked out by hand: places on a line, ten minutes apart.

Ann's home is at its beginning, she works from 8 to 18; all times are Monaco's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.domain.route_violation import RouteViolation
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement, RouteKey, Visit
from slotsvc.scheduling.hand_moves import HandMove
from slotsvc.scheduling.travel_port import Provenance, TravelTable
from slotsvc.travel.estimate import EstimatedTravelTimes
from tests.scheduling.booking_company import HOME, PLACES
from tests.scheduling.booking_world import TENANT, BookingWorld, local

LINE = (HOME, *PLACES)


class LineRoads(EstimatedTravelTimes):
    """Ten minutes from each place to the next."""

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        found = await super().table(sources, destinations)
        rows, columns = ([LINE.index(p) for p in places] for places in (sources, destinations))
        seconds = 600 * np.abs(np.subtract.outer(rows, columns)).astype(np.int32)
        return replace(found, seconds=seconds, provenance=Provenance.LIVE)


class Walk:
    """Ann's Monday, and what is on record of it."""

    def __init__(self, world: BookingWorld) -> None:
        self.world = world
        self.day = world.first_day
        self.route = RouteKey(TENANT, "ann", self.day)
        self.clock(7, 0)

    def clock(self, hour: int, minute: int) -> None:
        """It is so late now."""
        self.world.clock.instant = self.at(hour, minute)

    def at(self, hour: int, minute: int = 0) -> datetime:
        return local(self.day, hour, minute)

    def window(self, start: int, end: int) -> TimeWindow:
        return TimeWindow(self.at(start), self.at(end))

    def booked(self, place: int, start: int, end: int, hours: float = 1) -> str:
        """A visit placed by hand at the end of the day; nothing may break."""
        visit, window = self.waiting(place, hours), self.window(start, end)
        last = len(self.order())
        self.world.move(HandMove(visit, "ann", self.day, position=last, window=window))
        return visit

    def waiting(self, place: int, hours: float = 1) -> str:
        work = Visit("", LINE[place], timedelta(hours=hours), frozenset(), team="crew")
        return self.world.create(work).stored.visit.id

    def move(self, visit: str, start: int, end: int, reason: str = "", who: str = "ann") -> None:
        self.world.move(HandMove(visit, who, self.day, window=self.window(start, end)), reason)

    def violations(self) -> list[RouteViolation]:
        routes = self.world.read(lambda tx: tx.routes_by_key([self.route]))
        return list(routes[self.route].violations)

    def broken(self) -> dict[tuple[str, str], int]:
        """Sizes by kind and visit."""
        return {(v.kind, v.visit): v.size for v in self.violations()}

    def starts(self) -> dict[str, datetime]:
        """Planned or reported starts by visit."""
        shown = self.world.show([self.route])[self.route]
        visits = {p.id: p.visit.id for p in shown.placements}
        assert shown.planned is not None
        return {visits[stop.placement]: stop.start for stop in shown.planned.stops}

    def order(self) -> list[str]:
        """Visits of the route, in order."""
        return [p.visit.id for p in self.placements()]

    def placements(self) -> tuple[Placement, ...]:
        """Those live, in order."""
        routes = self.world.read(lambda tx: tx.routes_by_key([self.route]))
        return routes[self.route].live(self.world.clock.now())
