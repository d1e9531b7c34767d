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
    from slotsvc.pb.v1.visit_service_pb2 import Visit


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
    """The visit's state, what the client was told, and where it is planned."""
    told = f": {_told(visit, zone)}" if visit.HasField("promise") else ""
    where = [place_words(visit.place, zone)] if visit.HasField("place") else []
    return [f"{state_words(visit)}{told}", *where, f"Visit: {visit.name}"]


def _told(visit: Visit, zone: ZoneInfo) -> str:
    """The window; in words while the visit is still to come."""
    from slotsvc.pb.v1.visit_service_pb2 import VISIT_STATE_BOOKED

    words = start_words if visit.state == VISIT_STATE_BOOKED else window_words
    return words(visit.promise.window, zone)


def state_words(visit: Visit) -> str:
    """Such as "Booked"."""
    from slotsvc.pb.v1.visit_service_pb2 import VisitState

    return enum_words(VisitState.Name(visit.state), "VISIT_STATE_").capitalize()


def place_words(place: PlannedPlace, zone: ZoneInfo) -> str:
    """Such as "Chiara Rossi, visit 3 of the day, planned 09:10-10:10"."""
    who = place.technician_display_name or short(place.technician)
    start, end = clock_words(place.start_time, zone), clock_words(place.end_time, zone)
    return f"{who}, visit {place.position + 1} of the day, planned {start}-{end}"


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
