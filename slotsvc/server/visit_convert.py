"""Visits and holds as proto."""

from __future__ import annotations

from collections.abc import Sequence

from slotsvc.domain.commitment import CommitmentKind, Promise
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import (
    Outcome,
    Pin,
    Placement,
    PlacementState,
    Reported,
    Standing,
    UnplacedReason,
    Visit,
)
from slotsvc.pb.v1 import slot_service_pb2, types_pb2
from slotsvc.pb.v1 import visit_service_pb2 as pb
from slotsvc.scheduling.desk import Placed
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.server import fields, names

PINS = {
    types_pb2.PIN_UNSPECIFIED: Pin.NONE,
    types_pb2.PIN_TECHNICIAN: Pin.TECHNICIAN,
    types_pb2.PIN_START: Pin.START,
}
TO_PIN = {pin: value for value, pin in PINS.items()}
STATES = {
    pb.VISIT_STATE_HELD: PlacementState.HELD,
    pb.VISIT_STATE_BOOKED: PlacementState.BOOKED,
    pb.VISIT_STATE_EN_ROUTE: PlacementState.EN_ROUTE,
    pb.VISIT_STATE_STARTED: PlacementState.STARTED,
    pb.VISIT_STATE_DONE: PlacementState.DONE,
    pb.VISIT_STATE_CANCELLED: PlacementState.CANCELLED,
    pb.VISIT_STATE_RELEASED: PlacementState.RELEASED,
}
TO_STATE = {state: value for value, state in STATES.items()} | {
    PlacementState.MOVED: pb.VISIT_STATE_CANCELLED,
    PlacementState.RETURNED: pb.VISIT_STATE_UNPLACED,
}
COMMITMENTS = {
    pb.COMMITMENT_UNSPECIFIED: CommitmentKind.APPOINTMENT,
    pb.COMMITMENT_APPOINTMENT: CommitmentKind.APPOINTMENT,
    pb.COMMITMENT_DEADLINE: CommitmentKind.DEADLINE,
    pb.COMMITMENT_FLEXIBLE: CommitmentKind.FLEXIBLE,
    pb.COMMITMENT_INTERNAL: CommitmentKind.INTERNAL,
}
TO_COMMITMENT = {kind: value for value, kind in COMMITMENTS.items()}
OUTCOMES = {
    pb.OUTCOME_DONE: Outcome.DONE,
    pb.OUTCOME_INCOMPLETE: Outcome.INCOMPLETE,
    pb.OUTCOME_CLIENT_ABSENT: Outcome.CLIENT_ABSENT,
    pb.OUTCOME_NO_ACCESS: Outcome.NO_ACCESS,
}
_TO_OUTCOME = {outcome: value for value, outcome in OUTCOMES.items()}
_TO_REASON = {
    UnplacedReason.NEW: pb.UNPLACED_REASON_NEW,
    UnplacedReason.PLANNER: pb.UNPLACED_REASON_PLANNER,
    UnplacedReason.ABSENCE: pb.UNPLACED_REASON_ABSENCE,
}


def provenance_to_pb(provenance: Provenance) -> types_pb2.TravelProvenance.ValueType:
    """LIVE or ESTIMATE."""
    live = provenance is Provenance.LIVE
    return types_pb2.TRAVEL_PROVENANCE_LIVE if live else types_pb2.TRAVEL_PROVENANCE_ESTIMATE


def place_to_pb(placed: Placed) -> slot_service_pb2.PlannedPlace:
    """Where it is planned; times are left out when the day has none."""
    key, position = placed.stored.placed.route, placed.stored.placed.position
    told = slot_service_pb2.PlannedPlace(
        technician=names.TECHNICIAN.build(key.tenant, placed.technician),
        technician_display_name=placed.technician_name,
        date=fields.to_date(key.day),
        shift_number=key.shift,
        position=max(position, 0),
        route_version=placed.version,
    )
    if placed.stop is not None:
        told.arrival_time.CopyFrom(fields.to_timestamp(placed.stop.arrival))
        told.start_time.CopyFrom(fields.to_timestamp(placed.stop.start))
        told.end_time.CopyFrom(fields.to_timestamp(placed.stop.finish))
    return told


def hold_to_pb(placed: Placed) -> slot_service_pb2.Hold:
    """A live hold. ``window``: what the client is told; of work that nobody waits for, when it may
    start."""
    stored, placement = placed.stored, placed.stored.placed
    tenant = placement.route.tenant
    hold = slot_service_pb2.Hold(
        name=names.HOLD.build(tenant, placement.id),
        visit=names.VISIT.build(tenant, stored.visit.id),
        window=fields.to_window(placement.promise or placement.start_window),
        extendable=not stored.extended,
        place=place_to_pb(placed),
        travel_provenance=provenance_to_pb(stored.provenance),
    )
    if placement.expires is not None:
        hold.expire_time.CopyFrom(fields.to_timestamp(placement.expires))
    return hold


def visit_to_pb(placed: Placed) -> pb.Visit:
    """A visit as it stands."""
    stored = placed.stored
    state = _state(placed)
    visit = _work_to_pb(stored.tenant, stored.visit)
    visit.state = state
    visit.etag = str(stored.revision)
    visit.create_time.CopyFrom(fields.to_timestamp(stored.created))
    visit.update_time.CopyFrom(fields.to_timestamp(stored.updated))
    visit.travel_provenance = provenance_to_pb(stored.provenance)
    if state == pb.VISIT_STATE_UNPLACED and stored.unplaced_reason is not None:
        visit.unplaced_reason = _TO_REASON[stored.unplaced_reason]
    if placed.live and stored.placement is not None:
        _add_place(placed, stored.placement, visit)
    if (move := placed.pending) is not None and state == pb.VISIT_STATE_BOOKED:
        visit.hold = names.HOLD.build(stored.tenant, move.hold)
        visit.expire_time.CopyFrom(fields.to_timestamp(move.expires))
    return visit


def _state(placed: Placed) -> pb.VisitState.ValueType:
    """Of a visit of the backlog that is held somewhere, ``placed`` shows that hold."""
    stored, placement = placed.stored, placed.stored.placement
    if stored.standing is Standing.CANCELLED:
        return pb.VISIT_STATE_CANCELLED
    held = placement is not None and placement.state is PlacementState.HELD
    if stored.standing is Standing.UNPLACED:
        return pb.VISIT_STATE_HELD if held and placed.live else pb.VISIT_STATE_UNPLACED
    if held and not placed.live:
        return pb.VISIT_STATE_RELEASED
    return TO_STATE[stored.placed.state]


def _work_to_pb(tenant: str, work: Visit) -> pb.Visit:
    kind = work.activity_type
    visit = pb.Visit(
        name=names.VISIT.build(tenant, work.id),
        site=names.SITE.build(tenant, work.site) if work.site else "",
        location=fields.to_latlng(work.location),
        activity_type=names.ACTIVITY_TYPE.build(tenant, kind) if kind else "",
        service_duration=fields.to_duration(work.service),
        setup_duration=fields.to_duration(work.access),
        required_tags=sorted(work.requires),
        client=work.client,
        external_ref=work.external_ref,
        note=work.note,
        commitment=TO_COMMITMENT[work.commitment.kind],
        priority=work.priority,
        labels=work.labels,
        pausable=work.pausable,
        sector=work.sector,
        team=names.TEAM.build(tenant, work.team) if work.team else "",
        promises=[promise_to_pb(promise) for promise in work.promises],
    )
    if work.commitment.due is not None:
        visit.due_time.CopyFrom(fields.to_timestamp(work.commitment.due))
    if work.commitment.target is not None:
        visit.target_window.CopyFrom(fields.to_window(work.commitment.target))
    standing = [p for p in work.promises if p.superseded is None]
    if standing:
        visit.promise.CopyFrom(promise_to_pb(standing[-1]))
    return visit


def _add_place(placed: Placed, placement: Placement, visit: pb.Visit) -> None:
    visit.place.CopyFrom(place_to_pb(placed))
    visit.pin = TO_PIN[placement.pin]
    _add_reports(placement.reported, visit)
    if placement.state is PlacementState.EN_ROUTE and placed.stop is not None:
        visit.estimated_arrival_time.CopyFrom(fields.to_timestamp(placed.stop.arrival))
    if placement.state is not PlacementState.HELD:
        return
    visit.hold = names.HOLD.build(placement.route.tenant, placement.id)
    if placement.promise is not None:
        visit.promise.Clear()
        visit.promise.window.CopyFrom(fields.to_window(placement.promise))
    if placement.expires is not None:
        visit.expire_time.CopyFrom(fields.to_timestamp(placement.expires))


def _add_reports(told: Reported, visit: pb.Visit) -> None:
    if told.outcome is not None:
        visit.outcome = _TO_OUTCOME[told.outcome]
    for field, when in (
        (visit.depart_time, told.departed),
        (visit.actual_start_time, told.started),
        (visit.actual_end_time, told.finished),
    ):
        if when is not None:
            field.CopyFrom(fields.to_timestamp(when))
    for step, when in told.steps:
        visit.steps.add(step=step, time=fields.to_timestamp(when))


def promise_to_pb(promise: Promise) -> pb.Promise:
    """One announcement. ``windows`` is left out when there is one only."""
    told = pb.Promise(
        window=fields.to_window(promise.windows[0]),
        announce_time=fields.to_timestamp(promise.told),
        channel=promise.channel,
    )
    if len(promise.windows) > 1:
        told.windows.extend(fields.to_window(window) for window in promise.windows)
    if promise.superseded is not None:
        told.supersede_time.CopyFrom(fields.to_timestamp(promise.superseded))
    return told


def told_window(placement: Placement) -> TimeWindow | None:
    """What the client of a placed visit was told last; None: nothing that stands."""
    if placement.state is PlacementState.HELD:
        return placement.promise
    standing: Sequence[Promise] = [p for p in placement.visit.promises if p.superseded is None]
    return standing[-1].windows[0] if standing else None


def pin_from(wrong: Violations, value: types_pb2.Pin.ValueType) -> Pin:
    """What only a planner may change from now on."""
    if value not in PINS:
        wrong.add("pin", "unknown value")
    return PINS.get(value, Pin.NONE)
