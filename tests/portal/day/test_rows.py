"""The engine's answers, as technicians with their shifts, stops, legs and pauses."""

from __future__ import annotations

from datetime import timedelta

from slotsvc.pb.v1.plan_service_pb2 import RouteFinding
from slotsvc.pb.v1.types_pb2 import TravelProvenance
from slotsvc.pb.v1.visit_service_pb2 import Promise, UnplacedReason, Visit, VisitState
from slotsvc.portal.day.rows import Known, technician_rows, unplaced_rows
from tests.portal.day.engine_day import KNOWN, TENANT, at, between, driving, off, route, stop

WORKDAY = at("08:00"), at("18:00")


def test_a_technician_with_two_shifts_is_one_row() -> None:
    """His stops are numbered through the day, each shift has its own."""
    morning = route((at("06:00"), at("12:00")), [stop("a", at("08:00"), at("09:00"))])
    evening = route(
        (at("16:00"), at("22:00")),
        [stop("b", at("17:00"), at("18:00")), stop("c", at("18:00"), at("19:00"))],
        shift_number=1,
    )
    (row,) = technician_rows([morning, evening], KNOWN)
    assert row.name == "Ann"
    assert [shift.number for shift in row.shifts] == [0, 1]
    assert [stop.number for stop in row.stops] == [1, 2, 3]
    assert row.no_shift == ""


def test_the_engines_order_of_technicians_is_kept() -> None:
    """One row each, also for who does not work, with the reason."""
    rows = technician_rows([route(WORKDAY), off("bob", "ABSENT"), off("cid", "DAY_OFF")], KNOWN)
    assert [(row.name, row.no_shift) for row in rows] == [
        ("Ann", ""),
        ("Bob", "ABSENT"),
        ("Cid", "DAY_OFF"),
    ]
    assert rows[1].shifts == rows[1].stops == []


def test_a_stop_says_what_where_and_for_whom() -> None:
    """Names come from the visit; a stop that nobody knows has none."""
    promised = stop("a", at("08:10"), at("09:00"), promise=between("08:00", "10:00"), at_risk=True)
    held = stop("x", at("10:00"), at("11:00"), held=True, state=VisitState.VISIT_STATE_HELD)
    (row,) = technician_rows([route(WORKDAY, [promised, held])], KNOWN)
    first, second = row.stops
    assert (first.title, first.address, first.client) == ("Service", "Place du Casino", "anna")
    assert first.promise == (at("08:00"), at("10:00"))
    assert (first.state, first.at_risk, first.held) == ("BOOKED", True, False)
    assert (second.title, second.address, second.client) == ("", "", "")
    assert (second.state, second.promise, second.held) == ("HELD", None, True)


def test_driving_lies_right_before_the_stop() -> None:
    """He leaves as late as he can, and the way home begins with the last stop's end."""
    stops = [stop("a", at("08:20"), at("09:00")), stop("b", at("10:00"), at("11:00"))]
    legs = [driving(20), driving(15), driving(10)]
    told = {"end_time": at("11:10"), "travel_duration": timedelta(minutes=45)}
    (row,) = technician_rows([route(WORKDAY, stops, legs, **told)], KNOWN)
    (shift,) = row.shifts
    assert shift.legs == [
        (at("08:00"), at("08:20")),
        (at("09:45"), at("10:00")),
        (at("11:00"), at("11:10")),
    ]
    assert shift.end == at("11:10")
    assert row.driving == timedelta(minutes=45)


def test_a_pause_on_arrival_comes_after_the_driving() -> None:
    """He gets there, has lunch, and begins: the drive is drawn before the pause, not through it."""
    lunch = between("12:00", "12:45")
    stops = [stop("a", at("11:00"), at("11:40")), stop("b", at("12:45"), at("13:30"))]
    (row,) = technician_rows([route(WORKDAY, stops, [driving(0), driving(20, lunch)])], KNOWN)
    (shift,) = row.shifts
    assert shift.pauses == [(at("12:00"), at("12:45"))]
    assert shift.legs == [(at("11:40"), at("12:00"))]


def test_a_pause_before_driving_leaves_the_drive_late() -> None:
    """Lunch first, then the road."""
    lunch = between("12:00", "12:45")
    stops = [stop("a", at("11:00"), at("12:00")), stop("b", at("13:05"), at("14:00"))]
    (row,) = technician_rows([route(WORKDAY, stops, [driving(0), driving(20, lunch)])], KNOWN)
    assert row.shifts[0].legs == [(at("12:45"), at("13:05"))]


def test_a_shift_without_visits_leads_nowhere() -> None:
    """No driving and no way home; its pause stays."""
    lunch = between("12:00", "12:45")
    told = {"end_time": at("08:00")}
    (row,) = technician_rows([route(WORKDAY, [], [driving(0, lunch)], **told)], KNOWN)
    (shift,) = row.shifts
    assert (shift.legs, shift.end) == ([], None)
    assert shift.pauses == [(at("12:00"), at("12:45"))]


def test_estimated_driving_is_said() -> None:
    """Without roads the engine estimates."""
    estimate = TravelProvenance.TRAVEL_PROVENANCE_ESTIMATE
    rows = technician_rows([route(WORKDAY, travel_provenance=estimate)], KNOWN)
    assert rows[0].shifts[0].estimated


def test_findings_tell_a_time_or_a_number() -> None:
    """Most are so much too late; too many visits are counted."""
    late = RouteFinding(
        kind="LATE",
        visit=f"{TENANT}/visits/a",
        size_seconds=600,
        since=at("08:00"),
        override_reason="agreed by phone",
    )
    many = RouteFinding(kind="MAX_VISITS", size_seconds=2)
    (row,) = technician_rows([route(WORKDAY, findings=[late, many])], KNOWN)
    first, second = row.findings
    assert (first.size, first.count) == (timedelta(minutes=10), 0)
    assert (first.title, first.technician) == ("Service · Place du Casino", "Ann")
    assert (first.since, first.reason) == (at("08:00"), "agreed by phone")
    assert (second.size, second.count) == (timedelta(), 2)
    assert (second.visit, second.title, second.since) == ("", "", None)


def test_work_that_waits_says_what_its_client_was_told() -> None:
    """Only what still stands; of a promise in parts, each of them."""
    standing = Promise(windows=[between("08:00", "10:00"), between("14:00", "16:00")])
    past = Promise(window=between("10:00", "12:00"), supersede_time=at("07:00"))
    visit = Visit(
        name=f"{TENANT}/visits/a",
        activity_type=f"{TENANT}/activityTypes/service",
        client="anna",
        priority=3,
        create_time=at("06:00"),
        unplaced_reason=UnplacedReason.UNPLACED_REASON_ABSENCE,
        promises=[past, standing],
    )
    (row,) = unplaced_rows([visit], KNOWN)
    assert (row.title, row.client, row.priority) == ("Service", "anna", 3)
    assert (row.reason, row.due, row.waiting_since) == ("ABSENCE", None, at("06:00"))
    assert row.promises == [(at("08:00"), at("10:00")), (at("14:00"), at("16:00"))]


def test_a_place_without_address_has_a_name() -> None:
    """The site's own name stands in; without a site there is nothing to say."""
    visit = KNOWN.visits[f"{TENANT}/visits/a"]
    named = Known({}, {visit.site: type(KNOWN.sites[visit.site])(display_name="Casino")}, {})
    assert named.address(visit) == "Casino"
    assert named.address(Visit()) == named.address(None) == named.title(visit) == ""
