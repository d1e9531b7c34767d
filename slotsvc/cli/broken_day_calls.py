"""What the broken day asks of the service, as any planner's client would."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from slotsvc.cli import demo_town as town
from slotsvc.cli.backlog import unplaced
from slotsvc.cli.channel import new_request_id
from slotsvc.cli.demo_setup import TEAM, TENANT
from slotsvc.cli.known_names import KnownNames
from slotsvc.cli.wire import pb_date, pb_place, pb_window

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.plan_service_pb2 import (
        CheckPlanResponse,
        HandMove,
        MoveVisitResponse,
        Route,
        RouteViolations,
        TeamEvent,
    )
    from slotsvc.pb.v1.slot_service_pb2 import Slot, SlotRequest
    from slotsvc.pb.v1.visit_service_pb2 import Visit

type Broken = Mapping[tuple[str, str, str], int]
"""Sizes of what is broken, by technician, kind and visit."""

EVENT_S = 10.0


def added(before: Broken, after: Broken) -> list[tuple[str, str, str]]:
    """What is broken after and was not before, or less."""
    return [one for one, size in after.items() if one not in before or size > before[one]]


@dataclass
class BrokenDayCalls:
    """Calls about one day of the demo's team."""

    service: Service
    zone: ZoneInfo
    day: date
    events: list[TeamEvent] = field(default_factory=list)

    @property
    def names(self) -> KnownNames:
        """Names, fresh: visits change while the story goes."""
        return KnownNames(self.service, self.zone)

    def routes(self, technician: str = "") -> Sequence[Route]:
        from slotsvc.pb.v1.plan_service_pb2 import GetDayRequest

        request = GetDayRequest(team=TEAM, date=pb_date(self.day), technician=technician)
        return self.service.ask(self.service.plan.GetDay, request).routes

    def violations(self) -> Sequence[RouteViolations]:
        from slotsvc.pb.v1.plan_service_pb2 import ListViolationsRequest

        today = pb_date(self.day)
        request = ListViolationsRequest(team=TEAM, first_date=today, last_date=today)
        return self.service.ask(self.service.plan.ListViolations, request).routes

    def broken(self) -> Broken:
        return {
            (route.technician, finding.kind, finding.visit): finding.size_seconds
            for route in self.violations()
            for finding in route.findings
        }

    def publish(self) -> int:
        from slotsvc.pb.v1.plan_service_pb2 import PublishRoutesRequest

        request = PublishRoutesRequest(
            team=TEAM, first_date=pb_date(self.day), request_id=new_request_id()
        )
        return self.service.ask(self.service.plan.PublishRoutes, request).routes

    def absent(self, technician: str, start: datetime, end: datetime) -> None:
        from slotsvc.pb.v1.calendar_service_pb2 import (
            ABSENCE_CATEGORY_SICKNESS,
            Absence,
            CreateAbsenceRequest,
        )

        absence = Absence(window=pb_window(start, end), category=ABSENCE_CATEGORY_SICKNESS)
        request = CreateAbsenceRequest(
            parent=technician,
            absence_id="sick",
            absence=absence,
            request_id=new_request_id(),
        )
        self.service.ask(self.service.calendar.CreateAbsence, request)

    def newcomer(self, activity: str) -> Sequence[Slot]:
        """Offers of this day for a client nobody knows yet."""
        from slotsvc.pb.v1.slot_service_pb2 import SlotRequest

        wanted = SlotRequest(activity_type=f"{TENANT}/activityTypes/{activity}")
        wanted.location.CopyFrom(pb_place(town.NEWCOMER.lat, town.NEWCOMER.lon))
        return self._offers(wanted, last=self.day)

    def offers(self, visit: str, *, ask_anew: bool = False) -> Sequence[Slot]:
        """Offers for a stored visit; ``ask_anew``: outside what was promised too."""
        from slotsvc.pb.v1.slot_service_pb2 import SlotRequest

        away = [f"{TENANT}/technicians/paul-fontaine"] if ask_anew else []
        wanted = SlotRequest(visit=visit, leave_promise=ask_anew, forbidden_technicians=away)
        return self._offers(wanted)

    def _offers(self, wanted: SlotRequest, last: date | None = None) -> Sequence[Slot]:
        from slotsvc.pb.v1.slot_service_pb2 import SuggestSlotsRequest

        wanted.first_date.CopyFrom(pb_date(self.day))
        if last is not None:
            wanted.last_date.CopyFrom(pb_date(last))
        request = SuggestSlotsRequest(team=TEAM, request=wanted, max_slots_per_day=5)
        return self.service.ask(self.service.slots.SuggestSlots, request).slots

    def unplaced(self) -> Sequence[Visit]:
        return unplaced(self.service, TEAM)

    def book(self, slot: Slot) -> Visit:
        from slotsvc.pb.v1.visit_service_pb2 import BookVisitRequest

        request = BookVisitRequest(token=slot.token, request_id=new_request_id())
        return self.service.ask(self.service.visits.BookVisit, request).visit

    def cancel(self, visit: str) -> Visit:
        from slotsvc.pb.v1.visit_service_pb2 import CancelVisitRequest

        request = CancelVisitRequest(name=visit, request_id=new_request_id())
        return self.service.ask(self.service.visits.CancelVisit, request).visit

    def unplace(self, visit: str) -> Visit:
        from slotsvc.pb.v1.visit_service_pb2 import UnplaceVisitRequest

        request = UnplaceVisitRequest(name=visit, request_id=new_request_id())
        return self.service.ask(self.service.visits.UnplaceVisit, request).visit

    def hand_move(self, visit: str, technician: str, position: int | None = None) -> HandMove:
        from slotsvc.pb.v1.plan_service_pb2 import HandMove

        move = HandMove(visit=visit, technician=technician, date=pb_date(self.day))
        if position is not None:
            move.position = position
        return move

    def check(self, move: HandMove) -> CheckPlanResponse:
        from slotsvc.pb.v1.plan_service_pb2 import CheckPlanRequest

        request = CheckPlanRequest(parent=TENANT, moves=[move])
        return self.service.ask(self.service.plan.CheckPlan, request)

    def move(self, move: HandMove, reason: str = "") -> MoveVisitResponse:
        from slotsvc.pb.v1.plan_service_pb2 import MoveVisitRequest

        request = MoveVisitRequest(move=move, override_reason=reason, request_id=new_request_id())
        return self.service.ask(self.service.plan.MoveVisit, request)

    def started(self, visit: str, at: datetime) -> Visit:
        from slotsvc.pb.v1.execution_service_pb2 import StartVisitRequest

        request = StartVisitRequest(name=visit, request_id=new_request_id())
        request.time.FromDatetime(at)
        return self.service.ask(self.service.execution.StartVisit, request).visit

    def finished(self, visit: str, at: datetime) -> Visit:
        from slotsvc.pb.v1.execution_service_pb2 import FinishVisitRequest
        from slotsvc.pb.v1.visit_service_pb2 import OUTCOME_DONE

        request = FinishVisitRequest(name=visit, outcome=OUTCOME_DONE, request_id=new_request_id())
        request.time.FromDatetime(at)
        return self.service.ask(self.service.execution.FinishVisit, request).visit

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Collects the team's events while the block runs."""
        from slotsvc.pb.v1.plan_service_pb2 import WatchTeamRequest

        call: Any = self.service.plan.WatchTeam(WatchTeamRequest(team=TEAM))
        next(call)  # the first answer says where the watch begins
        listener = threading.Thread(target=self._listen, args=(call,), daemon=True)
        listener.start()
        try:
            yield
        finally:
            call.cancel()
            listener.join(EVENT_S)

    def _listen(self, call: Any) -> None:
        import grpc

        try:
            for answer in call:
                if answer.HasField("event"):
                    self.events.append(answer.event)
        except grpc.RpcError:
            return

    def event(self, kind: str, technician: str) -> TeamEvent | None:
        """The first event of its kind about that technician's day; None: none came in time."""
        until = time.monotonic() + EVENT_S
        while time.monotonic() < until:
            for event in list(self.events):
                if event.kind == kind and event.technician == technician:
                    return event
            time.sleep(0.02)
        return None
