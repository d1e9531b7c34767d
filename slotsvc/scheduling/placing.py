"""Putting a placement on a route, and the referee's word on it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.commitment import promised
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import BEGUN, Pin, Placement, PlacementState
from slotsvc.domain.working_time import NoShiftReason, Shift
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.resuming import driving, is_absence
from slotsvc.solver.checked_day import checked_visit
from slotsvc.solver.checker import (
    CheckedVisit,
    Finding,
    FindingKind,
    check_route,
    no_shift,
    not_worse,
    relaxed,
    removal_safe,
)
from slotsvc.solver.findings import spoken, timed


def replaced_pairs(placements: Sequence[Placement]) -> tuple[tuple[str, str], ...]:
    """(old, new) of open replacements whose two places lie on this route."""
    here = {p.id for p in placements}
    return tuple((p.replaces, p.id) for p in placements if p.replaces and p.replaces in here)


def without_replaced(placements: Sequence[Placement]) -> tuple[Placement, ...]:
    """The route as it will be when its open replacement is confirmed. A visit that has begun can
    no longer move: its new place will lapse."""
    begun = {p.id for p in placements if p.state in BEGUN}
    gone = {new if old in begun else old for old, new in replaced_pairs(placements)}
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


def findings(
    shift: Shift,
    order: Sequence[Placement],
    block: TravelBlock,
    known: Sequence[Finding] = (),
) -> tuple[Finding, ...]:
    """Every rule broken by serving ``order``. ``known``: what is on record, see ``check_route``."""
    legs = _legs(shift, order, block)
    found = check_route(shift, [checked(p) for p in order], legs, known=known)
    return (*(_said(f) for f in found), *broken_words(order))


def without_a_shift(order: Sequence[Placement], why: NoShiftReason) -> tuple[Finding, ...]:
    """Every visit that is not done, on a day without a shift."""
    return no_shift([p for p in order if p.state is not PlacementState.DONE], why)


def _said(finding: Finding) -> Finding:
    """A fixed stop is an absence to whoever reads of it."""
    if not is_absence(finding.subject):
        return finding
    return replace(finding, cause=timed(finding.kind, "", finding.size, away=True).cause)


def broken_words(order: Sequence[Placement]) -> tuple[Finding, ...]:
    """Placements whose start window is not inside what was promised, wished for, or due; each with
    the seconds by which it sticks out."""
    return tuple(found for p in order if (found := _broken_word(p)) is not None)


def _broken_word(placement: Placement) -> Finding | None:
    window, commitment = placement.start_window, placement.visit.commitment
    # what is only held was not told yet: confirmed, it stands instead of what was promised
    held = placement.state is PlacementState.HELD
    told = None if held else promised(placement.visit.promises)
    due, target = commitment.due, commitment.target
    if told is not None and not any(one.covers(window) for one in told):
        over, cause = _over(window, told), "planned {} outside what the client was promised"
    elif due is not None and window.end > due:
        over, cause = window.end - due, "planned so that it may start {} after it is due"
    elif target is not None and not target.covers(window):
        over, cause = _over(window, [target]), "planned {} outside the wished time"
    else:
        return None
    size = over // timedelta(seconds=1)
    sentence = " ".join(cause.format(spoken(size) if size else "").split())
    return Finding(FindingKind.PROMISE, placement.id, size, sentence)


def _over(window: TimeWindow, allowed: Sequence[TimeWindow]) -> timedelta:
    """By how much the window sticks out of the nearest; 0 when nothing is allowed: promises that
    contradict each other."""
    out = (max(one.start - window.start, window.end - one.end) for one in allowed)
    return min(out, default=timedelta(0))


def judge(
    shift: Shift,
    order: Sequence[Placement],
    block: TravelBlock,
    before: Sequence[Finding] = (),
) -> tuple[Finding, ...]:
    """What automation may not do: every rule that serving ``order``, or any part of it that lapsing
    holds and cancellations can leave, would newly break or break more. Empty: it may.

    ``before``: what is broken without the change. Each such limit may stay where it is.
    """
    visits, legs = [checked(p) for p in order], _legs(shift, order, block)
    pairs = replaced_pairs(order)
    found = not_worse(before, check_route(shift, visits, legs, known=before))
    if pairs:  # the two of a pair are never both served, so only what holds for either counts
        found = tuple(f for f in found if f.kind in _STANDING)
    unsafe = None if found else removal_safe(*relaxed(shift, visits, before), legs, pairs)
    return (*found, unsafe) if unsafe else found


def times_are_kept(found: Sequence[Finding]) -> bool:
    """Whether the order can be kept in time: other rules say nothing about it."""
    return not any(f.kind in _OF_TIME for f in found)


_OF_TIME = (
    FindingKind.LATE,
    FindingKind.PAST,
    FindingKind.SHIFT_END,
    FindingKind.BREAK,
    FindingKind.MAX_TRAVEL,
    FindingKind.UNROUTABLE,
)
_STANDING = (FindingKind.TAG, FindingKind.NOT_TECHNICIAN, FindingKind.SECTOR)


def checked(placement: Placement) -> CheckedVisit:
    """What the referee must know of a placement."""
    return replace(
        checked_visit(placement),
        requires=placement.visit.requires,
        sector=placement.visit.sector,
        technician=None if placement.pin is Pin.NONE else placement.route.technician,
        fixed=placement.state in BEGUN or is_absence(placement.id),
    )


def _legs(shift: Shift, order: Sequence[Placement], block: TravelBlock) -> NDArray[np.int32]:
    return driving(block, shift, order, end_last=True)
