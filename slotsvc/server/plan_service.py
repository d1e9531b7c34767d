"""``PlanService``: days as they are planned, and what planners do with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from slotsvc.domain.errors import PlanWorseError
from slotsvc.pb.v1 import plan_service_pb2 as pb
from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceServicer
from slotsvc.scheduling.desk import Desk, Placed
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.get_day import get_day
from slotsvc.scheduling.hand_moves import TriedRoute, check_plan
from slotsvc.scheduling.list_violations import LONGEST_SPAN, list_violations
from slotsvc.scheduling.move_visit import Wanted, move_visit
from slotsvc.scheduling.publish_routes import Publishing, publish_routes
from slotsvc.server import fields, names
from slotsvc.server.calling import mutation_of
from slotsvc.server.plan_convert import check_to_pb, move_from, route_to_pb, violations_to_pb
from slotsvc.server.visit_convert import pin_from, visit_to_pb
from slotsvc.server.watch import TeamWatcher

MOST_MOVES = 20
MOST_PUBLISHED = timedelta(days=31)


class PlanService(PlanServiceServicer):
    """Thin."""

    def __init__(self, desk: Desk, watcher: TeamWatcher) -> None:
        self._desk = desk
        self._watcher = watcher

    async def GetDay(self, request: pb.GetDayRequest, context: Any) -> Any:  # noqa: N802
        """One team's day."""
        with Violations() as wrong:
            tenant, team = names.TEAM.read(wrong, "team", request.team)
            who = _technician(wrong, tenant, request.technician)
            if not request.HasField("date"):
                wrong.add("date", "required")
            day = fields.day(wrong, "date", request.date)
        found = await get_day(self._desk, tenant, team, day, who)
        return pb.GetDayResponse(routes=[route_to_pb(tenant, one) for one in found])

    async def PublishRoutes(self, request: pb.PublishRoutesRequest, context: Any) -> Any:  # noqa: N802
        """Told to technicians, or taken back."""
        with Violations() as wrong:
            tenant, team = names.TEAM.read(wrong, "team", request.team)
            wrong.request_id(request.request_id)
            who = _technician(wrong, tenant, request.technician)
            first, last = _dates(wrong, request, MOST_PUBLISHED)
            if first is None:
                wrong.add("first_date", "required")
                first = fields.EARLIEST.date()
        answer = await publish_routes(
            self._desk,
            mutation_of(tenant, "PublishRoutes", request, request.request_id),
            Publishing(team, who, first, last or first, request.withdraw),
            lambda count: pb.PublishRoutesResponse(routes=count).SerializeToString(),
        )
        return pb.PublishRoutesResponse.FromString(answer)

    async def CheckPlan(self, request: pb.CheckPlanRequest, context: Any) -> Any:  # noqa: N802
        """What moves would break."""
        with Violations() as wrong:
            (tenant,) = names.TENANT.read(wrong, "parent", request.parent)
            moves = []
            if wrong.count("moves", request.moves, MOST_MOVES, 1):
                moves = [
                    move_from(wrong, f"moves[{i}]", tenant, move)
                    for i, move in enumerate(request.moves)
                ]
        tried = await check_plan(self._desk, tenant, moves)
        sound = not any(route.worse for route in tried)
        return pb.CheckPlanResponse(routes=[check_to_pb(route) for route in tried], sound=sound)

    async def MoveVisit(self, request: pb.MoveVisitRequest, context: Any) -> Any:  # noqa: N802
        """Put where a planner wants it."""
        with Violations() as wrong:
            move = move_from(wrong, "move", None, request.move)
            wrong.request_id(request.request_id)
            wanted = Wanted(
                move,
                pin_from(wrong, request.pin),
                wrong.text("override_reason", request.override_reason, 500, lines=True).strip(),
                wrong.text("etag", request.etag, 100) or None,
            )
        tenant = (names.VISIT.parse(request.move.visit) or ("",))[0]
        mutation = mutation_of(tenant, "MoveVisit", request, request.request_id)
        try:
            answer = await move_visit(self._desk, mutation, wanted, _moved)
        except PlanWorseError as worse:
            raise PlanWorseError(worse.message, _checks(worse.routes)) from worse
        return pb.MoveVisitResponse.FromString(answer)

    async def ListViolations(self, request: pb.ListViolationsRequest, context: Any) -> Any:  # noqa: N802
        """What is broken."""
        with Violations() as wrong:
            tenant, team = names.TEAM.read(wrong, "team", request.team)
            first, last = _dates(wrong, request, LONGEST_SPAN)
        found = await list_violations(self._desk, tenant, team, first, last)
        return pb.ListViolationsResponse(routes=[violations_to_pb(one) for one in found])

    def WatchTeam(self, request: pb.WatchTeamRequest, context: Any) -> Any:  # noqa: N802
        """A team's events, as they happen."""
        return self._watcher.watch(request, context)


def _moved(placed: Placed, tried: Sequence[TriedRoute]) -> bytes:
    answer = pb.MoveVisitResponse(visit=visit_to_pb(placed), routes=_checks(tried))
    return answer.SerializeToString()


def _checks(routes: Sequence[object]) -> list[pb.RouteCheck]:
    return [check_to_pb(route) for route in routes if isinstance(route, TriedRoute)]


def _technician(wrong: Violations, tenant: str, name: str) -> str:
    """ "" for everybody."""
    if not name:
        return ""
    return names.TECHNICIAN.read(wrong, "technician", name, tenant=tenant)[-1]


def _dates(wrong: Violations, request: Any, longest: timedelta) -> tuple[date | None, date | None]:
    """First and last date, None where they are unset; at most ``longest`` in all."""
    first, last = (
        fields.day(wrong, name, getattr(request, name)) if request.HasField(name) else None
        for name in ("first_date", "last_date")
    )
    if first and last and last < first:
        wrong.add("last_date", "must not be before first_date")
    elif first and last and last - first >= longest:
        wrong.add("last_date", f"at most {fields.spoken(longest)} in all")
    return first, last
