"""Putting a placement on a route, and the referee's word on it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from slotsvc.domain.visit import Pin, Placement
from slotsvc.domain.working_time import Shift
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.travel_blocks import legs_among
from slotsvc.solver.checker import CheckedVisit, Finding, FindingKind, check_route, removal_safe


def replaced_pairs(placements: Sequence[Placement]) -> tuple[tuple[str, str], ...]:
    """(old, new) of open replacements whose two places lie on this route."""
    here = {p.id for p in placements}
    return tuple((p.replaces, p.id) for p in placements if p.replaces and p.replaces in here)


def without_replaced(placements: Sequence[Placement]) -> tuple[Placement, ...]:
    """The route as it will be when its open replacement is confirmed."""
    gone = {old for old, _ in replaced_pairs(placements)}
    return tuple(p for p in placements if p.id not in gone)


def merged_order(stored: Sequence[str], offered: Sequence[str]) -> tuple[str, ...]:
    """``offered`` with those of ``stored`` it leaves out put back behind their predecessors.

    An offer on a route leaves out a visit that is being moved; its place stays taken until the
    move is confirmed.
    """
    order = list(offered)
    for position, placement in enumerate(stored):
        if placement not in order:
            before = [p for p in stored[:position] if p in order]
            order.insert(order.index(before[-1]) + 1 if before else 0, placement)
    return tuple(order)


def judge(shift: Shift, order: Sequence[Placement], block: TravelBlock) -> tuple[Finding, ...]:
    """Every rule broken by serving ``order``, or by any part of it that lapsing holds and
    cancellations can leave. Empty: legal and safe."""
    visits = [checked(p) for p in order]
    places = [shift.start_place, *(p.visit.location for p in order), shift.end_place]
    legs = legs_among(block, places)
    pairs = replaced_pairs(order)
    found = check_route(shift, visits, legs)
    if pairs:  # the two of a pair are never both served, so only what holds for either counts
        found = tuple(f for f in found if f.kind in _STANDING)
    unsafe = None if found else removal_safe(shift, visits, legs, pairs)
    return (*found, unsafe) if unsafe else found


_STANDING = (FindingKind.TAG, FindingKind.NOT_TECHNICIAN)


def checked(placement: Placement) -> CheckedVisit:
    """What the referee must know of a placement."""
    pinned = placement.pin is not Pin.NONE
    return CheckedVisit(
        placement.id,
        placement.start_window,
        placement.visit.service,
        placement.visit.requires,
        placement.route.technician if pinned else None,
    )
