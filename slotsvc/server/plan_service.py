"""``PlanService``: days as they are planned."""

from __future__ import annotations

from typing import Any

from slotsvc.domain.visit import Placement, PlacementState
from slotsvc.pb.v1 import plan_service_pb2 as pb
from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceServicer
from slotsvc.scheduling.desk import Desk
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.get_day import TechnicianDay, get_day
from slotsvc.server import fields, names
from slotsvc.server.visit_convert import TO_PIN, provenance_to_pb
from slotsvc.server.watch import TeamWatcher


class PlanService(PlanServiceServicer):
    """Thin."""

    def __init__(self, desk: Desk, watcher: TeamWatcher) -> None:
        self._desk = desk
        self._watcher = watcher

    async def GetDay(self, request: pb.GetDayRequest, context: Any) -> Any:  # noqa: N802
        """One team's day."""
        with Violations() as wrong:
            tenant, team = names.TEAM.read(wrong, "team", request.team)
            who = ""
            if request.technician:
                who = names.TECHNICIAN.read(wrong, "technician", request.technician, tenant=tenant)[
                    -1
                ]
            if not request.HasField("date"):
                wrong.add("date", "required")
            day = fields.day(wrong, "date", request.date)
        found = await get_day(self._desk, tenant, team, day, who)
        return pb.GetDayResponse(routes=[_route(tenant, one) for one in found])


    def WatchTeam(self, request: pb.WatchTeamRequest, context: Any) -> Any:  # noqa: N802
        """A team's events, as they happen."""
        return self._watcher.watch(request, context)


def _route(tenant: str, day: TechnicianDay) -> pb.Route:
    key = day.route.key
    route = pb.Route(
        technician=names.TECHNICIAN.build(tenant, key.technician),
        technician_display_name=day.technician.display_name,
        date=fields.to_date(key.day),
        version=day.route.version,
        start_location=fields.to_latlng(day.technician.start_place),
        end_location=fields.to_latlng(day.technician.end_place),
        stops=[_stop(tenant, day, placement) for placement in day.placements],
        state=pb.ROUTE_STATE_DRAFT,
    )
    if day.valid_until is not None:
        route.valid_until.CopyFrom(fields.to_timestamp(day.valid_until))
    if day.shift is not None:
        route.shift.CopyFrom(fields.to_window(day.shift.window))
    elif day.placements:
        route.findings.add(kind="NO_SHIFT", cause="there are visits on a day without a shift")
    if day.planned is not None:
        _add_times(tenant, day, route)
    if day.block is not None and day.placements:
        route.map_id = day.block.map_id
        route.travel_provenance = provenance_to_pb(day.block.provenance)
    return route


def _add_times(tenant: str, day: TechnicianDay, route: pb.Route) -> None:
    planned = day.planned
    assert planned is not None
    visits = {p.id: p.visit.id for p in day.placements}
    for gap in planned.gaps:
        route.transitions.add(
            travel_duration=fields.to_duration(gap.travel),
            waiting_duration=fields.to_duration(gap.waiting),
            breaks=[fields.to_window(pause) for pause in gap.breaks],
        )
    route.travel_duration.CopyFrom(fields.to_duration(planned.travel))
    route.waiting_duration.CopyFrom(fields.to_duration(planned.waiting))
    if planned.end is not None:
        route.end_time.CopyFrom(fields.to_timestamp(planned.end))
    for finding in planned.findings:
        visit = visits.get(finding.subject)
        route.findings.add(
            kind=finding.kind.value,
            visit=names.VISIT.build(tenant, visit) if visit else "",
            size_seconds=finding.size,
            cause=finding.cause,
        )


def _stop(tenant: str, day: TechnicianDay, placement: Placement) -> pb.RouteStop:
    told = pb.RouteStop(
        visit=names.VISIT.build(tenant, placement.visit.id),
        held=placement.state is PlacementState.HELD,
        location=fields.to_latlng(placement.visit.location),
        promise=fields.to_window(placement.promise),
        pin=TO_PIN[placement.pin],
        being_replaced=placement.id in day.replaced,
    )
    stop = day.planned.stop(placement.id) if day.planned else None
    if stop is not None:
        told.arrival_time.CopyFrom(fields.to_timestamp(stop.arrival))
        told.start_time.CopyFrom(fields.to_timestamp(stop.start))
        told.end_time.CopyFrom(fields.to_timestamp(stop.finish))
    return told
