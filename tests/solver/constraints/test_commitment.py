"""What is left of a window before the due time and inside what was promised."""

from __future__ import annotations

from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.solver.constraints import Closed, Reason
from slotsvc.solver.constraints.commitment import as_promised, until_due
from tests.solver.calendars import at, between

MORNING = OfferWindow(between("10:00", "12:00"), between("10:00", "11:30"), at("12:30"))


def test_service_starts_before_the_due_time_and_the_promise_stays() -> None:
    """The start window is cut, also by a second; a later due time changes nothing."""
    cut = until_due(MORNING, at("11:00"))
    assert isinstance(cut, OfferWindow)
    assert (cut.promise, cut.start_window) == (MORNING.promise, between("10:00", "11:00"))
    assert cut.finish_by == MORNING.finish_by
    assert until_due(MORNING, at("11:30")) is MORNING
    assert until_due(MORNING, None) is MORNING


def test_a_window_from_the_due_time_on_is_closed() -> None:
    """The margin is the time between the two."""
    assert until_due(MORNING, at("10:00")) == Closed(Reason.DEADLINE, margin=0)
    assert until_due(MORNING, at("9:00")) == Closed(Reason.DEADLINE, margin=3600)


def test_a_window_over_two_promises_is_two_offers() -> None:
    """Each promises what was promised already, and no more."""
    promised = (between("9:00", "10:30"), between("11:00", "14:00"))
    pieces = as_promised(MORNING, promised)
    assert isinstance(pieces, list)
    assert [(p.promise, p.start_window) for p in pieces] == [
        (between("10:00", "10:30"), between("10:00", "10:30")),
        (between("11:00", "12:00"), between("11:00", "11:30")),
    ]


def test_outside_every_promise_it_is_closed() -> None:
    """By the way to the nearest one; promises that contradict each other leave nothing."""
    assert as_promised(MORNING, (between("8:00", "10:00"), between("15:00", "16:00"))) == (
        Closed(Reason.OUTSIDE_PROMISE, margin=1)
    )
    assert as_promised(MORNING, (between("11:30", "12:00"),)) == (
        Closed(Reason.OUTSIDE_PROMISE, margin=1)
    )
    assert as_promised(MORNING, ()) == Closed(Reason.OUTSIDE_PROMISE, margin=0)
    assert as_promised(MORNING, None) == [MORNING]
