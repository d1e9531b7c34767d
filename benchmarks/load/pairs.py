"""Hold and confirm: what a client does when he has chosen."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from grpc import StatusCode, aio

from benchmarks.calls import fresh_id
from benchmarks.load.arrivals import OK, Outcomes, open_loop, poisson
from benchmarks.load.world import World
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits

CALL_S = 5.0
TRIES = 100
SPARE = 1.2
"""More arrive than are expected, by chance."""
GIVEN_BACK_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Taken:
    """What one pair left: an offer, and "" or the hold and the visit that it became."""

    number: int
    token: str
    hold: str
    visit: str


class Pairs:
    """Holds an offer and confirms it, each offer once; between two runs everything is cancelled,
    so that its offers can be used again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._free: deque[str] = deque(world.offers)
        self._taken: list[Taken] = []

    async def run(self, rate: float, seconds: float, seed: int) -> Outcomes:
        """Arrivals at ``rate`` a second."""
        if len(self._free) < SPARE * rate * seconds:
            await self._give_all_back()
        return await open_loop(poisson(rate, seconds, seed), seconds, self.one)

    async def one(self, number: int) -> str:
        """One pair; waits for an offer when all are taken."""
        while not self._free:
            await asyncio.sleep(0.005)
        token, line = self._free.popleft(), self._world.line(number)
        hold, visit = "", ""
        try:
            asked = slots.HoldSlotRequest(token=token, request_id=fresh_id())
            hold = (await line.slots.HoldSlot(asked, timeout=CALL_S)).hold.name
            book = visits.BookVisitRequest(hold=hold, request_id=fresh_id())
            visit = (await line.visits.BookVisit(book, timeout=CALL_S)).visit.name
        finally:
            if hold:
                self._taken.append(Taken(number, token, hold, visit))
            else:
                self._free.append(token)
        return OK

    async def _give_all_back(self) -> None:
        taken, self._taken = self._taken, []
        places = asyncio.Semaphore(GIVEN_BACK_AT_ONCE)

        async def one(given: Taken) -> None:
            async with places:
                await self._give_back(given)

        await asyncio.gather(*(one(given) for given in taken))

    async def _give_back(self, taken: Taken) -> None:
        line = self._world.line(taken.number)
        cancel = visits.CancelVisitRequest(name=taken.visit, request_id=fresh_id())
        release = slots.ReleaseHoldRequest(hold=taken.hold, request_id=fresh_id())
        if taken.visit:
            await insisting(lambda: line.visits.CancelVisit(cancel, timeout=CALL_S))
        else:
            await insisting(lambda: line.slots.ReleaseHold(release, timeout=CALL_S))
        self._free.append(taken.token)


async def insisting(call: Callable[[], Awaitable[object]]) -> None:
    """Repeats what is not answered. A hold whose confirmation was lost may be booked by now: then
    its release is refused, which leaves the visit where it is."""
    for _ in range(TRIES):
        try:
            await call()
            return
        except aio.AioRpcError as error:
            if error.code() not in (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED):
                return
        await asyncio.sleep(0.2)
