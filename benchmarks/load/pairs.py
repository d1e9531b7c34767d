"""Hold and confirm: what a client does when he has chosen."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from grpc import StatusCode, aio

from benchmarks.calls import fresh_id
from benchmarks.load.arrivals import OK, Outcomes, open_loop, poisson
from benchmarks.load.world import World
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits

CALL_S = 5.0
TRIES = 100


class Pairs:
    """Holds an offer and confirms it. Every booking is cancelled afterwards, outside of the figure,
    and its offer used again: so the service writes three times for each pair that is counted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._free: deque[str] = deque(world.offers)
        self._cancelling: set[asyncio.Task[None]] = set()

    async def run(self, rate: float, seconds: float, seed: int) -> Outcomes:
        """Arrivals at ``rate`` a second."""
        done = await open_loop(poisson(rate, seconds, seed), seconds, self.one)
        while self._cancelling:
            await asyncio.gather(*self._cancelling)
        return done

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
            self._later(self._give_back(number, token, hold, visit))
        return OK

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)

    async def _give_back(self, number: int, token: str, hold: str, visit: str) -> None:
        line = self._world.line(number)
        cancel = visits.CancelVisitRequest(name=visit, request_id=fresh_id())
        release = slots.ReleaseHoldRequest(hold=hold, request_id=fresh_id())
        if visit:
            await insisting(lambda: line.visits.CancelVisit(cancel, timeout=CALL_S))
        elif hold:
            await insisting(lambda: line.slots.ReleaseHold(release, timeout=CALL_S))
        self._free.append(token)


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
