"""Days that went wrong, as a planner sees them."""

from __future__ import annotations

from collections.abc import Sequence

from slotsvc.cli.render_day import list_lines, week_lines
from slotsvc.pb.v1.plan_service_pb2 import (
    ROUTE_STATE_PUBLISHED,
    ROUTE_STATE_RUNNING,
    Route,
)
from slotsvc.pb.v1.visit_service_pb2 import (
    OUTCOME_CLIENT_ABSENT,
    VISIT_STATE_BOOKED,
    VISIT_STATE_DONE,
    Visit,
)
from tests.cli.samples import TUESDAY, ZONE, a_route, at


def drawn(*routes: Route, width: int = 80) -> list[str]:
    """The team's page as plain text."""
    return [
        str(line) for line in week_lines("t/monaco", ZONE, [TUESDAY], [routes], width, False, False)
    ]


def stranded() -> Route:
    """A day that nobody works, with two visits on it."""
    route = a_route("Paul Fontaine", shift=False, visits=2)
    route.no_shift_reason = "ABSENT"
    for stop in route.stops:
        for field in ("arrival_time", "start_time", "end_time"):
            stop.ClearField(field)
        finding = route.findings.add(kind="NO_SHIFT", visit=stop.visit, origin="ABSENCE")
        finding.cause = "the technician is away all day"
        finding.since.FromDatetime(at(8, 5))
    return route


def late() -> Route:
    """A running day: the first visit is done, the second will be 23 minutes late."""
    route = a_route()
    route.state = ROUTE_STATE_RUNNING
    route.overtime_duration.FromSeconds(900)
    route.stops[0].state = VISIT_STATE_DONE
    route.stops[1].held = False
    route.stops[1].state = VISIT_STATE_BOOKED
    route.stops[1].at_risk = True
    finding = route.findings.add(kind="LATE", visit=route.stops[1].visit, size_seconds=23 * 60)
    finding.origin, finding.override_reason = "OVERRUN", "Client agreed"
    finding.since.FromDatetime(at(9, 43))
    return route


def one_sentence(lines: Sequence[str]) -> str:
    return " ".join(" ".join(lines).split())


def test_a_day_without_a_shift_says_why_and_whom_it_strands() -> None:
    """Its visits have no times; what their clients were told is named, in one sentence."""
    lines = drawn(a_route(), stranded())

    assert any(line.startswith("Paul Fontaine") and "away, 2 visits" in line for line in lines)
    assert (
        "! 2 visits have nobody: the technician is away all day. "
        "Told 08:00-10:00, 10:00-12:00. Since 08:05 (absence)." in one_sentence(lines)
    )
    assert max(map(len, lines)) <= 80


def test_a_visit_at_risk_says_so_in_words() -> None:
    """When, what was told, by how much, since when, why, and who accepted it; overtime too."""
    words = one_sentence(drawn(late()))

    assert (
        "! 10:30, told 10:00-12:00: at risk, starts late by 23 min. "
        "Since 09:43 (runs late). Accepted: Client agreed." in words
    )
    assert "15 min of overtime" in words
    assert "▐▓▓" in words
    assert "!██" in words


def test_the_state_stands_in_the_title_when_all_routes_share_it() -> None:
    """Else behind each route."""
    published = a_route("Ann")
    published.state = ROUTE_STATE_PUBLISHED

    assert drawn(published, published)[0].endswith(", published")
    mixed = drawn(published, late())
    assert mixed[0] == "monaco, Tue 24 Nov (Europe/Monaco time)"
    assert any(line.startswith("Ann") and line.endswith(", published") for line in mixed)
    assert any(line.endswith(", running") for line in mixed)
    assert max(map(len, mixed)) <= 80


def test_a_second_shift_is_numbered() -> None:
    """Both are lines of the same person."""
    evening = a_route("Alexandre-Maximilien")
    evening.shift_number = 1

    assert drawn(evening)[2].startswith("Alexandre-M #2")


def test_the_list_sets_real_times_against_planned_ones() -> None:
    """How long it took, that it began late, how it ended; who is at risk has the word."""
    route = late()
    visit = Visit(name=route.stops[0].visit, outcome=OUTCOME_CLIENT_ABSENT)
    visit.service_duration.FromSeconds(20 * 60)
    visit.actual_start_time.FromDatetime(at(8, 30))
    visit.actual_end_time.FromDatetime(at(9, 30))
    lines = [str(line) for line in list_lines([[route]], [visit], ZONE, 120)]

    assert lines[1] == "Chiara Rossi, Tue 24 Nov, running"
    assert " 08:30  09:30  08:00-10:00  done" in lines[3]
    assert lines[4].strip() == "took 1 h 00 min instead of 20 min, client absent"
    assert " 10:30  11:30  10:00-12:00  at risk" in lines[5]
