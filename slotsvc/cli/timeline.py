"""One route as a bar of characters on a wall clock.

::

    08      09      10      11      12      13
    ▐▓▓▓────▐███████··──!███|lunch|···▐▒▒▒──
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from slotsvc.cli.words import instant

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.text import Text

    from slotsvc.pb.v1.plan_service_pb2 import Route, RouteStop
    from slotsvc.pb.v1.types_pb2 import TimeWindow

HOUR = timedelta(hours=1)
PER_HOUR = (8, 6, 4, 3, 2, 1)
"""Characters an hour may take, widest first."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """How each kind of time is drawn; ``start`` is the first character of a visit, ``risk`` that
    of one whose promise is in danger."""

    start: str = "▐"
    risk: str = "!"
    visit: str = "█"
    done: str = "▓"
    held: str = "▒"
    driving: str = "─"
    pause: str = "▁"
    free: str = "·"
    off: str = " "


UNICODE = Glyphs()
ASCII = Glyphs("[", "!", "#", "=", "?", "-", "_", ".", " ")
STYLES = {
    "start": "green", "visit": "green", "done": "dim", "held": "yellow", "risk": "bold red",
    "driving": "cyan", "pause": "blue",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ruler:
    """Wall-clock hours ``first`` to ``last`` of a day, ``per_hour`` characters each."""

    first: int
    last: int
    per_hour: int

    @property
    def width(self) -> int:
        """Characters of a bar."""
        return (self.last - self.first) * self.per_hour

    def head(self) -> str:
        """The hours, each at the character where it begins."""
        step = 1 if self.per_hour >= 3 else 2 if self.per_hour == 2 else 3
        hours = range(self.first, self.last, step)
        return "".join(f"{hour % 24:02d}".ljust(self.per_hour * step) for hour in hours).rstrip()

    def cells(self, start: datetime, end: datetime, midnight: datetime) -> range:
        """The characters [start, end) covers, rounded to the nearest edges; local datetimes."""
        edges = [self._cell(moment, midnight) for moment in (start, end)]
        return range(max(edges[0], 0), min(edges[1], self.width))

    def _cell(self, moment: datetime, midnight: datetime) -> int:
        # wall-clock difference, so that the ruler fits both days of a clock change
        hours = (moment.replace(tzinfo=None) - midnight.replace(tzinfo=None)) / HOUR
        return int((hours - self.first) * self.per_hour + 0.5)


def ruler_for(routes: Iterable[tuple[datetime, Route]], zone: ZoneInfo, width: int) -> Ruler:
    """A ruler from the earliest start to the latest end, as wide as ``width`` allows.

    ``routes``: pairs of local midnight and route.
    """
    hours = [
        (moment.replace(tzinfo=None) - midnight.replace(tzinfo=None)) / HOUR
        for midnight, route in routes
        for moment in _edges(route, zone)
    ] or [8.0, 18.0]
    first, last = int(min(hours)), -int(-max(hours) // 1)
    per_hour = next((n for n in PER_HOUR if (last - first) * n <= width), 1)
    return Ruler(first, max(last, first + 1), per_hour)


def _edges(route: Route, zone: ZoneInfo) -> list[datetime]:
    stamps = [stamp for stop in timed(route) for stamp in (stop.arrival_time, stop.end_time)]
    if route.HasField("shift"):
        stamps += [route.shift.start_time, route.shift.end_time]
    return [instant(stamp).astimezone(zone) for stamp in stamps]


def timed(route: Route) -> list[RouteStop]:
    """The stops that have times: none on a day that nobody works."""
    return [stop for stop in route.stops if stop.HasField("start_time")]


def bar(route: Route, midnight: datetime, zone: ZoneInfo, ruler: Ruler, glyphs: Glyphs) -> Text:
    """The route drawn on the ruler. ``midnight``: local start of its service date."""
    from rich.text import Text

    kinds = ["off"] * ruler.width

    def paint(window: tuple[datetime, datetime], kind: str) -> None:
        for cell in ruler.cells(*window, midnight):
            kinds[cell] = kind

    if route.HasField("shift"):
        paint(_local(route.shift, zone), "free")
    for stop, before in zip(timed(route), _drives(route, zone), strict=False):
        paint(before, "driving")
        paint(_service(stop, zone), _kind(stop))
    for transition in route.transitions:
        for pause in transition.breaks:
            paint(_local(pause, zone), "pause")
    _mark_starts(kinds, timed(route), zone, ruler, midnight)
    line = Text()
    for kind in kinds:
        line.append(getattr(glyphs, kind), STYLES.get(kind, "dim"))
    return line


def _mark_starts(
    kinds: list[str], stops: Sequence[RouteStop], zone: ZoneInfo, ruler: Ruler, midnight: datetime
) -> None:
    for stop in stops:
        cells = ruler.cells(*_service(stop, zone), midnight)
        # a held visit of one character must stay recognizable as held
        if len(cells) > 1 or (len(cells) == 1 and not stop.held):
            kinds[cells[0]] = "risk" if stop.at_risk else "start"


def _kind(stop: RouteStop) -> str:
    from slotsvc.pb.v1.visit_service_pb2 import VISIT_STATE_DONE

    return "held" if stop.held else "done" if stop.state == VISIT_STATE_DONE else "visit"


def _service(stop: RouteStop, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start, end = instant(stop.start_time), instant(stop.end_time)
    return start.astimezone(zone), end.astimezone(zone)


def _drives(route: Route, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """The drive to each stop, ending on arrival."""
    drives = []
    for stop, transition in zip(timed(route), route.transitions, strict=False):
        arrival = instant(stop.arrival_time).astimezone(zone)
        drives.append((arrival - transition.travel_duration.ToTimedelta(), arrival))
    return drives


def _local(window: TimeWindow, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start, end = instant(window.start_time), instant(window.end_time)
    return start.astimezone(zone), end.astimezone(zone)
