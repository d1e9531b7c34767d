"""What all have in common who call the simulated service.

A caller that gets no answer repeats the call with the same request_id, or gives up: then nobody
knows whether it was done. What must not be answered is noted as wrong.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from grpc import aio

from benchmarks.calls import Calls, Told, told
from benchmarks.company import Company
from benchmarks.history import Change, History, Read
from slotsvc.cli.wire import pb_date
from slotsvc.domain.visit import RouteKey
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.scheduling.booking_company import DAYS, PLACES, WORKS

UNANSWERED = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"})
"""Nobody knows whether the call was done."""
UNCLEAR = UNANSWERED | {"RESOURCE_EXHAUSTED"}
"""Try again later."""
CALL_S = 10.0

EXPECTED = frozenset(
    {"SLOT_GONE", "SLOT_EXPIRED", "HOLD_LIMIT", "HOLD_EXPIRED", "WRONG_STATE", "ALREADY_EXISTS",
     "PLAN_WORSE", "ETAG_MISMATCH", "INVALID_REQUEST"}
)  # fmt: skip
"""Reasons for which a right call may be refused."""


@dataclass
class Hold:
    """What its client knows."""

    name: str
    visit: str
    expires: datetime
    moves: bool
    reference: str


@dataclass
class Known:
    """What callers of a tenant tell each other. ``meddled``: visits that planners took a hand in,
    so that a hold of theirs may be gone. ``edits``: plan edits as they were answered."""

    history: History = field(default_factory=History)
    visits: list[str] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    absences: list[str] = field(default_factory=list)
    meddled: set[str] = field(default_factory=set)
    edits: list[tuple[RouteKey, int, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    calls: int = 0


@dataclass
class Caller:
    """One of them. ``now``: the database's clock, to judge promises by. ``tempo``: seconds between
    steps; the shorter, the more happens at once."""

    number: int
    calls: Calls
    company: Company
    known: Known
    chance: random.Random
    now: Callable[[], datetime]
    first_day: date
    serial: Iterator[int]
    strangers: Known
    tempo: float

    async def work(self, steps: int) -> None:
        """So many steps, with pauses."""
        for _ in range(steps):
            await asyncio.sleep(self.chance.expovariate(1 / self.tempo))
            await self.step()

    async def step(self) -> None:
        """One of what this caller does."""
        raise NotImplementedError

    # --- calls ----------------------------------------------------------------------------------

    async def tried[A](self, call: Callable[[], Awaitable[A]], patience: int = 6) -> A | Told:
        """The answer, the refusal, or the last failure to get one."""
        refusal = Told("UNAVAILABLE", "", "", {}, (), ())
        for _ in range(self.chance.randint(1, patience)):
            self.known.calls += 1
            try:
                return await call()
            except aio.AioRpcError as error:
                refusal = told(error)
            if refusal.code not in UNANSWERED:
                return self._refused(refusal)
            await asyncio.sleep(self.chance.uniform(0.05, 2.0))
        return refusal

    async def changed[A](
        self,
        kind: str,
        call: Callable[[], Awaitable[A]],
        visit_of: Callable[[A], Any],
        *,
        visit: str = "",
        reference: str = "",
    ) -> A | Told:
        """As ``tried``, noted in the history; an answer may be asked for once more."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        answer = await self._perhaps_twice(kind, call)
        if isinstance(answer, Told):
            if answer.code in UNANSWERED:
                self._note(Change(self.number, kind, id_of(visit), begun, None, reference))
            return answer
        shown = visit_of(answer)
        about = id_of(visit or shown.name)
        place = getattr(shown, "place", None)
        at, version = self._at(place)
        self._note(Change(self.number, kind, about, begun, loop.time(), reference, at, version))
        if self.chance.random() < 0.2:
            await self._again(kind, call, answer)
        return answer

    async def _perhaps_twice[A](self, kind: str, call: Callable[[], Awaitable[A]]) -> A | Told:
        """I4: now and then the same call runs twice at once, as when a caller lost patience."""
        if self.chance.random() > 0.15:
            return await self.tried(call)
        twins = await asyncio.gather(self.tried(call), self.tried(call))
        answers = [twin for twin in twins if not isinstance(twin, Told)]
        refusals = [twin for twin in twins if isinstance(twin, Told)]
        unclear = [twin for twin in refusals if twin.code in UNCLEAR or twin.reason == "SLOT_GONE"]
        if answers and unclear != refusals:
            self.known.wrong.append(f"{kind} was answered to one twin, refused to other: {twins}")
        if answers and any(twin.reason == "SLOT_GONE" for twin in refusals):
            # Judged before its twin, when the place was somebody else's. Nothing is kept of that.
            await self._again(kind, call, answers[0])
        if len({repr(answer) for answer in answers}) > 1:
            self.known.wrong.append(f"{kind} was answered to twins in two ways")
        return answers[0] if answers else refusals[0]

    async def _again(self, kind: str, call: Callable[[], Awaitable[Any]], first: Any) -> None:
        """I4: the same words."""
        again = await self.tried(call, 2)
        if isinstance(again, Told):
            if again.code not in UNANSWERED:
                self.known.wrong.append(f"{kind} was answered, then refused: {again}")
        elif again.SerializeToString(deterministic=True) != first.SerializeToString(
            deterministic=True
        ):
            self.known.wrong.append(f"{kind} was answered in two ways")

    def _at(self, place: Any) -> tuple[RouteKey | None, int]:
        if place is None or not place.route_version or not place.technician:
            return None, 0
        day = date(place.date.year, place.date.month, place.date.day)
        key = RouteKey(self.company.id, id_of(place.technician), day, place.shift_number)
        return key, place.route_version

    def _note(self, change: Change) -> None:
        self.known.history.note(change)

    def _refused(self, refusal: Told) -> Told:
        busy = refusal.code == "RESOURCE_EXHAUSTED"
        if refusal.reason not in EXPECTED and not busy:
            self.known.wrong.append(f"refused: {refusal}")
        return refusal

    def fresh(self, what: str) -> str:
        """A name nobody used before."""
        return f"{what}-{self.company.id}-{next(self.serial)}"

    def day(self) -> date:
        return self.first_day + timedelta(days=self.chance.randrange(DAYS))

    def a_visit(self) -> str:
        return self.chance.choice(self.known.visits) if self.known.visits else ""

    async def searched(self, **request: Any) -> list[slots.Slot]:
        """What is offered; nothing when nobody answers."""
        if "visit" not in request:
            kind = self.chance.choice(WORKS)
            request["activity_type"] = f"{self.company.tenant}/activityTypes/{kind}"
        place = self.chance.choice(PLACES)
        asked = self.company.search((place.lat, place.lon), on=self.day(), max_slots=3, **request)
        answer = await self.tried(lambda: self.calls.slots.SuggestSlots(asked, timeout=CALL_S))
        return [] if isinstance(answer, Told) else list(answer.slots)

    async def pries(self) -> None:
        """I13: what is another tenant's does not exist, under one's own name or theirs' id."""
        if not self.strangers.visits:
            return
        name = f"{self.company.tenant}/visits/{id_of(self.chance.choice(self.strangers.visits))}"
        asked = visits.GetVisitRequest(name=name)
        with suppress(aio.AioRpcError):  # that there is no such visit, if all goes well
            await self.calls.visits.GetVisit(asked, timeout=CALL_S)
            self.known.wrong.append(f"{self.company.id} was shown another tenant's visit: {name}")

    async def looks(self) -> None:
        """Reads a day and notes what it shows."""
        asked = plan.GetDayRequest(team=self.company.team, date=pb_date(self.day()))
        begun = asyncio.get_running_loop().time()
        answer = await self.tried(lambda: self.calls.plan.GetDay(asked, timeout=CALL_S))
        if isinstance(answer, Told):
            return
        for route in answer.routes:
            at = date(route.date.year, route.date.month, route.date.day)
            key = RouteKey(self.company.id, id_of(route.technician), at, route.shift_number)
            booked = frozenset(id_of(stop.visit) for stop in route.stops if not stop.held)
            held = frozenset(id_of(stop.visit) for stop in route.stops if stop.held)
            self.known.history.note_read(Read(self.number, key, route.version, begun, booked, held))


@dataclass
class Shown:
    """What an answer shows of a visit that is not shown whole."""

    name: str
    place: Any = None


def id_of(name: str) -> str:
    """The bare id of a resource name."""
    return name.rpartition("/")[2]


def instant_of(stamp: Any) -> datetime:
    """Aware, in UTC."""
    return stamp.ToDatetime(tzinfo=UTC)
