"""Clients that book, move and cancel, and that do not give up when the service is gone.

A client repeats a call that was not answered with the same request_id until it is answered. What
it was told is noted; what it was not told must make no difference.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from grpc import aio

from benchmarks.calls import Calls, Told, fresh_id, told
from benchmarks.company import Company, around
from benchmarks.history import Change, History
from slotsvc.cli.wire import pb_date
from slotsvc.domain.visit import RouteKey
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.slot_service_pb2 import PlannedPlace, Slot
from slotsvc.pb.v1.visit_service_pb2 import Visit

UNANSWERED = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})
"""Nobody knows whether the call was done: repeat it with the same request_id."""

CALL_S = 10.0
GIVE_UP_S = 120.0
PAUSE_S = 0.1
MOVE_TRIES = 10


class GaveUpError(Exception):
    """The service did not answer for too long, or said what it must never say."""


class NeverToldError(Exception):
    """The client lost patience: the call was done once, or not at all."""


@dataclass(slots=True)
class Tally:
    """What happened, for the report. ``booked``: external reference to whether it stands;
    ``unknown``: references of which nobody was told whether they are booked."""

    history: History = field(default_factory=History)
    booked: dict[str, bool] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    repeats: int = 0
    gone: int = 0
    alternatives_taken: int = 0
    no_slot: int = 0
    seconds: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Booker:
    """One client with a connection of its own. ``orders``: external references still to book.

    ``others``: connections to other replicas, to go on with when one does not answer. ``cancels``:
    how many of the visits are cancelled soon; ``gives_up``: how many calls that were not answered
    are not repeated. ``days``: a visit is wanted from any of so many days on; 1: all want the same.
    """

    number: int
    calls: Calls
    company: Company
    orders: Iterator[str]
    tally: Tally
    first_day: date
    chance: random.Random
    told_booked: Callable[[], None]
    others: tuple[Calls, ...] = ()
    cancels: float = 0.1
    gives_up: float = 0.0
    days: int = 1

    async def work(self) -> None:
        """Books every order it gets; moves or cancels some afterwards."""
        for order in self.orders:
            if self.chance.random() < 0.5:
                self._ask_another()
            try:
                visit = await self._book(order)
            except NeverToldError:
                self.tally.unknown.add(order)
                continue
            self.tally.booked[order] = True
            self.told_booked()
            fate = self.chance.random()
            if fate < 0.15:
                await self._move(visit)
            elif fate < 0.15 + self.cancels:
                await self._cancel(visit, order)

    # --- what a client does -----------------------------------------------------------------------

    async def _book(self, order: str) -> Visit:
        begun = time.monotonic()
        while True:
            found = await self._search(self._new_search())
            while found:
                slot = found[0] if self.chance.random() < 0.5 else self.chance.choice(found)
                taken = await self._take(slot, order)
                if isinstance(taken, Visit):
                    self.tally.seconds.append(time.monotonic() - begun)
                    return taken
                self.tally.gone += 1
                found = list(taken.alternatives)
                self.tally.alternatives_taken += bool(found)

    async def _take(self, slot: Slot, order: str) -> Visit | Told:
        style = self.chance.random()
        if style < 0.35:
            return await self._book_at_once(slot, order)
        hold = await self._hold(slot, order)
        if isinstance(hold, Told):
            return hold
        if style < 0.45:
            await self._release(hold)
            return await self._take_again(slot, order)
        if style < 0.55:
            await self._extend(hold)
        return await self._confirm(hold)

    async def _take_again(self, slot: Slot, order: str) -> Visit | Told:
        """The same offer once more: its place was given back."""
        return await self._book_at_once(slot, order)

    async def _move(self, visit: Visit) -> None:
        for _ in range(MOVE_TRIES):
            found = await self._search(
                self.company.search(visit=visit.name, first_date=pb_date(self.first_day))
            )
            if not found:
                return
            slot = self.chance.choice(found)
            if self.chance.random() < 0.5:
                told = await self._move_at_once(visit, slot)
            else:
                hold = await self._hold(slot, "")
                told = hold if isinstance(hold, Told) else await self._confirm_move(visit, hold)
            if told is None:
                return
            self.tally.gone += 1

    # --- calls ------------------------------------------------------------------------------------

    def _new_search(self) -> slots.SuggestSlotsRequest:
        """Places lie so near to each other that clients want the same slots."""
        place = around(self.chance, degrees=0.01)
        first = self.first_day + timedelta(days=self.chance.randrange(self.days))
        return self.company.search(place, max_slots=3, first_date=pb_date(first))

    async def _search(self, search: slots.SuggestSlotsRequest) -> list[Slot]:
        answer = await self._answered(lambda: self.calls.slots.SuggestSlots(search, timeout=CALL_S))
        if isinstance(answer, Told):
            raise GaveUpError(f"a search was refused: {answer}")
        if not answer.slots:
            self.tally.no_slot += 1
            if self.tally.no_slot > 50:
                raise GaveUpError("the calendar is full: more technicians, or fewer bookings")
        return list(answer.slots)

    async def _hold(self, slot: Slot, order: str) -> slots.Hold | Told:
        asked = slots.HoldSlotRequest(token=slot.token, request_id=fresh_id(), external_ref=order)
        answer = await self._noted(
            "VISIT_HELD",
            lambda: self.calls.slots.HoldSlot(asked, timeout=CALL_S),
            lambda answer: Shown(answer.hold.visit, answer.hold.place),
            order,
        )
        return answer if isinstance(answer, Told) else answer.hold

    async def _extend(self, hold: slots.Hold) -> None:
        asked = slots.ExtendHoldRequest(hold=hold.name, request_id=fresh_id())
        asked.hold_duration.FromTimedelta(timedelta(minutes=10))
        await self._must(
            "HOLD_EXTENDED", lambda: self.calls.slots.ExtendHold(asked, timeout=CALL_S), hold.visit
        )

    async def _release(self, hold: slots.Hold) -> None:
        asked = slots.ReleaseHoldRequest(hold=hold.name, request_id=fresh_id())
        await self._must(
            "HOLD_RELEASED", lambda: self.calls.slots.ReleaseHold(asked, timeout=CALL_S), hold.visit
        )

    async def _confirm(self, hold: slots.Hold) -> Visit:
        """A hold is a promise: nothing but its expiry may stand in the way."""
        asked = visits.BookVisitRequest(hold=hold.name, request_id=fresh_id())
        answer = await self._must(
            "VISIT_BOOKED", lambda: self.calls.visits.BookVisit(asked, timeout=CALL_S), hold.visit
        )
        return answer.visit

    async def _book_at_once(self, slot: Slot, order: str) -> Visit | Told:
        asked = visits.BookVisitRequest(token=slot.token, request_id=fresh_id(), external_ref=order)
        answer = await self._noted(
            "VISIT_BOOKED",
            lambda: self.calls.visits.BookVisit(asked, timeout=CALL_S),
            lambda answer: Shown(answer.visit.name, answer.visit.place),
            order,
        )
        return answer if isinstance(answer, Told) else answer.visit

    async def _move_at_once(self, visit: Visit, slot: Slot) -> Told | None:
        asked = visits.RescheduleVisitRequest(
            name=visit.name, token=slot.token, request_id=fresh_id()
        )
        answer = await self._noted(
            "VISIT_MOVED",
            lambda: self.calls.visits.RescheduleVisit(asked, timeout=CALL_S),
            lambda answer: Shown(answer.visit.name, answer.visit.place),
        )
        return answer if isinstance(answer, Told) else None

    async def _confirm_move(self, visit: Visit, hold: slots.Hold) -> None:
        asked = visits.RescheduleVisitRequest(
            name=visit.name, hold=hold.name, request_id=fresh_id()
        )
        await self._must(
            "VISIT_MOVED",
            lambda: self.calls.visits.RescheduleVisit(asked, timeout=CALL_S),
            visit.name,
        )

    async def _cancel(self, visit: Visit, order: str) -> None:
        asked = visits.CancelVisitRequest(name=visit.name, request_id=fresh_id())
        await self._must(
            "VISIT_CANCELLED",
            lambda: self.calls.visits.CancelVisit(asked, timeout=CALL_S),
            visit.name,
        )
        self.tally.booked[order] = False

    # --- answers ----------------------------------------------------------------------------------

    async def _must[A](self, kind: str, call: Callable[[], Awaitable[A]], visit: str) -> A:
        answer = await self._noted(kind, call, lambda _: Shown(visit))
        if isinstance(answer, Told):
            raise GaveUpError(f"{kind} of {visit} was refused: {answer}")
        return answer

    async def _noted[A](
        self,
        kind: str,
        call: Callable[[], Awaitable[A]],
        shown: Callable[[A], Shown],
        order: str = "",
    ) -> A | Told:
        """``order``: by which a change is found that was given up without an answer."""
        begun = time.monotonic()
        try:
            answer = await self._answered(call, self.gives_up if order else 0.0)
        except NeverToldError:
            self.tally.history.note(Change(self.number, kind, "", begun, None, order))
            raise
        if not isinstance(answer, Told):
            visit, place = shown(answer)
            at, version = self._at(place)
            change = Change(
                self.number, kind, id_of(visit), begun, time.monotonic(), "", at, version
            )
            self.tally.history.note(change)
        return answer

    def _at(self, place: PlannedPlace | None) -> tuple[RouteKey | None, int]:
        if place is None or not place.route_version or not place.technician:
            return None, 0
        day = date(place.date.year, place.date.month, place.date.day)
        key = RouteKey(self.company.id, id_of(place.technician), day, place.shift_number)
        return key, place.route_version

    async def _answered[A](
        self, call: Callable[[], Awaitable[A]], gives_up: float = 0.0
    ) -> A | Told:
        """The answer or the refusal. Raises ``GaveUpError`` for anything else, ``NeverToldError``
        when the client lost patience."""
        give_up = time.monotonic() + GIVE_UP_S
        while time.monotonic() < give_up:
            try:
                return await call()
            except aio.AioRpcError as error:
                refusal = told(error)
            if refusal.code not in UNANSWERED:
                return _expected(refusal)
            if self.chance.random() < gives_up:
                raise NeverToldError
            await self._pause()
        raise GaveUpError(f"no answer for {GIVE_UP_S:g} s: {refusal}")

    async def _pause(self) -> None:
        self.tally.repeats += 1
        self._ask_another()
        await asyncio.sleep(self.chance.uniform(PAUSE_S, 4 * PAUSE_S))

    def _ask_another(self) -> None:
        """Replica, where there is one."""
        self.calls, *others = *self.others, self.calls
        self.others = tuple(others)


class Shown(NamedTuple):
    """A visit, and where an answer says that it stands."""

    visit: str
    place: PlannedPlace | None = None


def id_of(name: str) -> str:
    """The last part of a resource name."""
    return name.rpartition("/")[2]


def _expected(refusal: Told) -> Told:
    """Somebody was faster, or moves a visit of the same route: all else is a defect."""
    if refusal.reason in ("SLOT_GONE", "HOLD_LIMIT"):
        return refusal
    raise GaveUpError(f"refused: {refusal}")
