"""What a client is told of the past of a visit, and of its calendar entry."""

from __future__ import annotations

from dataclasses import replace

from slotsvc.portal.booking.history import EventKind, history
from slotsvc.portal.booking.ics import sequence_of, uid_of
from slotsvc.portal.service.answers import Outcome, Promise, StepReached, VisitState, Window
from tests.portal.booking.visits import HOUR, NOW, visit


def test_everything_in_order() -> None:
    """Told windows, changes, the road, steps and the end stand in the order they happened."""
    first = visit()
    later = Window(NOW + 72 * HOUR, NOW + 74 * HOUR)
    told = (
        replace(first.promises[0], superseded=NOW + HOUR),
        Promise(later, NOW + HOUR, None),
        Promise(later, NOW + 2 * HOUR, None),
    )
    done = replace(
        first,
        state=VisitState.DONE,
        promises=told,
        departed=NOW + 3 * HOUR,
        started=NOW + 4 * HOUR,
        steps=(StepReached("parts", NOW + 5 * HOUR),),
        ended=NOW + 6 * HOUR,
        outcome=Outcome.DONE,
    )
    kinds = [event.kind for event in history(done)]
    assert kinds == [
        EventKind.CREATED,
        EventKind.BOOKED,
        EventKind.MOVED,
        EventKind.ON_THE_WAY,
        EventKind.STARTED,
        EventKind.STEP,
        EventKind.DONE,
    ]


def test_a_hold_is_no_history() -> None:
    """What was never told is not shown as if it had been."""
    held = visit(VisitState.HELD)
    untold = Promise(Window(NOW, NOW + HOUR), None, None)
    assert [event.kind for event in history(replace(held, promises=(untold,)))] == [
        EventKind.CREATED
    ]


def test_sequence_and_uid() -> None:
    """The sequence grows with each window told and with the cancellation; the UID stays."""
    booked = visit()
    moved = replace(booked, promises=booked.promises * 2)
    cancelled = replace(moved, state=VisitState.CANCELLED)
    assert [sequence_of(each) for each in (booked, moved, cancelled)] == [0, 1, 2]
    assert uid_of(booked) == uid_of(cancelled) == "v1.acme@slotsvc"
