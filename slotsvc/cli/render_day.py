"""Days as timelines, and as lists of visits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from slotsvc.cli.screen import Column, paragraph, table
from slotsvc.cli.timeline import ASCII, UNICODE, Glyphs, Ruler, bar, ruler_for
from slotsvc.cli.words import (
    clock_words,
    day_words,
    duration_words,
    place_words,
    short,
    to_date,
    window_words,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.text import Text

    from slotsvc.pb.v1.plan_service_pb2 import Route, RouteFinding, RouteStop
    from slotsvc.pb.v1.visit_service_pb2 import Visit

NAME_WIDTH = 16
SUMMARY_WIDTH = 18
"""Room for " 4 visits 1 h 05 min" behind the bar."""


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
    ruler = ruler_for(pairs, zone, width - NAME_WIDTH - SUMMARY_WIDTH)
    glyphs = ASCII if plain else UNICODE
    lines = [Text(_title(team, zone, dates, routes, one_person), "bold")]
    head = ruler.head().ljust(ruler.width)
    lines.append(Text(f"{'':{NAME_WIDTH}}{head} visits, driving", "dim"))
    for day, of_day in zip(dates, routes, strict=True):
        if not one_person and len(dates) > 1:
            lines.append(Text(day_words(day), "bold"))
        for route in of_day:
            lines += _route(route, day, zone, ruler, glyphs, one_person, width)
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


def _legend(glyphs: Glyphs) -> str:
    return (
        f"{glyphs.start}{glyphs.visit} visit  {glyphs.start}{glyphs.held} held  "
        f"{glyphs.driving} driving  {glyphs.pause} break  {glyphs.free} free"
    )


def _route(
    route: Route,
    day: date,
    zone: ZoneInfo,
    ruler: Ruler,
    glyphs: Glyphs,
    one_person: bool,
    width: int,
) -> Iterator[Text]:
    from rich.text import Text

    name = day_words(day) if one_person else route.technician_display_name
    line = Text(name or short(route.technician))
    line.truncate(NAME_WIDTH - 1, overflow="ellipsis", pad=True)
    line.append(" ")
    yield line.append_text(bar(route, midnight(day, zone), zone, ruler, glyphs)).append(
        f" {_summary(route)}"
    )
    for finding in route.findings:
        text = _finding(finding)
        yield from (Text(t, "red") for t in paragraph(text, width, NAME_WIDTH, " " * 14 + "!"))


def _summary(route: Route) -> str:
    if not route.stops:
        return "" if route.HasField("shift") else "off"
    number = len(route.stops)
    return f"{number} visit{'s' if number > 1 else ' '} {duration_words(route.travel_duration)}"


def _finding(finding: RouteFinding) -> str:
    about = f" ({short(finding.visit)})" if finding.visit else ""
    return f"{finding.cause}{about}"


COLUMNS = (
    Column("Starts", "right", "bold"),
    Column("Ends", "right"),
    Column("Told", style=""),
    Column("What"),
    Column("Where", gives=True),
)
VISIT = Column("Visit", style="dim")
WIDE = 100
"""From this width on a visit's id is a column; else it stands under its row."""


def list_lines(
    routes: Sequence[Sequence[Route]], visits: Sequence[Visit], zone: ZoneInfo, width: int
) -> list[Text]:
    """Every visit of every route, with its planned times and what the client was told."""
    from rich.text import Text

    known = {visit.name: visit for visit in visits}
    lines: list[Text] = []
    for route in (route for of_day in routes for route in of_day if route.stops):
        who = route.technician_display_name or short(route.technician)
        lines += [Text(), Text(f"{who}, {day_words(to_date(route.date))}", "bold")]
        rows = [_listed(stop, known.get(stop.visit), zone) for stop in route.stops]
        ids = [short(stop.visit) for stop in route.stops]
        lines += _visits(rows, ids, width)
    return lines


def _visits(rows: Sequence[tuple[str, ...]], ids: Sequence[str], width: int) -> list[Text]:
    if width < WIDE:
        return table(COLUMNS, rows, width, [[f"{'':8}{id_}"] for id_ in ids])
    wide = [(*row, id_) for row, id_ in zip(rows, ids, strict=True)]
    return table((*COLUMNS, VISIT), wide, width)


def _listed(stop: RouteStop, visit: Visit | None, zone: ZoneInfo) -> tuple[str, ...]:
    told = window_words(stop.promise, zone).rpartition(" ")[2] if stop.HasField("promise") else ""
    return (
        clock_words(stop.start_time, zone),
        clock_words(stop.end_time, zone),
        told,
        "held" if stop.held else short(visit.activity_type) if visit else "",
        short(visit.site) if visit and visit.site else place_words(stop.location),
    )
