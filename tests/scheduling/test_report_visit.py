"""What the road reports, in any order it comes in."""

from __future__ import annotations

import pytest

from slotsvc.domain.errors import InvalidRequestError, WrongStateError
from slotsvc.domain.visit import Outcome, PlacementState, RouteState
from slotsvc.scheduling.report_visit import Report, ReportKind
from slotsvc.scheduling.wish import Wish
from tests.scheduling.booking_company import GRID
from tests.scheduling.line_day import Walk

DEPARTED, STARTED = Report(ReportKind.DEPARTED), Report(ReportKind.STARTED)
FINISHED = Report(ReportKind.FINISHED, outcome=Outcome.DONE)


def states(walk: Walk) -> list[tuple[str, PlacementState]]:
    return [(p.visit.id, p.state) for p in walk.placements()]


def test_a_visit_goes_from_departure_to_its_outcome(walk: Walk) -> None:
    """Each report with its time; the route runs from the first one on."""
    visit = walk.booked(2, 8, 10)
    for minute, report in enumerate((DEPARTED, STARTED, FINISHED), start=1):
        walk.clock(8, 10 * minute)
        placed = walk.world.report(visit, report).stored.placed
    told = placed.reported
    assert (told.departed, told.started) == (walk.at(8, 10), walk.at(8, 20))
    assert (told.finished, told.outcome) == (walk.at(8, 30), Outcome.DONE)
    assert placed.state is PlacementState.DONE
    route = walk.world.read(lambda tx: tx.routes_by_key([walk.route]))[walk.route]
    assert route.state is RouteState.RUNNING


def test_who_begins_out_of_order_moves_up(walk: Walk) -> None:
    """The last one first: it stands in front, and the others follow."""
    first, second, third = (walk.booked(n, 8, 18) for n in (1, 2, 3))
    walk.world.report(third, STARTED)
    assert walk.order() == [third, first, second]
    assert walk.starts()[third] == walk.at(7)


def test_who_sets_out_for_another_visit_came_back(walk: Walk) -> None:
    """One is on the way to one place at a time."""
    first, second = walk.booked(1, 8, 18), walk.booked(2, 8, 18)
    walk.world.report(first, DEPARTED)
    walk.world.report(second, DEPARTED)
    assert states(walk) == [(second, PlacementState.EN_ROUTE), (first, PlacementState.BOOKED)]
    assert walk.world.visit(first).placed.reported.departed is None


def test_a_finish_may_be_told_after_the_next_start(walk: Walk) -> None:
    """The first was over at nine, as is told at ten, when the second has long begun."""
    first, second = walk.booked(1, 8, 18), walk.booked(2, 8, 18)
    walk.clock(8, 0)
    walk.world.report(first, STARTED)
    walk.clock(9, 30)
    walk.world.report(second, STARTED)
    walk.clock(10, 0)
    told = Report(ReportKind.FINISHED, walk.at(9), outcome=Outcome.DONE)
    assert walk.world.report(first, told).stored.placed.reported.finished == walk.at(9)
    assert states(walk) == [(first, PlacementState.DONE), (second, PlacementState.STARTED)]


def test_a_start_before_the_last_one_is_refused(walk: Walk) -> None:
    """As is what has not happened yet, and an end before the beginning."""
    first, second = walk.booked(1, 8, 18), walk.booked(2, 8, 18)
    walk.clock(9, 0)
    walk.world.report(first, STARTED)
    walk.clock(10, 0)
    for visit, kind, at in (
        (second, ReportKind.STARTED, walk.at(8, 59)),
        (second, ReportKind.STARTED, walk.at(10, 1)),
        (first, ReportKind.FINISHED, walk.at(8, 59)),
    ):
        with pytest.raises(InvalidRequestError, match="time"):
            walk.world.report(visit, Report(kind, at))


def test_what_is_done_or_waits_reports_nothing(walk: Walk) -> None:
    """Nobody departs for what has started, either."""
    visit = walk.booked(1, 8, 18)
    walk.world.report(visit, STARTED)
    with pytest.raises(WrongStateError, match="started"):
        walk.world.report(visit, DEPARTED)
    walk.world.report(visit, FINISHED)
    with pytest.raises(WrongStateError, match="done"):
        walk.world.report(visit, STARTED)
    with pytest.raises(WrongStateError, match="no place"):
        walk.world.report(walk.waiting(1), STARTED)


def test_a_visit_that_begins_while_its_move_is_open_stays_on_its_day(walk: Walk) -> None:
    """The new place was held on the same route: it is the old one that is shown and judged, and the
    move can no longer be confirmed."""
    visit = walk.booked(2, 8, 10)
    wish = Wish(
        visit=visit,
        grid=GRID,
        allowed_dates=frozenset([walk.day]),
        required_technicians=frozenset(["ann"]),
    )
    offer = next(o for o in walk.world.search(wish) if o.window.promise.start >= walk.at(13))
    hold = walk.world.hold(offer, walk.at(7, 10) - walk.at(7)).stored.placed
    walk.clock(7, 5)
    walk.world.report(visit, STARTED)
    assert walk.starts() == {visit: walk.at(7, 5)}
    with pytest.raises(WrongStateError, match="begun"):
        walk.world.confirm(hold.id, hold.pin, visit)
    walk.clock(7, 11)
    assert states(walk) == [(visit, PlacementState.STARTED)]
