"""Many who want one and the same place at the same moment."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from grpc import aio

from benchmarks.calls import Calls, calling, fresh_id, told
from benchmarks.company import Company
from benchmarks.load.arrivals import OK, percentiles
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits

SHIFT = (8, 10)
GIVE_UP_S = 20.0


@dataclass(slots=True)
class Rush:
    """What ``bookers`` met in all rounds. ``told_ms``: until each knew whether the place is his."""

    bookers: int
    winners: list[int] = field(default_factory=list)
    told_ms: list[float] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)
    repeats: int = 0

    def figures(self) -> dict[str, Any]:
        """For the report."""
        return {
            "bookers": self.bookers,
            "winners_by_round": self.winners,
            "endings": dict(self.endings),
            "repeated_calls": self.repeats,
            **{f"told_{name}": ms for name, ms in percentiles(self.told_ms).items()},
        }


async def one_slot(address: str, bookers: int, rounds: int) -> Rush:
    """Each booker has a connection of his own, and all hold the same offer at once; who gets it
    confirms. A round is a day."""
    rush = Rush(bookers)
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(calling(address)) for _ in range(bookers)]
        company = await Company(lines[0], "rush").found()
        await company.activity(minutes=120, grid=(SHIFT,), horizon=timedelta(days=rounds + 20))
        await company.technician("only", hours=SHIFT)
        first = datetime.now(UTC).date() + timedelta(days=2)
        for number in range(rounds):
            await _round(company, lines, first + timedelta(days=number), rush)
    return rush


async def _round(company: Company, lines: list[Calls], day: date, rush: Rush) -> None:
    # the company's other days are not asked for: nothing else is free, or they would look there
    search = company.search(company_place(), on=day)
    found = (await lines[0].slots.SuggestSlots(search)).slots
    assert found, f"nothing is free on {day}"
    endings = await asyncio.gather(*(_book(line, found[0].token, rush) for line in lines))
    rush.winners.append(endings.count(OK))
    rush.endings.update(endings)


def company_place() -> tuple[float, float]:
    """At the depot's door: no driving."""
    from benchmarks.company import DEPOT

    return DEPOT


async def _book(line: Calls, token: str, rush: Rush) -> str:
    begun = time.monotonic()
    hold = slots.HoldSlotRequest(token=token, request_id=fresh_id())
    ending, held = await _told(lambda: line.slots.HoldSlot(hold, timeout=GIVE_UP_S), rush)
    rush.told_ms.append(1000 * (time.monotonic() - begun))
    if ending != OK:
        return ending
    book = visits.BookVisitRequest(hold=held.hold.name, request_id=fresh_id())
    ending, _ = await _told(lambda: line.visits.BookVisit(book, timeout=GIVE_UP_S), rush)
    return ending


async def _told(call: Any, rush: Rush) -> tuple[str, Any]:
    """The answer, or why there is none; what was not begun is repeated when the service says."""
    give_up = time.monotonic() + GIVE_UP_S
    while True:
        try:
            return OK, await call()
        except aio.AioRpcError as error:
            said = told(error)
            if said.code != "UNAVAILABLE" or time.monotonic() > give_up:
                return said.reason or said.code, None
            rush.repeats += 1
            await asyncio.sleep(_pushback_s(error))


def _pushback_s(error: aio.AioRpcError) -> float:
    trailers = dict(error.trailing_metadata() or ())
    return int(trailers.get("grpc-retry-pushback-ms", 100)) / 1000
