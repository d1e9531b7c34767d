"""Clients that look at days all the time: what they saw must be what stood there."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import date, timedelta

from grpc import aio

from benchmarks.calls import Calls, told
from benchmarks.company import Company
from benchmarks.history import History, Read
from benchmarks.torture.bookers import CALL_S, UNANSWERED, GaveUpError, id_of
from slotsvc.cli.wire import pb_date
from slotsvc.domain.visit import RouteKey
from slotsvc.pb.v1 import plan_service_pb2 as plan


@dataclass(slots=True)
class Reader:
    """Asks one replica after the other. ``pause_s``: between two looks."""

    number: int
    lines: list[Calls]
    company: Company
    history: History
    first_day: date
    days: int
    chance: random.Random
    pause_s: float = 0.2

    async def look(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(self.chance.uniform(0, 2 * self.pause_s))
            await self._day(self.first_day + timedelta(days=self.chance.randrange(self.days)))

    async def _day(self, day: date) -> None:
        asked = plan.GetDayRequest(team=self.company.team, date=pb_date(day))
        begun = time.monotonic()
        try:
            shown = await self.chance.choice(self.lines).plan.GetDay(asked, timeout=CALL_S)
        except aio.AioRpcError as error:
            if error.code().name not in UNANSWERED:
                raise GaveUpError(f"a look at a day was refused: {told(error)}") from error
            return
        for route in shown.routes:
            self._note(route, day, begun)

    def _note(self, route: plan.Route, day: date, begun: float) -> None:
        key = RouteKey(self.company.id, id_of(route.technician), day, route.shift_number)
        booked = frozenset(id_of(stop.visit) for stop in route.stops if not stop.held)
        held = frozenset(id_of(stop.visit) for stop in route.stops if stop.held)
        self.history.note_read(Read(self.number, key, route.version, begun, booked, held))
