"""What is broken, by how much and for whom: tables for planners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from slotsvc.cli.screen import Column, paragraph, table
from slotsvc.cli.words import (
    change_words,
    clock_words,
    count_words,
    day_words,
    instant,
    moment_words,
    sentence,
    short,
    span_words,
    to_date,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.text import Text

    from slotsvc.cli.known_names import KnownNames
    from slotsvc.pb.v1.plan_service_pb2 import Route, RouteCheck, RouteFinding, RouteViolations

WHAT = {
    "LATE": "starts late",
    "PAST": "its time is over",
    "EARLY": "starts too early",
    "PROMISE": "not as promised",
    "SHIFT_END": "day ends too late",
    "BREAK": "pause too late",
    "MAX_TRAVEL": "too much driving",
    "MAX_VISITS": "too many visits",
    "UNROUTABLE": "no road there",
    "TAG": "skill is missing",
    "SECTOR": "other sector",
    "NOT_TECHNICIAN": "wrong technician",
    "NO_SHIFT": "nobody comes",
    "REMOVAL": "cannot give way",
}
"""Kinds of findings in a planner's words; others are shown by their sentence."""

ORIGINS = {
    "ABSENCE": "absence",
    "CALENDAR": "calendar",
    "OVERRUN": "runs late",
    "OVERRIDE": "by hand",
    "IMPORT": "import",
    "LAPSE": "visit gone",
    "ROADS": "roads are slower",
}
NO_BREACH = "Nothing is broken."


def what_words(finding: RouteFinding) -> str:
    """Such as "starts late"."""
    return WHAT.get(finding.kind) or finding.kind.replace("_", " ").lower()


def size_words(finding: RouteFinding) -> str:
    """Such as "12 min", "2 visits"; "" for a rule without a size."""
    if finding.kind == "MAX_VISITS":
        return count_words(finding.size_seconds, "visit")
    return span_words(finding.size_seconds) if finding.size_seconds else ""


def whom_words(finding: RouteFinding, names: KnownNames) -> str:
    """The visit, or "" for what is about the whole day."""
    return names.row(finding.visit) if finding.visit else ""


BROKEN = (
    Column("What", style="bold"),
    Column("By", "right"),
    Column("Since"),
    Column("Why", style="dim"),
    Column("Visit, and what was told", gives=True),
)


def violation_lines(
    routes: Sequence[RouteViolations],
    zone: ZoneInfo,
    names: KnownNames,
    width: int,
    *,
    ids: bool = True,
) -> list[Text]:
    """A block for each route. ``ids``: each visit's id under its row, to give to other commands."""
    from rich.text import Text

    lines: list[Text] = []
    for route in routes:
        who = route.technician_display_name or short(route.technician)
        shift = f", shift {route.shift_number + 1}" if route.shift_number else ""
        head = f"{who}, {day_words(to_date(route.date))}{shift}"
        lines += [*([Text()] if lines else []), Text(head, "bold")]
        rows = [_row(f, route, zone, names) for f in route.findings]
        notes = [_notes(f, width, ids) for f in route.findings]
        lines += table(BROKEN, rows, width, notes, indent=2)
    return lines


def _row(
    finding: RouteFinding, route: RouteViolations, zone: ZoneInfo, names: KnownNames
) -> tuple[str, ...]:
    why = ORIGINS.get(finding.origin, finding.origin.lower())
    return (
        what_words(finding),
        size_words(finding),
        since_words(finding, route, zone),
        why,
        whom_words(finding, names),
    )


def since_words(finding: RouteFinding, route: RouteViolations | Route, zone: ZoneInfo) -> str:
    """Such as "08:05"; with the day when it is not the route's own."""
    if not finding.HasField("since"):
        return ""
    local = instant(finding.since).astimezone(zone)
    same = local.date() == to_date(route.date)
    return clock_words(finding.since, zone) if same else moment_words(finding.since, zone)


def _notes(finding: RouteFinding, width: int, ids: bool) -> list[str]:
    told = []
    if finding.kind not in WHAT:
        told += paragraph(sentence(finding.cause), width, 4)
    if finding.override_reason:
        told += paragraph(f"Accepted: {finding.override_reason}", width, 4)
    if ids and finding.visit:
        told.append(f"    {short(finding.visit)}")
    return told


WORSE = (
    Column("What", style="bold"),
    Column("By", "right"),
    Column("Whose day"),
    Column("Visit, and what was told", gives=True),
)


def check_lines(
    routes: Sequence[RouteCheck], names: KnownNames, width: int, *, made: bool = False
) -> list[Text]:
    """What a move by hand breaks, and the driving. ``made``: it is done already."""
    from rich.text import Text

    worse = [(route, f) for route in routes for f in route.findings if f.worse]
    known = sum(len(route.findings) for route in routes) - len(worse)
    lines: list[Text] = []
    if worse:
        verb = "breaks" if made else "would break"
        lines.append(Text(f"This {verb} {count_words(len(worse), 'rule')}:", "bold"))
        rows = [
            (
                what_words(f),
                size_words(f),
                names.technician(route.technician),
                whom_words(f, names),
            )
            for route, f in worse
        ]
        lines += table(WORSE, rows, width, [_unknown(f, width) for _, f in worse], indent=2)
    else:
        lines.append(Text(f"{NO_BREACH[:-1]} that was not before." if known else NO_BREACH))
    if known:
        lines.append(Text(f"Broken already on these days, and not worse: {known}.", "dim"))
    lines += [Text(line) for line in paragraph(driving_words(routes, names), width)]
    return lines


def _unknown(finding: RouteFinding, width: int) -> list[str]:
    known = finding.kind in WHAT and finding.kind not in ("TAG", "SECTOR", "NO_SHIFT")
    return [] if known else paragraph(sentence(finding.cause), width, 4)


def driving_words(routes: Iterable[RouteCheck], names: KnownNames) -> str:
    """Such as "Driving: Amina Benali +12 min, Paul Fontaine −9 min."."""
    parts = [
        f"{names.technician(route.technician)} {change_words(route.added_travel_seconds)}"
        for route in routes
    ]
    return f"Driving: {', '.join(parts)}."
