"""What each role sees of an answer.

Clients, technicians and the portal see what is listed here, message by message, and nothing else:
a new field, message or method is hidden from them until it is listed. Planners and integrators see
everything but the reasons of absences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from slotsvc.domain.access import Role
from slotsvc.domain.errors import HoldLimitError, SlotGoneError, SlotsvcError

type Fields = Mapping[str, frozenset[str]]

OURS = "slotsvc.v1."
VALUES = frozenset({"TimeWindow", "LocalInterval", "OfferGrid", "BreakRule"})
"""Messages of ours that are plain values, shown whole."""


def _listed(**fields: str) -> Fields:
    return {message: frozenset(text.split()) for message, text in fields.items()}


CLIENT = _listed(
    GetTeamResponse="team",
    Team="name display_name time_zone",
    GetActivityTypeResponse="activity_type",
    ActivityType="name display_name service_duration",
    GetSiteResponse="site",
    Site="name location time_zone opening_hours client address",
    OpeningDay="intervals",
    SuggestSlotsResponse="slots",
    Slot="token window expire_time rank recommended",
    HoldSlotResponse="hold",
    ExtendHoldResponse="hold",
    ReleaseHoldResponse="",
    Hold="name visit window expire_time extendable",
    BookVisitResponse="visit",
    GetVisitResponse="visit",
    ListVisitsResponse="visits next_page_token",
    RescheduleVisitResponse="visit",
    CancelVisitResponse="visit",
    ListUnplacedResponse="visits next_page_token",
    Visit="name state site activity_type service_duration promise promises hold expire_time client "
    "external_ref etag create_time update_time outcome depart_time actual_start_time "
    "actual_end_time team steps estimated_arrival_time",
    VisitStep="step time",
    Promise="window windows announce_time supersede_time",
)

TECHNICIAN = _listed(
    GetMapResponse="map_id display_name south_west north_east attribution",
    GetTileResponse="tile etag not_modified",
    GetTeamResponse="team",
    Team="name display_name time_zone",
    GetActivityTypeResponse="activity_type",
    ActivityType="name display_name service_duration required_tags",
    GetTechnicianResponse="technician",
    Technician="name display_name team time_zone start_location end_location working_time tags",
    WorkingTime="monday tuesday wednesday thursday friday saturday sunday",
    DayHours="hours breaks more start_location end_location",
    ShiftHours="hours breaks start_location end_location",
    GetVisitResponse="visit",
    ListVisitsResponse="visits next_page_token",
    DepartForVisitResponse="visit",
    StartVisitResponse="visit",
    ReportStepResponse="visit",
    FinishVisitResponse="visit",
    Visit="name state site location activity_type service_duration required_tags promise promises "
    "place client external_ref note etag update_time outcome depart_time actual_start_time "
    "actual_end_time steps setup_duration pausable",
    VisitStep="step time",
    Promise="window windows announce_time supersede_time",
    PlannedPlace="technician date position shift_number arrival_time start_time end_time",
    GetDayResponse="routes",
    Route="technician technician_display_name date shift_number version shift start_location "
    "end_location stops transitions travel_duration waiting_duration end_time latest_end_time "
    "overtime_duration map_id state",
    RouteStop="visit held state location arrival_time start_time end_time promise",
    Transition="travel_duration waiting_duration breaks",
)

PORTAL = _listed(
    ListTenantsResponse="tenants next_page_token",
    GetTenantResponse="tenant",
    Tenant="name display_name",
    GetTeamResponse="team",
    ListTeamsResponse="teams next_page_token",
    Team="name display_name time_zone",
    GetActivityTypeResponse="activity_type",
    ListActivityTypesResponse="activity_types next_page_token",
    ActivityType="name display_name service_duration offer_grid notice horizon",
    GetSiteResponse="site",
    ListSitesResponse="sites next_page_token",
    Site="name display_name location time_zone opening_hours client address",
    OpeningDay="intervals",
    GetMapResponse="map_id display_name south_west north_east attribution travel_provenance",
    GetTileResponse="tile etag not_modified",
    GetShapeResponse="points travel_seconds distance_meters travel_provenance",
    GeocodeResponse="results",
    GeocodeResult="display_name location quality",
)

TO_THE_NEXT_S = 5 * 60
ROUNDED_UP = _listed(Visit="estimated_arrival_time")
"""Moments that those who see what is listed are told no finer: a planned moment to the second is
not theirs, and nobody is there to the second."""

SHOWN: Mapping[Role, Fields] = {
    Role.CLIENT: CLIENT,
    Role.TECHNICIAN: TECHNICIAN,
    Role.PORTAL: PORTAL,
}
"""Roles that see what is listed only."""

_REASONS = _listed(Absence="category note")

HIDDEN: Mapping[Role, Fields] = {Role.PLANNER: _REASONS, Role.INTEGRATOR: _REASONS}
"""Roles that see all but what is listed. A hidden category reads as unset: it stays what it is
when a planner writes back what he or she read."""


GONE = "the slot is taken"
DAY_IS_FULL = "too much of that day is held; try again later, or take another day"
"""What those who are told no reasons are told: absences, quotas and other holds are not theirs."""


def redacted(answer: Message, role: Role) -> Message:
    """``answer`` itself, without what the role may not see."""
    if (shown := SHOWN.get(role)) is not None:
        _keep(answer, shown)
    elif hidden := HIDDEN.get(role):
        _hide(answer, hidden)
    return answer


def redacted_error(error: SlotGoneError | HoldLimitError, role: Role) -> SlotsvcError:
    """What the role may know of ``error``: its offers are slots, its message may be a reason."""
    told = role not in SHOWN
    if isinstance(error, SlotGoneError):
        offers = [redacted(o, role) for o in error.alternatives if isinstance(o, Message)]
        return SlotGoneError(error.message if told else GONE, offers)
    return error if told or not error.metadata else HoldLimitError(DAY_IS_FULL)


def shown_fields(descriptor: Descriptor, shown: Fields) -> frozenset[str]:
    """Names of the fields of a message that are kept; a message that is not listed has none."""
    if not descriptor.full_name.startswith(OURS) or descriptor.name in VALUES:
        return frozenset(field.name for field in descriptor.fields)
    return shown.get(descriptor.name, frozenset())


def _keep(message: Message, shown: Fields) -> None:
    descriptor: Any = message.DESCRIPTOR  # of one of two classes that do not know each other
    kept = shown_fields(descriptor, shown)
    for field, value in message.ListFields():
        if field.name not in kept:
            message.ClearField(field.name)
        elif field.name in ROUNDED_UP.get(descriptor.name, ()):
            value.FromSeconds(-(-value.seconds // TO_THE_NEXT_S) * TO_THE_NEXT_S)
        else:
            for inner in _inner(field, value):
                _keep(inner, shown)


def _hide(message: Message, hidden: Fields) -> None:
    if not _holds(message.DESCRIPTOR, frozenset(hidden)):
        return
    for name in hidden.get(message.DESCRIPTOR.name, ()):
        message.ClearField(name)
    for field, value in message.ListFields():
        for inner in _inner(field, value):
            _hide(inner, hidden)


def _inner(field: FieldDescriptor, value: Any) -> Iterable[Message]:
    if field.message_type is None:
        return ()
    if field.message_type.GetOptions().map_entry:
        return [inner for inner in value.values() if isinstance(inner, Message)]
    return value if field.is_repeated else (value,)


@cache
def _holds(descriptor: Descriptor, names: frozenset[str]) -> bool:
    """Whether a message is, or can contain, one of those."""
    return _reaches(descriptor, names, set())


def _reaches(descriptor: Descriptor, names: frozenset[str], seen: set[str]) -> bool:
    if descriptor.name in names:
        return True
    if descriptor.full_name in seen:
        return False
    seen.add(descriptor.full_name)
    inner = (field.message_type for field in descriptor.fields if field.message_type is not None)
    return any(_reaches(one, names, seen) for one in inner)
