"""Wrong requests: everything that is wrong, at once, each with its path."""

from __future__ import annotations

import math
from typing import Any

import pytest

from benchmarks.calls import Told, fresh_id
from benchmarks.company import DOWNTOWN, Company
from slotsvc.cli.wire import pb_date, pb_place
from slotsvc.pb.v1 import map_service_pb2 as maps
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.e2e.days import TODAY, TOMORROW
from tests.service_fixtures import RunningService, booked, offered, refused

BACKWARDS = {"start_time": {"seconds": 2_000_000_000}, "end_time": {"seconds": 1_900_000_000}}
EMPTY = {"start_time": {"seconds": 2_000_000_000}, "end_time": {"seconds": 2_000_000_000}}


def wrong(told: Told) -> set[str]:
    """The paths, of what must be INVALID_ARGUMENT."""
    assert (told.code, told.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST"), told
    assert all(reason for _, reason in told.violations)
    return told.fields


async def test_everything_wrong_is_told_at_once(service: RunningService, company: Company) -> None:
    """One answer names all the wrong fields of a search."""
    search = slots.SuggestSlotsRequest(
        team=company.team,
        request=slots.SlotRequest(
            location=pb_place(math.nan, 181.0),
            activity_type="tenants/acme/teams/crew",
            service_duration={"seconds": -60},
            required_tags=["UPPER", "boiler", "boiler"],
            first_date=pb_date(TOMORROW),
            last_date=pb_date(TODAY),
            allowed_dates=[{"year": 2030, "month": 2, "day": 30}],
            allowed_windows=[BACKWARDS, EMPTY, {"start_time": {"seconds": 2_000_000_000}}],
            preferred_windows=[{"start_time": {"seconds": 10**12}, "end_time": {"nanos": 5}}],
            required_technicians=["ann"],
            forbidden_technicians=["tenants/rival/technicians/ann"],
            offer_grid={"cells": [], "step": {"seconds": 0}},
            notice={"seconds": -1},
            client="x" * 201,
        ),
        max_slots=51,
        max_slots_per_day=-1,
        max_rejections=501,
        weights={"travel": math.inf, "waiting": -1, "day_away": 100_001},
    )
    found = wrong(await refused(service.calls.slots.SuggestSlots(search)))
    assert found >= {
        "request.location.latitude",
        "request.location.longitude",
        "request.activity_type",
        "request.service_duration",
        "request.required_tags[0]",
        "request.required_tags[2]",
        "request.last_date",
        "request.allowed_dates[0]",
        "request.allowed_windows[0].end_time",
        "request.allowed_windows[1].end_time",
        "request.allowed_windows[2].end_time",
        "request.preferred_windows[0].start_time",
        "request.preferred_windows[0].end_time",
        "request.required_technicians[0]",
        "request.forbidden_technicians[0]",
        "request.offer_grid.cells",
        "request.offer_grid.step",
        "request.notice",
        "request.client",
        "max_slots",
        "max_slots_per_day",
        "max_rejections",
        "weights.travel",
        "weights.waiting",
        "weights.day_away",
    }


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ({"location": (91.0, 0.0)}, "request.location.latitude"),
        ({"location": (-90.1, 0.0)}, "request.location.latitude"),
        ({"location": (0.0, math.inf)}, "request.location.longitude"),
        ({"service_duration": {"seconds": 0}}, "request.service_duration"),
        ({"service_duration": {"seconds": 59}}, "request.service_duration"),
        ({"service_duration": {"seconds": 86_401}}, "request.service_duration"),
        ({"service_duration": {"seconds": 2**62}}, "request.service_duration"),
        ({"service_duration": {"seconds": 60, "nanos": 1}}, "request.service_duration"),
        ({"last_date": {"year": 2031, "month": 6, "day": 5}}, "request.last_date"),
        ({"first_date": {"year": 2030, "month": 6}}, "request.first_date"),
        ({"first_date": {"year": 1, "month": 1, "day": 1}}, "request.first_date"),
        ({"required_tags": ["plumbing"]}, "request.required_tags"),
        ({"required_tags": [f"t{n}" for n in range(33)]}, "request.required_tags"),
        ({"allowed_windows": [EMPTY] * 65}, "request.allowed_windows"),
        ({"allowed_dates": [{"year": 2030, "month": 7, "day": 1}] * 367}, "request.allowed_dates"),
        ({"required_technicians": ["tenants/acme/technicians/nobody"]},
         "request.required_technicians"),
        ({"notice": {"seconds": 61 * 86_400}}, "request.notice"),
        ({"client": "a\x00b"}, "request.client"),
        ({"offer_grid": {"cells": [{"start": {"hours": 25}, "end": {"hours": 9}}]}},
         "request.offer_grid.cells[0].start"),
    ],
)  # fmt: skip
async def test_each_limit_of_a_search(
    service: RunningService, company: Company, request_: dict[str, Any], path: str
) -> None:
    """One step over the limit names the field."""
    place = request_.pop("location", DOWNTOWN)
    told = await refused(service.calls.slots.SuggestSlots(company.search(place, **request_)))
    assert any(field.startswith(path) for field in wrong(told)), told.violations


async def test_unknown_tags_and_technicians_are_told_together(
    service: RunningService, company: Company
) -> None:
    """What only the database knows is collected too."""
    search = company.search(
        required_tags=["plumbing", "wizardry"],
        preferred_technicians=["tenants/acme/technicians/nobody"],
        last_technician="tenants/acme/technicians/gone",
    )
    found = wrong(await refused(service.calls.slots.SuggestSlots(search)))
    assert {field.partition("[")[0] for field in found} == {
        "request.required_tags",
        "request.preferred_technicians",
        "request.last_technician",
    }


async def test_an_empty_search_says_what_is_missing(
    service: RunningService, company: Company
) -> None:
    """Team and request, then place, duration and grid."""
    assert wrong(await refused(service.calls.slots.SuggestSlots(slots.SuggestSlotsRequest()))) >= {
        "team",
        "request",
    }
    bare = slots.SuggestSlotsRequest(team=company.team, request=slots.SlotRequest())
    assert "request.place" in wrong(await refused(service.calls.slots.SuggestSlots(bare)))
    placed = company.search(activity_type="")
    found = wrong(await refused(service.calls.slots.SuggestSlots(placed)))
    assert found == {"request.service_duration", "request.offer_grid"}


@pytest.mark.parametrize("missing", ["team", "site", "activity_type", "visit"])
async def test_what_does_not_exist_is_not_found(
    service: RunningService, company: Company, missing: str
) -> None:
    """NOT_FOUND, for names that are well formed."""
    search = {
        "team": company.search(),
        "site": company.search("tenants/acme/sites/nowhere"),
        "activity_type": company.search(activity_type="tenants/acme/activityTypes/nothing"),
        "visit": company.search(visit="tenants/acme/visits/v-0"),
    }[missing]
    if missing == "team":
        search.team = "tenants/acme/teams/nobody"
    assert (await refused(service.calls.slots.SuggestSlots(search))).code == "NOT_FOUND"


async def test_mutations_tell_everything_too(service: RunningService, company: Company) -> None:
    """Hold, extend, release, book, reschedule, cancel: every violation of each."""
    calls, long = service.calls, "x" * 101
    expected: list[tuple[Any, Any, set[str]]] = [
        (
            calls.slots.HoldSlot,
            slots.HoldSlotRequest(
                hold_duration={"seconds": 9}, external_ref="x" * 201, note="x" * 2001
            ),
            {"token", "request_id", "hold_duration", "external_ref", "note"},
        ),
        (
            calls.slots.ExtendHold,
            slots.ExtendHoldRequest(
                hold="holds/1", request_id=long, hold_duration={"seconds": 901}
            ),
            {"hold", "request_id", "hold_duration"},
        ),
        (
            calls.slots.ReleaseHold,
            slots.ReleaseHoldRequest(hold="tenants/acme/visits/v-1"),
            {"hold", "request_id"},
        ),
        (
            calls.visits.BookVisit,
            visits.BookVisitRequest(pin=77, external_ref="x" * 201),  # type: ignore[arg-type]
            {"source", "request_id", "pin", "external_ref"},
        ),
        (
            calls.visits.RescheduleVisit,
            visits.RescheduleVisitRequest(name="visit"),
            {"source", "request_id", "name"},
        ),
        (
            calls.visits.CancelVisit,
            visits.CancelVisitRequest(cause="x" * 501, etag="x" * 101),
            {"name", "request_id", "cause", "etag"},
        ),
        (calls.visits.GetVisit, visits.GetVisitRequest(name="tenants/acme"), {"name"}),
        (
            calls.visits.ListVisits,
            visits.ListVisitsRequest(
                parent="acme", page_size=-1, team="crew", state=99, client="x" * 201,  # type: ignore[arg-type]
                first_date={"year": 2030, "month": 13, "day": 1},
            ),
            {"parent", "page_size", "team", "state", "client", "first_date"},
        ),
        (calls.plan.GetDay, plan.GetDayRequest(technician="ann"), {"team", "date", "technician"}),
        (calls.map.GetTile, maps.GetTileRequest(zoom=12, x=-1, y=-1), {"zoom"}),
        (
            calls.map.GetShape,
            maps.GetShapeRequest(locations=[pb_place(math.nan, 0.0)]),
            {"locations"},
        ),
        (
            calls.map.Geocode,
            maps.GeocodeRequest(query="x", max_results=21),
            {"query", "max_results"},
        ),
    ]  # fmt: skip
    for method, request, fields in expected:
        found = wrong(await refused(method(request)))
        assert fields <= found, (request, found)


async def test_a_hold_confirmed_takes_no_other_reference(
    service: RunningService, company: Company
) -> None:
    """external_ref and note belong to HoldSlot; they are refused, not dropped."""
    request = visits.BookVisitRequest(
        hold="tenants/acme/holds/h-1", request_id=fresh_id(), note="late"
    )
    assert wrong(await refused(service.calls.visits.BookVisit(request))) == {"hold"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"options": {"make_room": True}}, "make_room"),
        ({"options": {"weights": {"displacement": 1.0}}}, "weights.displacement"),
        ({"options": {"freedom": types.FREEDOM_REASSIGN}}, "freedom = FREEDOM_REASSIGN"),
        ({"seats": 2}, "request.seats"),
    ],
)
async def test_planned_fields_are_refused_by_name(
    service: RunningService, company: Company, change: dict[str, Any], named: str
) -> None:
    """UNIMPLEMENTED, naming the field: never silently ignored."""
    told = await refused(service.calls.slots.SuggestSlots(company.search(**change)))
    assert (told.code, told.reason) == ("UNIMPLEMENTED", "FIELD_NOT_IMPLEMENTED")
    assert told.metadata["field"] == named


async def test_the_backlog_is_not_listed_by_state(
    service: RunningService, company: Company
) -> None:
    """Work without a place has no place in an order of days: ListUnplaced has it."""
    request = visits.ListVisitsRequest(parent=company.tenant, state=visits.VISIT_STATE_UNPLACED)
    assert wrong(await refused(service.calls.visits.ListVisits(request))) == {"state"}


async def test_limits_themselves_are_fine(service: RunningService, company: Company) -> None:
    """The largest values that are allowed are."""
    search = company.search(
        on=TOMORROW,
        max_slots=50,
        max_slots_per_day=50,
        max_rejections=500,
        client="x" * 200,
        first_date=pb_date(TODAY),
        last_date={"year": 2031, "month": 6, "day": 4},
    )
    slot = (await offered(service.calls, search))[0]
    visit = await booked(service.calls, slot, external_ref="x" * 200, note="x" * 2000)
    assert visit.client == "x" * 200
