"""Stops as a planner asks about them: how they stand, what is wrong, what was not as planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from slotsvc.cli.render_findings import ORIGINS, WHAT, since_words, size_words, what_words
from slotsvc.cli.screen import paragraph
from slotsvc.cli.words import (
    clock_words,
    count_words,
    duration_words,
    enum_words,
    sentence,
    span_of_day,
    span_words,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.text import Text

    from slotsvc.pb.v1.plan_service_pb2 import Route, RouteFinding, RouteStop
    from slotsvc.pb.v1.visit_service_pb2 import Visit

STATES = {"BOOKED": "", "EN_ROUTE": "on the way", "STARTED": "begun"}


def stop_words(stop: RouteStop) -> str:
    """Such as "at risk", "begun", "done"; "" for one that is booked and in time."""
    from slotsvc.pb.v1.visit_service_pb2 import VisitState

    if stop.held or stop.at_risk:
        return "held" if stop.held else "at risk"
    word = enum_words(VisitState.Name(stop.state), "VISIT_STATE_")
    return STATES.get(word.replace(" ", "_").upper(), word)


def real_words(stop: RouteStop, visit: Visit | None, zone: ZoneInfo) -> str:
    """What was not as planned: "took 1 h 40 min instead of 1 h"; "" for nothing."""
    from slotsvc.pb.v1.visit_service_pb2 import OUTCOME_DONE, OUTCOME_UNSPECIFIED, Outcome

    told = []
    start = stop.start_time.seconds
    begun = visit is not None and bool(visit.actual_start_time.seconds)
    if begun and stop.HasField("promise") and start >= stop.promise.end_time.seconds:
        late = start - stop.promise.end_time.seconds
        told.append(f"began {span_words(late)} after the end of {span_of_day(stop.promise, zone)}")
    if visit and visit.actual_end_time.seconds:
        took = stop.end_time.seconds - start
        if abs(took - visit.service_duration.seconds) >= 60:
            planned = duration_words(visit.service_duration)
            told.append(f"took {span_words(took)} instead of {planned}")
        if visit.outcome not in (OUTCOME_UNSPECIFIED, OUTCOME_DONE):
            told.append(enum_words(Outcome.Name(visit.outcome), "OUTCOME_"))
    return ", ".join(told)


def note_lines(route: Route, zone: ZoneInfo, width: int, indent: int) -> list[Text]:
    """What is wrong with the day, under its bar."""
    from rich.text import Text

    first = " " * (indent - 2) + "!"
    lines = []
    for words in _notes(route, zone):
        lines += [Text(line, "red") for line in paragraph(words, width, indent, first)]
    if route.overtime_duration.seconds:
        words = f"{duration_words(route.overtime_duration)} of overtime"
        lines += [Text(line) for line in paragraph(words, width, indent)]
    return lines


def _notes(route: Route, zone: ZoneInfo) -> Iterator[str]:
    stops = {stop.visit: stop for stop in route.stops}
    stranded = [f for f in route.findings if f.kind == "NO_SHIFT"]
    if stranded:
        here = [stops[f.visit] for f in stranded if f.visit in stops]
        yield _stranded(stranded, here, route, zone)
    for finding in route.findings:
        if finding.kind != "NO_SHIFT":
            yield finding_words(finding, stops.get(finding.visit), route, zone)


def _stranded(
    findings: Sequence[RouteFinding], stops: Sequence[RouteStop], route: Route, zone: ZoneInfo
) -> str:
    told = ", ".join(span_of_day(s.promise, zone) for s in stops if s.HasField("promise"))
    count = count_words(len(findings), "visit has nobody", "visits have nobody")
    said = sentence(f"{count}: {findings[0].cause}") + (f" Told {told}." if told else "")
    return said + _since(findings[0], route, zone)


def finding_words(
    finding: RouteFinding, stop: RouteStop | None, route: Route, zone: ZoneInfo
) -> str:
    """Such as "10:23, told 08:00-10:00: at risk, starts late by 23 min. Since 09:37: the day runs
    late."."""
    about = ""
    if stop is not None:
        at = [clock_words(stop.start_time, zone)] if stop.HasField("start_time") else []
        told = [f"told {span_of_day(stop.promise, zone)}"] if stop.HasField("promise") else []
        about = f"{', '.join([*at, *told]) or 'a visit'}: "
    risk = "at risk, " if stop is not None and stop.at_risk else ""
    size = f" by {words}" if (words := size_words(finding)) else ""
    what = f"{what_words(finding)}{size}" if finding.kind in WHAT else finding.cause
    said = sentence(f"{about}{risk}{what}") + _since(finding, route, zone)
    if finding.override_reason:
        said += f" Accepted: {finding.override_reason}."
    return said


def _since(finding: RouteFinding, route: Route, zone: ZoneInfo) -> str:
    if not finding.HasField("since"):
        return ""
    why = ORIGINS.get(finding.origin, finding.origin.lower())
    return f" Since {since_words(finding, route, zone)} ({why})."
