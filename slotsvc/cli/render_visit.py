"""Holds, visits and routes in one or two lines each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotsvc.cli.words import (
    clock_words,
    day_words,
    duration_words,
    enum_words,
    moment_words,
    short,
    start_words,
    to_date,
    window_words,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slotsvc.pb.v1.plan_service_pb2 import Route
    from slotsvc.pb.v1.slot_service_pb2 import Hold, PlannedPlace
    from slotsvc.pb.v1.visit_service_pb2 import Promise, Visit


def hold_lines(hold: Hold, zone: ZoneInfo) -> list[str]:
    """What is reserved, until when, and what to type next."""
    more = ", can be extended once" if hold.extendable else ""
    return [
        f"Held: {start_words(hold.window, zone)}",
        place_words(hold.place, zone),
        f"Until {moment_words(hold.expire_time, zone)}{more}.",
        f"Confirm it: slotsvc book {hold.name}",
    ]


def visit_lines(visit: Visit, zone: ZoneInfo) -> list[str]:
    """The visit's state, what the client was told, where it is planned, what was reported."""
    from slotsvc.pb.v1.visit_service_pb2 import VISIT_STATE_BOOKED

    told = ""
    if visit.HasField("promise") and visit.state == VISIT_STATE_BOOKED:
        told = f": {start_words(visit.promise.window, zone)}"
    elif visit.HasField("promise"):
        told = f"; told {window_words(visit.promise.window, zone)}"
    begun = bool(visit.actual_start_time.seconds)
    where = [place_words(visit.place, zone, begun=begun)] if visit.HasField("place") else []
    reported = [words] if (words := reported_words(visit, zone)) else []
    return [f"{state_words(visit)}{told}", *where, *reported, f"Visit: {visit.name}"]


STATES = {"UNPLACED": "Without a place, in the backlog", "EN_ROUTE": "On the way"}


def state_words(visit: Visit) -> str:
    """Such as "Booked"."""
    from slotsvc.pb.v1.visit_service_pb2 import VisitState

    word = VisitState.Name(visit.state).removeprefix("VISIT_STATE_")
    return STATES.get(word) or word.capitalize()


def place_words(place: PlannedPlace, zone: ZoneInfo, *, begun: bool = False) -> str:
    """Such as "Chiara Rossi, visit 3 of the day, planned 09:10-10:10"; no times on a day that
    nobody works, nor of what has ``begun``: they were reported."""
    who = place.technician_display_name or short(place.technician)
    day = f"shift {place.shift_number + 1}" if place.shift_number else "the day"
    head = f"{who}, visit {place.position + 1} of {day}"
    if begun:
        return head
    if not place.HasField("start_time"):
        return f"{head}, without a time"
    start, end = clock_words(place.start_time, zone), clock_words(place.end_time, zone)
    return f"{head}, planned {start}-{end}"


def reported_words(visit: Visit, zone: ZoneInfo) -> str:
    """Such as "Left 08:02, began 08:15, ended 09:55: client absent"; "" before any report."""
    from slotsvc.pb.v1.visit_service_pb2 import OUTCOME_DONE, OUTCOME_UNSPECIFIED, Outcome

    reports = (
        ("left", visit.depart_time),
        ("began", visit.actual_start_time),
        ("ended", visit.actual_end_time),
    )
    steps = [(step.step, step.time) for step in visit.steps]
    in_order = sorted((*reports, *steps), key=lambda report: report[1].seconds)
    told = [f"{word} {clock_words(when, zone)}" for word, when in in_order if when.seconds]
    end = ""
    if visit.outcome not in (OUTCOME_UNSPECIFIED, OUTCOME_DONE):
        end = f": {enum_words(Outcome.Name(visit.outcome), 'OUTCOME_')}"
    words = ", ".join(told) + end
    return words[:1].upper() + words[1:]


def promise_lines(visit: Visit, zone: ZoneInfo) -> list[str]:
    """All that the client was told, in the order of telling."""
    return [
        f"Told {moment_words(promise.announce_time, zone)}"
        + (f" by {promise.channel}" if promise.channel else "")
        + f": {_windows(promise, zone)}"
        + (", no longer holds" if promise.HasField("supersede_time") else "")
        for promise in visit.promises
    ]


def _windows(promise: Promise, zone: ZoneInfo) -> str:
    windows = promise.windows or [promise.window]
    return " or ".join(window_words(window, zone) for window in windows)


def route_words(route: Route, zone: ZoneInfo, mark: str = "") -> str:
    """One line: driving, then the planned starts, ``mark`` (a visit's name) in brackets."""
    starts = [clock_words(stop.start_time, zone) for stop in route.stops]
    shown = [
        f"[{start}]" if stop.visit == mark else start
        for start, stop in zip(starts, route.stops, strict=True)
    ]
    return f"{duration_words(route.travel_duration)} driving: {' '.join(shown) or 'no visits'}"


def route_name(route: Route) -> str:
    """Such as "Chiara Rossi, Tue 24 Nov"."""
    who = route.technician_display_name or short(route.technician)
    return f"{who}, {day_words(to_date(route.date))}"
