"""Those who serve: planners, technicians, and whoever watches a team."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from grpc import aio

from benchmarks.calls import Calls, Told
from benchmarks.history import Change
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import execution_service_pb2 as execution
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.scheduling.booking_company import TECHNICIANS
from tests.simulation.callers import (
    CALL_S,
    UNANSWERED,
    Caller,
    Shown,
    id_of,
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
                self.known.edits.append((route, version, id_of(visit)))
        for kind in kinds:  # one of them was done, if any
            self._note(Change(self.number, kind, id_of(visit), begun, None))

    async def _unplaces(self) -> None:
        visit = self.a_visit()
        self.known.meddled.add(visit)
        asked = visits.UnplaceVisitRequest(name=visit, request_id=self.fresh("unplace"))
        await self.changed(
            "VISIT_UNPLACED",
            lambda: self.calls.visits.UnplaceVisit(asked, timeout=CALL_S),
            lambda answer: Shown(visit),
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
        standing = [id_of(visit) for visit in self.known.visits]
        answer = await self.tried(lambda: self.calls.calendar.CreateAbsence(asked, timeout=CALL_S))
        if not isinstance(answer, Told):
            self.known.absences.append(f"{who}/absences/{id}")
            ended = asyncio.get_running_loop().time()
            for visit in answer.unplaced_visits:
                self._note(Change(self.number, "VISIT_UNPLACED", id_of(visit), begun, ended))
        elif answer.code in UNANSWERED and asked.unplace_visits:
            standing += [
                id_of(visit) for visit in self.known.visits if id_of(visit) not in standing
            ]
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
                        self.told.append((event.kind, id_of(about), event.route_version))
                    self.position = answer.position
            await asyncio.sleep(self.chance.uniform(0.1, 2.0))
