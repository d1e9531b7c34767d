"""Calendar changes under booked visits: what is judged anew, what goes back to the backlog."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from slotsvc.domain.route_violation import Origin
from slotsvc.domain.technician import Technician
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Outcome, Standing, UnplacedReason, Visit
from slotsvc.scheduling.report_visit import Report, ReportKind
from tests.scheduling.booking_company import week, whole_day
from tests.scheduling.line_day import LINE, Walk


def version(walk: Walk) -> int:
    return walk.world.read(lambda tx: tx.routes_by_key([walk.route]))[walk.route].version


def events(walk: Walk) -> list[tuple[str, int]]:
    """Of Ann's route."""
    found = walk.world.read(lambda tx: tx.events_after("acme", "", 1000))
    return [(s.event.kind, s.event.version) for s in found if s.event.route == walk.route]


def test_a_route_that_stays_sound_keeps_its_version(walk: Walk) -> None:
    """Nothing happened to it; what was judged of it still holds."""
    walk.booked(2, 8, 10)
    before = version(walk)
    walk.world.leave("ann", TimeWindow(walk.at(16), walk.at(17)))
    assert version(walk) == before
    assert walk.broken() == {}


def test_a_route_that_gets_broken_has_a_version_and_an_event(walk: Walk) -> None:
    """And one more when its violations have other sizes, and when it is mended."""
    visit = walk.booked(2, 15, 17)
    before = version(walk)

    def until(hour: int) -> None:
        hours = week(whole_day(until=hour))
        walk.world.change(Technician, "ann", lambda who: replace(who, working_time=hours))

    until(16)  # 15:00 to 16:00, home at 16:20
    assert {v.kind: (v.size, v.origin) for v in walk.violations()} == {
        "SHIFT_END": (1200, Origin.CALENDAR)
    }
    until(15)
    assert walk.broken() == {("SHIFT_END", ""): 4800}
    until(18)
    assert walk.broken() == {}
    assert events(walk)[-3:] == [
        ("ROUTE_BROKEN", before + 1), ("ROUTE_BROKEN", before + 2), ("ROUTE_MENDED", before + 3)
    ]  # fmt: skip
    assert walk.order() == [visit]


def test_a_tag_that_is_taken_away_is_missed(walk: Walk) -> None:
    """The visit needs gas, which Ann no longer does; cancelled, nothing is broken."""
    work = Visit("", LINE[2], timedelta(hours=1), frozenset(["gas"]))
    visit = walk.world.create(work).stored.visit.id
    walk.move(visit, 9, 11)
    walk.world.change(Technician, "ann", lambda who: replace(who, tags=frozenset()))
    assert walk.broken() == {("TAG", visit): 0}
    walk.world.cancel(visit)
    assert walk.broken() == {}


def test_visits_of_the_absence_go_back_and_nothing_else_does(walk: Walk) -> None:
    """Why they wait is known; those before and behind it keep their places."""
    first, second, third = walk.booked(1, 8, 9), walk.booked(2, 10, 11), walk.booked(3, 15, 16)
    _, returned = walk.world.fall_ill("ann", TimeWindow(walk.at(10, 30), walk.at(12)))
    assert returned == (second,)
    assert walk.order() == [first, third]
    stored = walk.world.visit(second)
    assert (stored.standing, stored.unplaced_reason) == (
        Standing.UNPLACED, UnplacedReason.ABSENCE
    )  # fmt: skip


def test_what_was_reported_done_at_once_does_not_disturb(walk: Walk) -> None:
    """Reported done, never begun: it has no length, and no absence meets it."""
    visit = walk.booked(1, 8, 9)
    walk.world.report(visit, Report(ReportKind.FINISHED, outcome=Outcome.CLIENT_ABSENT))
    _, returned = walk.world.fall_ill("ann", TimeWindow(walk.at(7), walk.at(12)))
    assert returned == ()


def test_a_sick_day_keeps_what_has_begun(walk: Walk) -> None:
    """The whole day away at 8:30: the one that has begun stays, the others wait."""
    first, second = walk.booked(1, 8, 9), walk.booked(2, 10, 11)
    walk.clock(8, 30)
    walk.world.report(first, Report(ReportKind.STARTED))
    _, returned = walk.world.fall_ill("ann", TimeWindow(walk.at(0), walk.at(23)))
    assert returned == (second,)
    assert walk.order() == [first]
    assert walk.broken() == {("NO_SHIFT", first): 0}
    walk.world.report(first, Report(ReportKind.FINISHED, outcome=Outcome.DONE))
    assert walk.broken() == {}


def test_visits_that_go_back_leave_no_alarms_behind(walk: Walk) -> None:
    """A day is judged when all have left it: between them nobody is told of a broken day."""
    for place in (1, 2, 3):
        walk.booked(place, 8, 18)
    known = len(events(walk))
    walk.world.fall_ill("ann", TimeWindow(walk.at(0), walk.at(23)))
    assert {kind for kind, _ in events(walk)[known:]} == {"VISIT_UNPLACED"}
