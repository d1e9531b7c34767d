"""The day as the timeline draws it: wall clocks of the business unit, and the hours around it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from slotsvc.pb.v1.plan_service_pb2 import Route
from slotsvc.pb.v1.visit_service_pb2 import VisitState
from slotsvc.portal.day.board import board
from slotsvc.portal.day.rows import technician_rows
from tests.portal.day.engine_day import KNOWN, ZONE, at, between, driving, off, route, stop

WORKDAY = at("08:00"), at("18:00")


def drawn(*routes: Route, now: datetime = WORKDAY[0]) -> dict[str, Any]:
    """The board of these routes; stops say their kind of work."""
    return board(technician_rows(routes, KNOWN), ZONE, lambda stop: stop.title, now)


def spans(told: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    """Start and end of the events of a kind, without the date where it is 3 June."""
    found = [one for one in told["events"] if kind in one["kind"].split()]
    return [
        (one["start"].removeprefix("2030-06-03T"), one["end"].removeprefix("2030-06-03T"))
        for one in found
    ]


def test_times_are_the_units_wall_clock() -> None:
    """Eight in Monaco is told as eight, without a zone, whatever zone the browser is in."""
    told = drawn(route(WORKDAY, [stop("a", at("08:00"), at("09:00"))]), now=at("08:30"))
    assert spans(told, "stop") == [("08:00:00", "09:00:00")]
    assert spans(told, "shift") == [("08:00:00", "18:00:00")]
    assert told["now"] == "2030-06-03T08:30:00"


def test_everything_of_a_day_is_an_event() -> None:
    """The shift behind it all, the promise under its stop, driving and pause between stops."""
    lunch = between("12:00", "12:45")
    stops = [stop("a", at("10:00"), at("12:00"), promise=between("10:00", "12:00"))]
    told = drawn(route(WORKDAY, stops, [driving(10), driving(10, lunch)], end_time=at("12:55")))
    kinds = [one["kind"] for one in told["events"]]
    assert kinds == [
        "shift", "leg", "leg", "pause", "stop colour-0 booked", "promise colour-0",
    ]  # fmt: skip
    assert spans(told, "promise") == [("10:00:00", "12:00:00")]
    background = {one["kind"].split()[0] for one in told["events"] if one["display"] != "auto"}
    assert background == {"shift", "promise"}
    assert len({one["id"] for one in told["events"]}) == len(kinds)


def test_a_stop_has_its_number_and_its_state() -> None:
    """What is not confirmed, and what will be late, looks different."""
    held = stop("a", at("08:00"), at("09:00"), state=VisitState.VISIT_STATE_HELD)
    late = stop("x", at("10:00"), at("11:00"), at_risk=True)
    told = drawn(route(WORKDAY, [held, late]))
    first, second = (one for one in told["events"] if "stop" in one["kind"].split())
    assert (first["title"], first["kind"], first["say"]) == (
        "1. Service", "stop colour-0 held", "Service",
    )  # fmt: skip
    assert (second["title"], second["kind"]) == ("2.", "stop colour-0 booked risk")
    assert first["visit"] == "tenants/acme/visits/a"


def test_each_technician_is_a_line_of_the_board() -> None:
    """Also who does not work; colours begin again behind the last."""
    told = drawn(*(off(f"t{number:02}", "DAY_OFF") for number in range(13)))
    assert [one["colour"] for one in told["resources"]] == [*range(12), 0]
    assert told["resources"][0]["title"] == "T00"
    assert told["events"] == []
    assert (told["from"], told["until"]) == ("07:00", "19:00")


def test_the_hours_hold_everything() -> None:
    """At least seven to seven; whole hours around longer days and overtime."""
    assert hours(drawn(route(WORKDAY))) == ("07:00", "19:00")
    assert hours(drawn(route((at("05:30"), at("20:15"))))) == ("05:00", "21:00")
    late = stop("a", at("17:00"), at("19:30"))
    assert hours(drawn(route(WORKDAY, [late], end_time=at("20:00")))) == ("07:00", "20:00")


def test_a_night_shift_goes_on_behind_midnight() -> None:
    """It stays whole on the day on which it begins: "26:00" is two o'clock."""
    night = route((at("20:00"), at("01:30", day=4)), [stop("a", at("23:30"), at("00:30", day=4))])
    told = drawn(night)
    assert hours(told) == ("07:00", "26:00")
    assert spans(told, "stop") == [("23:30:00", "2030-06-04T00:30:00")]
    midnight = route((at("16:00"), at("00:00", day=4)))
    assert hours(drawn(midnight)) == ("07:00", "24:00")


def test_clocks_set_forward_leave_a_gap() -> None:
    """31 March: the hour from two is missing, so work of one hour from 01:30 ends at 03:30, as the
    clocks on the wall say."""
    night = (at("22:00", 30, 3), at("06:00", 31, 3))
    told = drawn(route(night, [stop("a", at("01:30", 31, 3), at("03:30", 31, 3))]))
    assert spans(told, "stop") == [("2030-03-31T01:30:00", "2030-03-31T03:30:00")]
    assert hours(told) == ("07:00", "30:00")


def test_clocks_set_back_leave_no_event_backwards() -> None:
    """27 October: half an hour's work from 02:45 ends at 02:15 on the wall; it is drawn as long as
    it takes."""
    night = (at("22:00", 26, 10), at("06:00", 27, 10))
    stops = [stop("a", at("02:45", 27, 10), at("02:15", 27, 10, fold=1))]
    told = drawn(route(night, stops))
    assert spans(told, "stop") == [("2030-10-27T02:45:00", "2030-10-27T03:15:00")]
    assert hours(told) == ("07:00", "30:00")


def hours(told: dict[str, Any]) -> tuple[str, str]:
    """From when until when."""
    return told["from"], told["until"]
