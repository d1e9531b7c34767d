"""Days as timelines, and as lists of visits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from slotsvc.cli.render_stops import note_lines, real_words, stop_words
from slotsvc.cli.screen import Column, table
from slotsvc.cli.timeline import ASCII, UNICODE, Glyphs, bar, ruler_for
from slotsvc.cli.words import (
    clock_words,
    day_words,
    duration_words,
    enum_words,
    place_words,
    short,
    span_of_day,
    to_date,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.text import Text

    from slotsvc.pb.v1.plan_service_pb2 import Route, RouteStop
    from slotsvc.pb.v1.visit_service_pb2 import Visit

NAME_WIDTH = 16
SUMMARY_WIDTH = 20
"""Room for " 4 visits 1 h 05 min" behind the bar."""
STATE_WIDTH = 11
"""Room for ", published" behind that, where not all routes of the page are alike."""
NO_SHIFT = {
    "DAY_OFF": "day off",
    "ABSENT": "away",
    "HOLIDAY": "holiday",
    "CLOSED": "closed",
    "OTHER_TEAM": "other team",
}


def week_lines(
    team: str,
    zone: ZoneInfo,
    dates: Sequence[date],
    routes: Sequence[Sequence[Route]],
    width: int,
    one_person: bool,
    plain: bool,
) -> list[Text]:
    """A line for each route. ``one_person``: lines are days; else they are people, day by day."""
    from rich.text import Text

    pairs = [
        (midnight(day, zone), route)
        for day, of_day in zip(dates, routes, strict=True)
        for route in of_day
    ]
    common = _common_state([route for _, route in pairs])
    room = width - NAME_WIDTH - SUMMARY_WIDTH - (0 if common else STATE_WIDTH)
    ruler = ruler_for(pairs, zone, room)
    glyphs = ASCII if plain else UNICODE
    lines = [Text(_title(team, zone, dates, routes, one_person) + common, "bold")]
    hours = ruler.head().ljust(ruler.width)
    lines.append(Text(f"{'':{NAME_WIDTH}}{hours} visits, driving", "dim"))
    for day, of_day in zip(dates, routes, strict=True):
        if not one_person and len(dates) > 1:
            lines.append(Text(day_words(day), "bold"))
        for route in of_day:
            drawn = bar(route, midnight(day, zone), zone, ruler, glyphs)
            told = f" {_summary(route)}{'' if common else _state(route)}".rstrip()
            lines.append(Text.assemble(_name(route, day, one_person), drawn, told))
            lines += note_lines(route, zone, width, NAME_WIDTH)
    return [*lines, Text(_legend(glyphs), "dim")]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The local start of a date."""
    return datetime.combine(day, time(), zone)


def _title(
    team: str,
    zone: ZoneInfo,
    dates: Sequence[date],
    routes: Sequence[Sequence[Route]],
    one_person: bool,
) -> str:
    who = short(team)
    for route in routes[0][:1] if one_person else ():
        who = route.technician_display_name or short(route.technician)
    last = f" to {day_words(dates[-1])}" if len(dates) > 1 else ""
    return f"{who}, {day_words(dates[0])}{last} ({zone.key} time)"


def _common_state(routes: Sequence[Route]) -> str:
    """Such as ", published" where all are; "" where they differ."""
    states = {state_words(route) for route in routes if route.HasField("shift")}
    return f", {states.pop()}" if len(states) == 1 else "" if states else ", nobody works"


def _state(route: Route) -> str:
    return f", {state_words(route)}" if route.HasField("shift") else ""


def state_words(route: Route) -> str:
    """Such as "published"."""
    from slotsvc.pb.v1.plan_service_pb2 import RouteState

    return enum_words(RouteState.Name(route.state), "ROUTE_STATE_")


def _legend(glyphs: Glyphs) -> str:
    return (
        f"{glyphs.start}{glyphs.visit} visit  {glyphs.start}{glyphs.done} done  "
        f"{glyphs.start}{glyphs.held} held  {glyphs.risk}{glyphs.visit} at risk  "
        f"{glyphs.driving} driving  {glyphs.pause} break  {glyphs.free} free"
    )


def _name(route: Route, day: date, one_person: bool) -> Text:
    """The day or the person; from the second shift of a day on, that too."""
    from rich.text import Text

    name = day_words(day) if one_person else route.technician_display_name
    name = name or short(route.technician)
    if route.shift_number:
        name = f"{name[: NAME_WIDTH - 5]} #{route.shift_number + 1}"
    head = Text(name)
    head.truncate(NAME_WIDTH - 1, overflow="ellipsis", pad=True)
    head.append(" ")
    return head


def _summary(route: Route) -> str:
    number = len(route.stops)
    counted = f"{number} visit{'s' if number > 1 else ' '}" if number else ""
    if not route.HasField("shift"):
        off = NO_SHIFT.get(route.no_shift_reason, "off")
        return f"{off}, {counted.rstrip()}" if number else off
    return f"{counted} {duration_words(route.travel_duration)}" if number else ""


COLUMNS = (
    Column("Starts", "right", "bold"),
    Column("Ends", "right"),
    Column("Told"),
    Column("State", style="bold"),
    Column("What"),
    Column("Where", gives=True),
)
VISIT = Column("Visit", style="dim")
WIDE = 100
"""From this width on a visit's id is a column; else it stands under its row."""


def list_lines(
    routes: Sequence[Sequence[Route]], visits: Sequence[Visit], zone: ZoneInfo, width: int
) -> list[Text]:
    """Every visit of every route, with its planned or real times and what the client was told."""
    from rich.text import Text

    known = {visit.name: visit for visit in visits}
    lines: list[Text] = []
    for route in (route for of_day in routes for route in of_day if route.stops):
        who = route.technician_display_name or short(route.technician)
        shift = f", shift {route.shift_number + 1}" if route.shift_number else ""
        head = f"{who}, {day_words(to_date(route.date))}{shift}, {state_words(route)}"
        lines += [Text(), Text(head, "bold")]
        stops = [(stop, known.get(stop.visit)) for stop in route.stops]
        lines += _visits([_listed(stop, visit, zone) for stop, visit in stops], stops, zone, width)
    return lines


def _visits(
    rows: Sequence[tuple[str, ...]],
    stops: Sequence[tuple[RouteStop, Visit | None]],
    zone: ZoneInfo,
    width: int,
) -> list[Text]:
    """Rows with what was not as planned under them; the id is a column or the last note."""
    ids = [short(stop.visit) for stop, _ in stops]
    real = [real_words(stop, visit, zone) for stop, visit in stops]
    notes = [[f"{'':8}{words}"] if words else [] for words in real]
    if width < WIDE:
        both = [[*note, f"{'':8}{id_}"] for note, id_ in zip(notes, ids, strict=True)]
        return table(COLUMNS, rows, width, both)
    wide = [(*row, id_) for row, id_ in zip(rows, ids, strict=True)]
    return table((*COLUMNS, VISIT), wide, width, notes)


def _listed(stop: RouteStop, visit: Visit | None, zone: ZoneInfo) -> tuple[str, ...]:
    timed = stop.HasField("start_time")
    return (
        clock_words(stop.start_time, zone) if timed else "",
        clock_words(stop.end_time, zone) if timed else "",
        span_of_day(stop.promise, zone) if stop.HasField("promise") else "",
        stop_words(stop),
        short(visit.activity_type) if visit else "",
        short(visit.site) if visit and visit.site else place_words(stop.location),
    )
