"""Visits and holds as proto."""

from __future__ import annotations

from slotsvc.domain.visit import Pin, PlacementState
from slotsvc.pb.v1 import slot_service_pb2, types_pb2
from slotsvc.pb.v1 import visit_service_pb2 as pb
from slotsvc.scheduling.desk import Placed
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
    pb.VISIT_STATE_CANCELLED: PlacementState.CANCELLED,
    pb.VISIT_STATE_RELEASED: PlacementState.RELEASED,
}
_TO_STATE = {state: value for value, state in STATES.items()} | {
    PlacementState.MOVED: pb.VISIT_STATE_CANCELLED
}


def provenance_to_pb(provenance: Provenance) -> types_pb2.TravelProvenance.ValueType:
    """LIVE or ESTIMATE."""
    live = provenance is Provenance.LIVE
    return types_pb2.TRAVEL_PROVENANCE_LIVE if live else types_pb2.TRAVEL_PROVENANCE_ESTIMATE


def place_to_pb(tenant: str, placed: Placed) -> slot_service_pb2.PlannedPlace:
    """Where it is planned; times are left out when the day breaks a rule as it stands."""
    placement = placed.stored.placement
    told = slot_service_pb2.PlannedPlace(
        technician=names.TECHNICIAN.build(tenant, placed.technician),
        technician_display_name=placed.technician_name,
        date=fields.to_date(placement.route.day),
        position=max(placement.position, 0),
    )
    if placed.stop is not None:
        told.arrival_time.CopyFrom(fields.to_timestamp(placed.stop.arrival))
        told.start_time.CopyFrom(fields.to_timestamp(placed.stop.start))
        told.end_time.CopyFrom(fields.to_timestamp(placed.stop.finish))
    return told


def hold_to_pb(placed: Placed) -> slot_service_pb2.Hold:
    """A live hold."""
    stored, placement = placed.stored, placed.stored.placement
    tenant = placement.route.tenant
    hold = slot_service_pb2.Hold(
        name=names.HOLD.build(tenant, placement.id),
        visit=names.VISIT.build(tenant, stored.visit.id),
        window=fields.to_window(placement.promise),
        extendable=not stored.extended,
        place=place_to_pb(tenant, placed),
        travel_provenance=provenance_to_pb(stored.provenance),
    )
    if placement.expires is not None:
        hold.expire_time.CopyFrom(fields.to_timestamp(placement.expires))
    return hold


def visit_to_pb(placed: Placed) -> pb.Visit:
    """A visit as it stands."""
    stored, placement = placed.stored, placed.stored.placement
    work, tenant = stored.visit, placement.route.tenant
    state = placement.state
    if state is PlacementState.HELD and not placed.live:
        state = PlacementState.RELEASED
    visit = pb.Visit(
        name=names.VISIT.build(tenant, work.id),
        state=_TO_STATE[state],
        site=names.SITE.build(tenant, work.site) if work.site else "",
        location=fields.to_latlng(work.location),
        activity_type=names.ACTIVITY_TYPE.build(tenant, work.activity_type)
        if work.activity_type
        else "",
        service_duration=fields.to_duration(work.service),
        required_tags=sorted(work.requires),
        client=work.client,
        external_ref=work.external_ref,
        note=work.note,
        pin=TO_PIN[placement.pin],
        etag=str(stored.revision),
        create_time=fields.to_timestamp(stored.created),
        update_time=fields.to_timestamp(stored.updated),
        travel_provenance=provenance_to_pb(stored.provenance),
    )
    if state in (PlacementState.HELD, PlacementState.BOOKED):
        visit.place.CopyFrom(place_to_pb(tenant, placed))
        visit.promise.window.CopyFrom(fields.to_window(placement.promise))
        if stored.promised_at is not None:
            visit.promise.announce_time.CopyFrom(fields.to_timestamp(stored.promised_at))
    if state is PlacementState.HELD and placement.expires is not None:
        visit.hold = names.HOLD.build(tenant, placement.id)
        visit.expire_time.CopyFrom(fields.to_timestamp(placement.expires))
    return visit
