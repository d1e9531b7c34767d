"""One team's day as a planner looks at it: technicians, their stops, legs and pauses, in order.

Built from the engine's answers alone; nothing here calls anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.latlng_pb2 import LatLng

from slotsvc.pb.v1.calendar_service_pb2 import ActivityType, Site
from slotsvc.pb.v1.plan_service_pb2 import Route, RouteFinding, RouteState, RouteStop, Transition
from slotsvc.pb.v1.types_pb2 import TimeWindow, TravelProvenance
from slotsvc.pb.v1.visit_service_pb2 import Visit, VisitState

type Span = tuple[datetime, datetime]
"""Half-open, aware UTC."""

type Place = tuple[float, float]
"""Latitude, longitude, WGS 84 degrees."""


@dataclass(frozen=True, slots=True)
class StopRow:
    """A visit on a route. ``title``: the kind of work. ``promise`` None: nothing was told.

    ``number``: 1 for the first stop of the technician's day. ``state``: VisitState's word.
    """

    visit: str
    number: int
    title: str
    address: str
    client: str
    state: str
    arrival: datetime
    start: datetime
    end: datetime
    place: Place
    promise: Span | None
    held: bool
    at_risk: bool
    being_replaced: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule. ``kind``: the engine's stable word. ``size``: zero where it has none.

    ``visit`` "": it is about the whole day. ``title``, ``technician``: for people.
    """

    kind: str
    size: timedelta
    count: int
    visit: str
    title: str
    technician: str
    cause: str
    since: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """One shift: a route. ``end``: back at its end place; None where nobody drives."""

    number: int
    span: Span
    state: str
    stops: list[StopRow]
    legs: list[Span]
    pauses: list[Span]
    driving: timedelta
    end: datetime | None
    start_place: Place | None
    end_place: Place | None
    estimated: bool


@dataclass(frozen=True, slots=True)
class TechnicianRow:
    """One technician's day. ``no_shift``: the engine's word for why he does not work, else ""."""

    technician: str
    name: str
    shifts: list[ShiftRow]
    no_shift: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def stops(self) -> list[StopRow]:
        """All his visits of the day, in order."""
        return [stop for shift in self.shifts for stop in shift.stops]

    @property
    def driving(self) -> timedelta:
        """Driving of all his shifts."""
        return sum((shift.driving for shift in self.shifts), timedelta())


@dataclass(frozen=True, slots=True)
class UnplacedRow:
    """Work without a place. ``promises``: windows its client was told all the same."""

    visit: str
    title: str
    address: str
    client: str
    priority: int
    due: datetime | None
    waiting_since: datetime
    reason: str
    promises: list[Span]


@dataclass(frozen=True, slots=True)
class Known:
    """Names of what the engine's answers refer to, by resource name."""

    visits: Mapping[str, Visit]
    sites: Mapping[str, Site]
    types: Mapping[str, ActivityType]

    def title(self, visit: Visit | None) -> str:
        """The kind of work; "" when it is not known here."""
        if visit is None:
            return ""
        kind = self.types.get(visit.activity_type)
        return kind.display_name if kind else ""

    def address(self, visit: Visit | None) -> str:
        """Where it is, for people; "" when it is not known here."""
        site = self.sites.get(visit.site) if visit else None
        return (site.address or site.display_name) if site else ""


def technician_rows(routes: Iterable[Route], known: Known) -> list[TechnicianRow]:
    """One row for each technician, in the engine's order (by name)."""
    rows = []
    for technician, his in groupby(routes, key=lambda route: route.technician):
        rows.append(_technician_row(technician, list(his), known))
    return rows


def unplaced_rows(visits: Iterable[Visit], known: Known) -> list[UnplacedRow]:
    """The backlog in the engine's order, the most urgent first."""
    return [_unplaced_row(visit, known) for visit in visits]


def instant(at: Timestamp) -> datetime:
    """An aware UTC instant."""
    return at.ToDatetime(UTC)


def span(window: TimeWindow) -> Span:
    """Half-open."""
    return instant(window.start_time), instant(window.end_time)


def _technician_row(technician: str, routes: list[Route], known: Known) -> TechnicianRow:
    name = routes[0].technician_display_name
    shifts: list[ShiftRow] = []
    for route in routes:
        if route.HasField("shift"):
            before = sum(len(shift.stops) for shift in shifts)
            shifts.append(_shift_row(route, before, known))
    findings = [_finding(one, name, known) for route in routes for one in route.findings]
    why = "" if shifts else routes[0].no_shift_reason
    return TechnicianRow(technician, name, shifts, why, findings)


def _shift_row(route: Route, before: int, known: Known) -> ShiftRow:
    stops = [_stop_row(stop, before + n, known) for n, stop in enumerate(route.stops, 1)]
    return ShiftRow(
        route.shift_number,
        span(route.shift),
        RouteState.Name(route.state).removeprefix("ROUTE_STATE_"),
        stops,
        _legs(route, stops),
        [span(pause) for leg in route.transitions for pause in leg.breaks],
        route.travel_duration.ToTimedelta(),
        instant(route.end_time) if route.stops and route.HasField("end_time") else None,
        _place(route.start_location) if route.HasField("start_location") else None,
        _place(route.end_location) if route.HasField("end_location") else None,
        route.travel_provenance == TravelProvenance.TRAVEL_PROVENANCE_ESTIMATE,
    )


def _legs(route: Route, stops: list[StopRow]) -> list[Span]:
    """Driving before each stop, and the way home."""
    starts = [instant(route.shift.start_time), *(stop.end for stop in stops)]
    ends = [stop.arrival for stop in stops]
    if stops and route.HasField("end_time"):
        ends.append(instant(route.end_time))
    between = zip(starts, ends, route.transitions, strict=False)
    legs = [_leg(start, end, transition) for start, end, transition in between]
    return [leg for leg in legs if leg[0] < leg[1]]


def _leg(start: datetime, end: datetime, transition: Transition) -> Span:
    """As late as it can be, or, where a pause is taken on arrival, as early."""
    driving = transition.travel_duration.ToTimedelta()
    late = end - driving, end
    pauses = [span(pause) for pause in transition.breaks]
    free = all(late[1] <= pause[0] or pause[1] <= late[0] for pause in pauses)
    return late if free else (start, start + driving)


def _stop_row(stop: RouteStop, number: int, known: Known) -> StopRow:
    visit = known.visits.get(stop.visit)
    return StopRow(
        stop.visit,
        number,
        known.title(visit),
        known.address(visit),
        visit.client if visit else "",
        VisitState.Name(stop.state).removeprefix("VISIT_STATE_"),
        instant(stop.arrival_time),
        instant(stop.start_time),
        instant(stop.end_time),
        _place(stop.location),
        span(stop.promise) if stop.HasField("promise") else None,
        stop.held,
        stop.at_risk,
        stop.being_replaced,
    )


def _finding(finding: RouteFinding, technician: str, known: Known) -> Finding:
    counted = finding.kind == "MAX_VISITS"  # its size is a number of visits
    visit = known.visits.get(finding.visit)
    return Finding(
        finding.kind,
        timedelta() if counted else timedelta(seconds=finding.size_seconds),
        finding.size_seconds if counted else 0,
        finding.visit,
        " · ".join(filter(None, (known.title(visit), known.address(visit)))),
        technician,
        finding.cause,
        instant(finding.since) if finding.HasField("since") else None,
        finding.override_reason,
    )


def _unplaced_row(visit: Visit, known: Known) -> UnplacedRow:
    standing = [one for one in visit.promises if not one.HasField("supersede_time")]
    windows = [window for one in standing for window in one.windows or [one.window]]
    return UnplacedRow(
        visit.name,
        known.title(visit),
        known.address(visit),
        visit.client,
        visit.priority,
        instant(visit.due_time) if visit.HasField("due_time") else None,
        instant(visit.create_time),
        Visit.DESCRIPTOR.fields_by_name["unplaced_reason"]
        .enum_type.values_by_number[visit.unplaced_reason]
        .name.removeprefix("UNPLACED_REASON_"),
        [span(window) for window in windows],
    )


def _place(at: LatLng) -> Place:
    return at.latitude, at.longitude
