"""Who calls the simulated service: clients who book, planners, technicians, and those who watch.

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
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import execution_service_pb2 as execution
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.scheduling.booking_company import DAYS, PLACES, TECHNICIANS, WORKS

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
                self._note(Change(self.number, kind, _id(visit), begun, None, reference))
            return answer
        shown = visit_of(answer)
        about = _id(visit or shown.name)
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
        if answers and any(twin.code not in UNCLEAR for twin in refusals):
            self.known.wrong.append(f"{kind} was answered to one twin, refused to other: {twins}")
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
        key = RouteKey(self.company.id, _id(place.technician), day, place.shift_number)
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
        name = f"{self.company.tenant}/visits/{_id(self.chance.choice(self.strangers.visits))}"
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
            key = RouteKey(self.company.id, _id(route.technician), at, route.shift_number)
            booked = frozenset(_id(stop.visit) for stop in route.stops if not stop.held)
            held = frozenset(_id(stop.visit) for stop in route.stops if stop.held)
            self.known.history.note_read(Read(self.number, key, route.version, begun, booked, held))


class Client(Caller):
    """Searches, holds, extends, releases, confirms, books, moves, cancels."""

    async def step(self) -> None:
        fate = self.chance.random()
        if fate < 0.15:
            await self.chance.choice((self.looks, self.pries))()
        elif fate < 0.65 or not self.known.visits:
            await self._takes_a_new_one()
        elif fate < 0.85:
            await self._moves(self.a_visit())
        else:
            await self._cancels(self.a_visit())

    async def _takes_a_new_one(self) -> None:
        found = await self.searched()
        if not found:
            return
        slot, reference = self.chance.choice(found), self.fresh("order")
        await self._pauses()
        if self.chance.random() < 0.4:
            await self._books(slot, reference)
            return
        hold = await self._holds(slot, reference)
        if hold is not None:
            await self._goes_on(hold)

    async def _goes_on(self, hold: Hold) -> None:
        fate = self.chance.random()
        if fate < 0.15:
            return  # forgotten
        await self._pauses()
        if fate < 0.3:
            await self._releases(hold)
            return
        if fate < 0.5:
            await self._extends(hold)
            await self._pauses()
        await self._confirms(hold)

    async def _pauses(self) -> None:
        """Mostly seconds; now and then a hold or an offer lapses meanwhile."""
        long = self.chance.random() < 0.08
        longest = 90.0 if long else self.tempo
        await asyncio.sleep(self.chance.uniform(0, longest))

    async def _books(self, slot: slots.Slot, reference: str) -> None:
        asked = visits.BookVisitRequest(
            token=slot.token, request_id=self.fresh("book"), external_ref=reference
        )
        answer = await self.changed(
            "VISIT_BOOKED",
            lambda: self.calls.visits.BookVisit(asked, timeout=CALL_S),
            lambda answer: answer.visit,
            reference=reference,
        )
        if not isinstance(answer, Told):
            self.known.visits.append(answer.visit.name)

    async def _holds(self, slot: slots.Slot, reference: str) -> Hold | None:
        asked = slots.HoldSlotRequest(
            token=slot.token, request_id=self.fresh("hold"), external_ref=reference
        )
        asked.hold_duration.FromTimedelta(timedelta(seconds=self.chance.choice((10, 60, 900))))
        return await self._held(asked, reference, moves=False)

    async def _held(
        self, asked: slots.HoldSlotRequest, reference: str, *, moves: bool, visit: str = ""
    ) -> Hold | None:
        answer = await self.changed(
            "VISIT_HELD",
            lambda: self.calls.slots.HoldSlot(asked, timeout=CALL_S),
            lambda answer: _Shown(answer.hold.visit, answer.hold.place),
            visit=visit,
            reference=reference,
        )
        if isinstance(answer, Told):
            return None
        told = answer.hold
        hold = Hold(told.name, told.visit, _instant(told.expire_time), moves, reference)
        self.known.holds.append(hold)
        return hold

    async def _extends(self, hold: Hold) -> None:
        asked = slots.ExtendHoldRequest(hold=hold.name, request_id=self.fresh("extend"))
        asked.hold_duration.FromTimedelta(timedelta(minutes=10))
        answer = await self.changed(
            "HOLD_EXTENDED",
            lambda: self.calls.slots.ExtendHold(asked, timeout=CALL_S),
            lambda answer: _Shown(answer.hold.visit, answer.hold.place),
            visit=hold.visit,
        )
        if isinstance(answer, Told):
            self._is_a_promise(hold, answer, "extended")
        else:
            hold.expires = max(hold.expires, _instant(answer.hold.expire_time))

    async def _releases(self, hold: Hold) -> None:
        asked = slots.ReleaseHoldRequest(hold=hold.name, request_id=self.fresh("release"))
        alone = hold.visit not in self.known.meddled
        self.known.meddled.add(hold.visit)
        begun = asyncio.get_running_loop().time()
        answer = await self.tried(lambda: self.calls.slots.ReleaseHold(asked, timeout=CALL_S))
        # one that is over is fine too, and leaves no event
        sure = alone and not isinstance(answer, Told) and self.now() < hold.expires
        ended = asyncio.get_running_loop().time() if sure else None
        self._note(Change(self.number, "HOLD_RELEASED", _id(hold.visit), begun, ended))

    async def _confirms(self, hold: Hold) -> None:
        before = self.now()
        if hold.moves:
            moving = visits.RescheduleVisitRequest(
                name=hold.visit, hold=hold.name, request_id=self.fresh("confirm")
            )
            answer: Any = await self.changed(
                "VISIT_MOVED",
                lambda: self.calls.visits.RescheduleVisit(moving, timeout=CALL_S),
                lambda answer: answer.visit,
                visit=hold.visit,
            )
        else:
            booking = visits.BookVisitRequest(hold=hold.name, request_id=self.fresh("confirm"))
            answer = await self.changed(
                "VISIT_BOOKED",
                lambda: self.calls.visits.BookVisit(booking, timeout=CALL_S),
                lambda answer: answer.visit,
                visit=hold.visit,
                reference=hold.reference,
            )
        if isinstance(answer, Told):
            self._is_a_promise(hold, answer, "confirmed")
            return
        if before >= hold.expires:
            self.known.wrong.append(f"{hold.name} was confirmed after {hold.expires}")
        if not hold.moves:
            self.known.visits.append(answer.visit.name)

    def _is_a_promise(self, hold: Hold, refusal: Told, what: str) -> None:
        """I5: refused while it is live is a promise broken, unless somebody meddled."""
        if refusal.code in UNCLEAR:
            self.known.meddled.add(hold.visit)  # it may have been done all the same
            return
        if self.now() < hold.expires and hold.visit not in self.known.meddled:
            text = f"{hold.name} could not be {what} at {self.now()}, before {hold.expires}"
            self.known.wrong.append(f"{text}: {refusal}")

    async def _moves(self, visit: str) -> None:
        found = await self.searched(visit=visit)
        if not found:
            return
        self.known.meddled.add(visit)
        slot = self.chance.choice(found)
        if self.chance.random() < 0.5:
            asked = visits.RescheduleVisitRequest(
                name=visit, token=slot.token, request_id=self.fresh("move")
            )
            await self.changed(
                "VISIT_MOVED",
                lambda: self.calls.visits.RescheduleVisit(asked, timeout=CALL_S),
                lambda answer: answer.visit,
                visit=visit,
            )
            return
        held = slots.HoldSlotRequest(token=slot.token, request_id=self.fresh("hold"))
        hold = await self._held(held, "", moves=True, visit=visit)
        if hold is not None:
            await self._goes_on(hold)

    async def _cancels(self, visit: str) -> None:
        self.known.meddled.add(visit)
        asked = visits.CancelVisitRequest(name=visit, request_id=self.fresh("cancel"))
        await self.changed(
            "VISIT_CANCELLED",
            lambda: self.calls.visits.CancelVisit(asked, timeout=CALL_S),
            lambda answer: _Shown(visit),
            visit=visit,
        )


class Planner(Caller):
    """Plan edits, the backlog, absences, publishing."""

    async def step(self) -> None:
        doings = [self.looks, self._publishes, self._away, self._back, self._tries_a_place]
        if self.known.visits:
            doings += [self._edits, self._edits, self._edits, self._unplaces]
        await self.chance.choice(doings)()

    async def _edits(self) -> None:
        visit = self.a_visit()
        self.known.meddled.add(visit)
        who = f"{self.company.tenant}/technicians/{self.chance.choice(TECHNICIANS)}"
        move = plan.HandMove(visit=visit, technician=who, date=pb_date(self.day()))
        reason = "the client begs" if self.chance.random() < 0.3 else ""
        asked = plan.MoveVisitRequest(
            move=move, override_reason=reason, request_id=self.fresh("edit")
        )
        await self._either(
            ("VISIT_MOVED", "VISIT_BOOKED"),
            lambda: self.calls.plan.MoveVisit(asked, timeout=CALL_S),
            visit,
        )

    async def _either(
        self, kinds: tuple[str, ...], call: Callable[[], Awaitable[Any]], visit: str
    ) -> None:
        """From a route it is a move, from the backlog a booking: the version tells."""
        begun = asyncio.get_running_loop().time()
        answer = await self.tried(call)
        if isinstance(answer, Told) and answer.code not in UNANSWERED:
            return
        if not isinstance(answer, Told):
            route, version = self._at(answer.visit.place)
            if route is not None:
                self.known.edits.append((route, version, _id(visit)))
        for kind in kinds:  # one of them was done, if any
            self._note(Change(self.number, kind, _id(visit), begun, None))

    async def _unplaces(self) -> None:
        visit = self.a_visit()
        self.known.meddled.add(visit)
        asked = visits.UnplaceVisitRequest(name=visit, request_id=self.fresh("unplace"))
        await self.changed(
            "VISIT_UNPLACED",
            lambda: self.calls.visits.UnplaceVisit(asked, timeout=CALL_S),
            lambda answer: _Shown(visit),
            visit=visit,
        )

    async def _tries_a_place(self) -> None:
        """From the backlog onto a route by a search, as a client would."""
        waiting = await self.tried(
            lambda: self.calls.visits.ListUnplaced(
                visits.ListUnplacedRequest(parent=self.company.tenant), timeout=CALL_S
            )
        )
        if isinstance(waiting, Told) or not waiting.visits:
            return
        visit = self.chance.choice(list(waiting.visits)).name
        found = await self.searched(visit=visit)
        if found:
            self.known.meddled.add(visit)
            asked = visits.BookVisitRequest(token=found[0].token, request_id=self.fresh("place"))
            await self.changed(
                "VISIT_BOOKED",
                lambda: self.calls.visits.BookVisit(asked, timeout=CALL_S),
                lambda answer: answer.visit,
                visit=visit,
            )

    async def _publishes(self) -> None:
        day = pb_date(self.day())
        asked = plan.PublishRoutesRequest(
            team=self.company.team,
            first_date=day,
            last_date=day,
            withdraw=self.chance.random() < 0.3,
            request_id=self.fresh("publish"),
        )
        await self.tried(lambda: self.calls.plan.PublishRoutes(asked, timeout=CALL_S))

    async def _away(self) -> None:
        who = f"{self.company.tenant}/technicians/{self.chance.choice(TECHNICIANS)}"
        hour = self.chance.choice((6, 9, 12))
        window = cal.Absence()
        window.window.start_time.FromDatetime(self.company.at(self.day(), hour))
        window.window.end_time.FromDatetime(self.company.at(self.day(), hour) + timedelta(hours=3))
        start = window.window.start_time.ToDatetime()
        window.window.end_time.FromDatetime(start + timedelta(hours=3))
        ill, id = self.chance.random() < 0.5, self.fresh("away")
        asked = cal.CreateAbsenceRequest(
            parent=who,
            absence_id=id,
            absence=window,
            request_id=self.fresh("absence"),
            unplace_visits=ill,
        )
        if ill:
            self.known.meddled |= set(self.known.visits)
        await self._unplacing(asked, who, id)

    async def _unplacing(self, asked: cal.CreateAbsenceRequest, who: str, id: str) -> None:
        """Any visit may have been taken off its route: the answer says which."""
        begun = asyncio.get_running_loop().time()
        standing = [_id(visit) for visit in self.known.visits]
        answer = await self.tried(lambda: self.calls.calendar.CreateAbsence(asked, timeout=CALL_S))
        if not isinstance(answer, Told):
            self.known.absences.append(f"{who}/absences/{id}")
            ended = asyncio.get_running_loop().time()
            for visit in answer.unplaced_visits:
                self._note(Change(self.number, "VISIT_UNPLACED", _id(visit), begun, ended))
        elif answer.code in UNANSWERED and asked.unplace_visits:
            standing += [_id(visit) for visit in self.known.visits if _id(visit) not in standing]
            for visit in standing:
                self._note(Change(self.number, "VISIT_UNPLACED", visit, begun, None))

    async def _back(self) -> None:
        if not self.known.absences:
            return
        name = self.known.absences.pop(self.chance.randrange(len(self.known.absences)))
        asked = cal.DeleteAbsenceRequest(name=name, request_id=self.fresh("back"))
        await self.tried(lambda: self.calls.calendar.DeleteAbsence(asked, timeout=CALL_S))


class Technician(Caller):
    """Reports from the road."""

    async def step(self) -> None:
        visit = self.a_visit()
        if not visit:
            return
        self.known.meddled.add(visit)
        doing = self.calls.execution
        kind, method, request = self.chance.choice(
            (
                ("VISIT_DEPARTED", doing.DepartForVisit, execution.DepartForVisitRequest),
                ("VISIT_STARTED", doing.StartVisit, execution.StartVisitRequest),
                ("VISIT_FINISHED", doing.FinishVisit, execution.FinishVisitRequest),
            )
        )
        asked: Any = request(name=visit, request_id=self.fresh("report"))
        if kind == "VISIT_FINISHED":
            asked.outcome = visits.OUTCOME_DONE
        await self.changed(
            kind, lambda: method(asked, timeout=CALL_S), lambda answer: answer.visit, visit=visit
        )


@dataclass
class Watcher:
    """Follows a team's events from where it was, however often it is cut off."""

    calls: Calls
    team: str
    chance: random.Random
    told: list[tuple[str, str, int]] = field(default_factory=list)
    position: str = ""

    async def work(self) -> None:
        """Until it is cancelled."""
        while True:
            asked = plan.WatchTeamRequest(team=self.team, position=self.position)
            with suppress(aio.AioRpcError):
                async for answer in self.calls.plan.WatchTeam(asked):
                    if answer.HasField("event"):
                        event = answer.event
                        about = event.visit or event.technician
                        self.told.append((event.kind, _id(about), event.route_version))
                    self.position = answer.position
            await asyncio.sleep(self.chance.uniform(0.1, 2.0))


@dataclass
class _Shown:
    """What an answer shows of a visit that is not shown whole."""

    name: str
    place: Any = None


def _id(name: str) -> str:
    return name.rpartition("/")[2]


def _instant(stamp: Any) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
