"""Routes, what is broken on them, and moves made by hand, between proto and domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from slotsvc.domain.route_violation import RouteViolation
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement, PlacementState, RouteState
from slotsvc.domain.working_time import Shift
from slotsvc.pb.v1 import plan_service_pb2 as pb
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.get_day import TechnicianDay
from slotsvc.scheduling.hand_moves import HandMove, TriedRoute
from slotsvc.scheduling.list_violations import BrokenRoute
from slotsvc.scheduling.timetables import PlannedRoute
from slotsvc.server import fields, names
from slotsvc.server.visit_convert import (
    TO_COMMITMENT,
    TO_PIN,
    TO_STATE,
    provenance_to_pb,
    told_window,
)
from slotsvc.solver.checker import Finding

MOST_SHIFTS = 24
MOST_POSITIONS = 1000
NEAR = timedelta(days=2)
"""A start window lies this near to its date, whatever the zone."""

_STATES = {
    RouteState.DRAFT: pb.ROUTE_STATE_DRAFT,
    RouteState.PUBLISHED: pb.ROUTE_STATE_PUBLISHED,
    RouteState.RUNNING: pb.ROUTE_STATE_RUNNING,
}


def route_to_pb(tenant: str, day: TechnicianDay) -> pb.Route:
    """One shift of a day as it is planned."""
    key, work = day.route.key, day.work
    start, end = day.technician.start_place, day.technician.end_place
    if isinstance(work, Shift):
        start, end = work.start_place, work.end_place
    route = pb.Route(
        technician=names.TECHNICIAN.build(tenant, key.technician),
        technician_display_name=day.technician.display_name,
        date=fields.to_date(key.day),
        shift_number=key.shift,
        version=day.route.version,
        start_location=fields.to_latlng(start),
        end_location=fields.to_latlng(end),
        stops=[
            stop_to_pb(tenant, p, day.planned, replaced=p.id in day.replaced)
            for p in day.placements
        ],
        findings=findings_to_pb(tenant, day.findings, day.placements, day.route.violations),
        state=_STATES[day.route.state],
    )
    if day.valid_until is not None:
        route.valid_until.CopyFrom(fields.to_timestamp(day.valid_until))
    if isinstance(work, Shift):
        route.shift.CopyFrom(fields.to_window(work.window))
        route.latest_end_time.CopyFrom(fields.to_timestamp(work.latest_end))
    else:
        route.no_shift_reason = work.value
    if day.planned is not None:
        _add_times(day.planned, route)
    if day.block is not None and day.placements:
        route.map_id = day.block.map_id
        route.travel_provenance = provenance_to_pb(day.block.provenance)
    return route


def _add_times(planned: PlannedRoute, route: pb.Route) -> None:
    for gap in planned.gaps:
        route.transitions.add(
            travel_duration=fields.to_duration(gap.travel),
            waiting_duration=fields.to_duration(gap.waiting),
            breaks=[fields.to_window(pause) for pause in gap.breaks],
        )
    route.travel_duration.CopyFrom(fields.to_duration(planned.travel))
    route.waiting_duration.CopyFrom(fields.to_duration(planned.waiting))
    route.overtime_duration.CopyFrom(fields.to_duration(planned.overtime))
    if planned.end is not None:
        route.end_time.CopyFrom(fields.to_timestamp(planned.end))


def stop_to_pb(
    tenant: str, placement: Placement, planned: PlannedRoute | None, *, replaced: bool = False
) -> pb.RouteStop:
    """A visit on a route. ``planned`` None: there are no times."""
    told = pb.RouteStop(
        visit=names.VISIT.build(tenant, placement.visit.id),
        held=placement.state is PlacementState.HELD,
        location=fields.to_latlng(placement.visit.location),
        pin=TO_PIN[placement.pin],
        being_replaced=replaced,
        state=TO_STATE[placement.state],
        commitment=TO_COMMITMENT[placement.visit.commitment.kind],
        at_risk=planned is not None and planned.at_risk(placement.id),
    )
    if (promise := told_window(placement)) is not None:
        told.promise.CopyFrom(fields.to_window(promise))
    stop = planned.stop(placement.id) if planned else None
    if stop is not None:
        told.arrival_time.CopyFrom(fields.to_timestamp(stop.arrival))
        told.start_time.CopyFrom(fields.to_timestamp(stop.start))
        told.end_time.CopyFrom(fields.to_timestamp(stop.finish))
    return told


def findings_to_pb(
    tenant: str,
    found: Iterable[Finding],
    placements: Iterable[Placement],
    recorded: Iterable[RouteViolation],
    worse: Iterable[Finding] = (),
) -> list[pb.RouteFinding]:
    """What is broken, with what is on record of it. ``worse``: those of ``found`` that are new or
    bigger than before."""
    visits = {p.id: p.visit.id for p in placements}
    known = {(v.kind, v.subject): v for v in recorded}
    grown = tuple(worse)
    return [
        _finding(tenant, one, visits, known.get((one.kind.value, one.subject)), one in grown)
        for one in found
    ]


def _finding(
    tenant: str,
    found: Finding,
    visits: Mapping[str, str],
    recorded: RouteViolation | None,
    worse: bool,
) -> pb.RouteFinding:
    visit = visits.get(found.subject, recorded.visit if recorded else "")
    told = pb.RouteFinding(
        kind=found.kind.value,
        visit=names.VISIT.build(tenant, visit) if visit else "",
        size_seconds=found.size,
        cause=found.cause,
        worse=worse,
    )
    if recorded is not None:
        told.since.CopyFrom(fields.to_timestamp(recorded.since))
        told.origin = recorded.origin.value
        told.override_reason = recorded.override_reason
    return told


def check_to_pb(tried: TriedRoute) -> pb.RouteCheck:
    """A route as a move by hand would leave it."""
    key, placements = tried.key, tried.placements
    timed = tried.planned is not None and bool(tried.planned.stops)
    return pb.RouteCheck(
        technician=names.TECHNICIAN.build(key.tenant, key.technician),
        date=fields.to_date(key.day),
        shift_number=key.shift,
        findings=findings_to_pb(
            key.tenant, tried.findings, placements, tried.recorded, tried.worse
        ),
        stops=[stop_to_pb(key.tenant, p, tried.planned) for p in placements] if timed else [],
        added_travel_seconds=int(tried.added_travel.total_seconds()),
    )


def violations_to_pb(broken: BrokenRoute) -> pb.RouteViolations:
    """What is broken on a stored route."""
    key, route = broken.route.key, broken.route
    return pb.RouteViolations(
        technician=names.TECHNICIAN.build(key.tenant, key.technician),
        technician_display_name=broken.technician.display_name,
        date=fields.to_date(key.day),
        shift_number=key.shift,
        findings=findings_to_pb(key.tenant, broken.findings, route.placements, route.violations),
    )


def move_from(wrong: Violations, path: str, tenant: str | None, value: pb.HandMove) -> HandMove:
    """A move. ``tenant`` None: the visit's."""
    owner, visit = names.VISIT.read(wrong, f"{path}.visit", value.visit, tenant=tenant)
    who = names.TECHNICIAN.read(
        wrong, f"{path}.technician", value.technician, tenant=owner or tenant
    )[-1]
    day = fields.day(wrong, f"{path}.date", value.date)
    position = None
    if value.HasField("position"):
        position = wrong.whole(f"{path}.position", value.position, 0, MOST_POSITIONS, 0)
    return HandMove(
        visit=visit,
        technician=who,
        day=day,
        shift=wrong.whole(f"{path}.shift_number", value.shift_number, 0, MOST_SHIFTS - 1, 0),
        position=position,
        window=_start_window(wrong, f"{path}.start_window", day, value),
    )


def _start_window(wrong: Violations, path: str, day: date, value: pb.HandMove) -> TimeWindow | None:
    if not value.HasField("start_window"):
        return None
    window = fields.window(wrong, path, value.start_window)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=window.start.tzinfo)
    if window.start < noon - NEAR or window.end > noon + NEAR:
        wrong.add(path, "must lie within two days of the date")
    return window
