"""One request for every method, about company acme, client-a and technician ann.

Written as JSON; ``{name}`` stands for a name of ``benchmarks.sample_company``, ``{fresh}`` for a
new request_id. A new method needs a row here: the tests of access and of fuzzing say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from benchmarks.calls import fresh_id

type Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A request. ``client``, ``technician``: what they say besides. ``shared``: about nothing that
    is one client's or technician's, so all of them may ask. ``answer``: what who is let in gets."""

    request: Json
    client: Json = field(default_factory=dict)
    technician: Json = field(default_factory=dict)
    shared: bool = False
    answer: str = "OK"

    def said_by(self, kind: str) -> dict[str, Any]:
        """The request of a ``client``, a ``technician`` or anybody else."""
        besides = {"client": self.client, "technician": self.technician}.get(kind, {})
        return {**self.request, **besides}


ID = {"request_id": "{fresh}"}
DAY = {"year": 2030, "month": 6, "day": 4}
WINDOW = {"start_time": "2030-06-04T08:00:00Z", "end_time": "2030-06-04T10:00:00Z"}
PLACE = {"latitude": 43.73, "longitude": 7.42}
HOURS = {"start": {"hours": 8}, "end": {"hours": 16}}
GRID = {"cells": [{"start": {"hours": 8}, "end": {"hours": 10}}]}

TENANT = {"display_name": "Acme"}
TEAM = {"display_name": "Crew", "time_zone": "Europe/Monaco"}
TECHNICIAN = {
    "display_name": "Ann",
    "team": "{team}",
    "start_location": PLACE,
    "working_time": {"monday": {"hours": HOURS}},
}
SITE = {"display_name": "Casino", "location": PLACE}
ACTIVITY = {"display_name": "Service", "service_duration": "3600s", "offer_grid": GRID}
EXCEPTION = {"date": {"year": 2030, "month": 7, "day": 4}}
ABSENCE = {"window": WINDOW}
VAN = {"display_name": "Van", "certificates": [{"tag": "{tag}", "level": 2}]}
CLOSURE = {"first_date": DAY, "last_date": DAY, "on_duty": ["{ann}"]}
LOAN = {"to_team": "{other_team}", "first_date": DAY, "last_date": DAY}
MOVE = {"visit": "{visit_a}", "technician": "{ann}", "date": DAY}
WANTED = {
    "site": "{site_a}",
    "client": "{client_a}",
    "activity_type": "{service}",
    "allowed_dates": [DAY],
}
KEY = {"display_name": "k", "role": "ROLE_PLANNER"}


def _five(kind: str, field: str, parent: str, name: str, value: Json, **rows: bool) -> Any:
    """Create, get, list, update, delete of one kind."""
    get = Row({"name": name}, shared=rows.get("shared", False))
    plural = f"{kind}s"
    return {
        f"Create{kind}": Row({"parent": parent, f"{field}_id": "new", field: value, **ID}),
        f"Get{kind}": get,
        f"List{plural}": Row({"parent": parent}),
        f"Update{kind}": Row({field: {"name": name, **value}, **ID}),
        f"Delete{kind}": Row({"name": name, **ID}),
    }


CALENDAR: dict[str, Row] = {
    "CreateTenant": Row({"tenant_id": "new", "tenant": TENANT, **ID}),
    "GetTenant": Row({"name": "{tenant}"}),
    "ListTenants": Row({}),
    "UpdateTenant": Row({"tenant": {"name": "{tenant}", **TENANT}, **ID}),
    **_five("Team", "team", "{tenant}", "{team}", TEAM, shared=True),
    **_five("Technician", "technician", "{tenant}", "{ann}", TECHNICIAN),
    **_five("Site", "site", "{tenant}", "{site_a}", SITE),
    **_five("ActivityType", "activity_type", "{tenant}", "{service}", ACTIVITY, shared=True),
    **_five("ShiftException", "shift_exception", "{ann}", "{exception}", EXCEPTION),
    **_five("Absence", "absence", "{ann}", "{absence}", ABSENCE),
    **_five("Loan", "loan", "{ann}", "{loan}", LOAN),
    **_five("Van", "van", "{tenant}", "{van}", VAN),
    **_five("Closure", "closure", "{tenant}", "{closure}", CLOSURE),
}

ROWS: dict[str, dict[str, Row]] = {
    "AccessService": {
        "CreateApiKey": Row({"parent": "{tenant}", "api_key": KEY, **ID}),
        "GetApiKey": Row({"name": "{key}"}),
        "ListApiKeys": Row({"parent": "{tenant}"}),
        "RevokeApiKey": Row({"name": "{key}", **ID}),
    },
    "CalendarService": CALENDAR,
    "ExecutionService": {
        "DepartForVisit": Row({"name": "{visit_a}", **ID}),
        "StartVisit": Row({"name": "{visit_a}", **ID}),
        "ReportStep": Row({"name": "{visit_a}", "step": "parked", **ID}),
        "FinishVisit": Row({"name": "{visit_a}", "outcome": "OUTCOME_DONE", **ID}),
    },
    "JobService": {
        "GetJob": Row({"name": "service/jobs/1"}),
        "ListJobs": Row({}),
        "RetryJob": Row({"name": "service/jobs/1", **ID}),
        "DropJob": Row({"name": "service/jobs/1", **ID}, answer="FAILED_PRECONDITION WRONG_STATE"),
    },
    "MapService": {
        "GetMap": Row({}, shared=True),
        # there is no map, which the method itself says
        "GetTile": Row({"zoom": 13, "x": 4264, "y": 2986}, shared=True, answer="NOT_FOUND"),
        "GetShape": Row({"locations": [PLACE, PLACE]}),
        "Geocode": Row({"query": "casino"}),
    },
    "PlanService": {
        "GetDay": Row({"team": "{team}", "date": DAY}, technician={"technician": "{ann}"}),
        "PublishRoutes": Row({"team": "{team}", "first_date": DAY, "last_date": DAY, **ID}),
        "CheckPlan": Row({"parent": "{tenant}", "moves": [MOVE]}),
        "MoveVisit": Row({"move": MOVE, **ID}),
        "ListViolations": Row({"team": "{team}", "first_date": DAY, "last_date": DAY}),
        "WatchTeam": Row({"team": "{team}"}),
    },
    "SlotService": {
        "SuggestSlots": Row(
            {
                "team": "{team}",
                "request": WANTED,
            }
        ),
        "SuggestSlotsBatch": Row(
            {
                "parent": "{tenant}",
                "requests": [{"team": "{team}", "request": WANTED}, {"team": "{team}"}],
            }
        ),
        "WhyNot": Row(
            {"team": "{team}", "technician": "{ann}", "request": WANTED, "window": WINDOW}
        ),
        "HoldSlot": Row(
            {"token": "{token_of_planner}", **ID}, client={"token": "{token_of_client}"}
        ),
        "ExtendHold": Row({"hold": "{hold_a}", **ID}),
        "ReleaseHold": Row({"hold": "{hold_a}", **ID}),
    },
    "VisitService": {
        "BookVisit": Row({"hold": "{hold_a}", **ID}),
        "GetVisit": Row({"name": "{visit_a}"}),
        "ListVisits": Row(
            {"parent": "{tenant}"},
            client={"client": "{client_a}"},
            technician={"technician": "{ann}"},
        ),
        "RescheduleVisit": Row({"name": "{visit_a}", "hold": "{hold_a}", **ID}),
        "CancelVisit": Row({"name": "{visit_a}", **ID}),
        "CreateVisit": Row({"parent": "{tenant}", "visit": {"site": "{site_a}"}, **ID}),
        "UpdateVisit": Row({"visit": {"name": "{visit_a}", "note": "gate code"}, **ID}),
        "ListUnplaced": Row({"parent": "{tenant}"}, client={"client": "{client_a}"}),
        "UnplaceVisit": Row({"name": "{visit_a}", **ID}),
        "AnnouncePromise": Row({"name": "{visit_a}", "windows": [WINDOW], **ID}),
    },
}


def row_of(method: MethodDescriptor) -> Row:
    """The row of a method; ``KeyError`` when there is none."""
    return ROWS[method.containing_service.name][method.name]


def sample_request(method: MethodDescriptor, names: Mapping[str, str], kind: str = "") -> Message:
    """The row's request, as a ``client``, a ``technician`` or anybody else makes it."""
    said = filled(row_of(method).said_by(kind), {**names, "fresh": fresh_id()})
    return json_format.ParseDict(said, GetMessageClass(method.input_type)())


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """The value with every ``{name}`` in its texts replaced."""
    if isinstance(value, str):
        return value.format_map(names)
    if isinstance(value, Mapping):
        return {key: filled(inner, names) for key, inner in value.items()}
    return [filled(inner, names) for inner in value] if isinstance(value, list) else value
