from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from slotsvc.cli.render_day import list_lines, midnight, week_lines
from slotsvc.cli.timeline import ASCII, UNICODE, Ruler, bar, ruler_for
from slotsvc.cli.wire import pb_window
from slotsvc.pb.v1.plan_service_pb2 import Route
from tests.cli.samples import TUESDAY, ZONE, a_route

RULER = Ruler(8, 17, 4)


def drawn(route: Route) -> str:
    return str(bar(route, midnight(TUESDAY, ZONE), ZONE, RULER, ASCII))


def test_a_route_is_drawn_on_the_wall_clock() -> None:
    """Four characters an hour: a visit at 08:30, a held one at 10:30, a break at 14:00."""
    assert drawn(a_route()) == ".-[###...-[???...-[###..___........."


def test_a_day_off_is_blank() -> None:
    """Without a shift nothing is drawn."""
    assert drawn(a_route(shift=False, visits=0)).strip() == ""


def test_the_ruler_takes_the_room_there_is() -> None:
    """From the first hour needed to the last, as many characters an hour as fit."""
    pairs = [(midnight(TUESDAY, ZONE), a_route())]

    assert ruler_for(pairs, ZONE, 46) == Ruler(8, 17, 4)
    assert ruler_for(pairs, ZONE, 86) == Ruler(8, 17, 8)
    assert ruler_for([], ZONE, 46) == Ruler(8, 18, 4)


def test_the_ruler_names_every_hour_where_it_begins() -> None:
    """With four characters an hour each hour has two digits and two blanks."""
    assert Ruler(8, 11, 4).head() == "08  09  10"
    assert Ruler(8, 12, 2).head() == "08  10"


def test_a_day_of_a_clock_change_is_drawn_by_the_wall_clock() -> None:
    """On 25 October 2026 clocks go back at 03:00: a visit at 08:00 stands under 08."""
    sunday = date(2026, 10, 25)
    route = Route()
    route.shift.CopyFrom(
        pb_window(datetime(2026, 10, 25, 7, tzinfo=UTC), datetime(2026, 10, 25, 9, tzinfo=UTC))
    )

    line = str(bar(route, midnight(sunday, ZONE), ZONE, Ruler(8, 11, 4), ASCII))

    assert line == "........    "


@pytest.mark.parametrize("width", [80, 120])
def test_a_teams_day_fits_the_screen(width: int) -> None:
    """A long name is cut, the bar and the sums stay."""
    routes = [a_route(), a_route("Alexandre-Maximilien de la Tour"), a_route(visits=0)]

    lines = [
        str(line) for line in week_lines("t/monaco", ZONE, [TUESDAY], [routes], width, False, False)
    ]

    assert max(map(len, lines)) <= width
    assert lines[0] == "monaco, Tue 24 Nov (Europe/Monaco time), draft"
    assert lines[2].endswith("3 visits 1 h 00 min")
    assert UNICODE.visit in lines[2]


def test_a_broken_rule_is_shown_under_its_route() -> None:
    """What is wrong with the day is not hidden."""
    route = a_route()
    route.findings.add(kind="OTHER", cause="starts 12 min after its window", visit="v0")

    text = "\n".join(
        str(line) for line in week_lines("t", ZONE, [TUESDAY], [[route]], 80, False, True)
    )

    assert "! Starts 12 min after its window." in text


def test_a_list_names_visits_with_what_was_told() -> None:
    """Planned start and end, the promised window, held or not."""
    lines = [str(line) for line in list_lines([[a_route()]], [], ZONE, 80)]

    assert lines[1] == "Chiara Rossi, Tue 24 Nov, draft"
    assert lines[3].split()[:3] == ["08:30", "09:30", "08:00-10:00"]
    assert "held" in lines[5]
