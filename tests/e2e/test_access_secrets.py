"""What callers must not learn or gain by the way: from page tokens, refusals, metadata and keys."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.calls import Calls, bearer, fresh_id
from benchmarks.company import Company
from benchmarks.sample_company import A, B
from slotsvc.pb.v1 import access_service_pb2 as access
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.access_service_pb2_grpc import AccessServiceStub
from slotsvc.pb.v1.options_pb2 import ROLE_ADMINISTRATOR
from tests.e2e.access_world import World, world
from tests.e2e.days import WEDNESDAY
from tests.service_fixtures import booked, offered, refused, visit_now


@pytest.fixture
async def acme(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def search_of(calls: Calls, world: World) -> Any:
    """What client-a asks for."""
    return Company(calls, "acme").search(world.names["site_a"], client=A, on=WEDNESDAY)


async def let_go(world: World) -> None:
    """client-a's hold is released: a client has one at a time."""
    request = slots.ReleaseHoldRequest(hold=world.names["hold_a"], request_id=fresh_id())
    await (await world.calls("planner")).slots.ReleaseHold(request)


async def backlog_of(world: World, client: str, count: int) -> None:
    """``count`` visits of the client without a place, urgent ones."""
    calls = await world.calls("planner")
    for _ in range(count):
        work = visits.Visit(site=world.names["site_a"], client=client, priority=7)
        work.team = world.names["team"]
        work.activity_type = world.names["service"]
        request = visits.CreateVisitRequest(
            parent="tenants/acme", visit=work, request_id=fresh_id()
        )
        await calls.visits.CreateVisit(request)


def plain(token: str) -> bytes:
    """What anybody can read in a token."""
    return urlsafe_b64decode(token + "=" * (-len(token) % 4))


async def test_a_page_token_tells_a_client_nothing(acme: World) -> None:
    """Neither who comes, nor the place in the order, nor how urgent the work is held to be."""
    calls = await acme.calls("client")
    await let_go(acme)
    await booked(calls, (await offered(calls, search_of(calls, acme)))[0])
    await backlog_of(acme, A, 2)

    listed = visits.ListVisitsRequest(parent="tenants/acme", client=A, page_size=1)
    unplaced = visits.ListUnplacedRequest(parent="tenants/acme", client=A, page_size=1)
    tokens = [
        (await calls.visits.ListVisits(listed)).next_page_token,
        (await calls.visits.ListUnplaced(unplaced)).next_page_token,
    ]

    assert all(tokens)
    for token in tokens:
        assert not any(word in plain(token) for word in (b"ann", b"ben", b"2030"))


async def test_a_page_token_is_for_whom_it_was_made(acme: World) -> None:
    """A client does not go on from where the staff's list of the same question stands."""
    await backlog_of(acme, A, 2)
    client, planner = await acme.calls("client"), await acme.calls("planner")
    request = visits.ListUnplacedRequest(parent="tenants/acme", client=A, page_size=1)

    request.page_token = (await planner.visits.ListUnplaced(request)).next_page_token

    assert len((await planner.visits.ListUnplaced(request)).visits) == 1
    assert (await refused(client.visits.ListUnplaced(request))).fields == {"page_token"}


async def test_a_slot_that_is_gone_does_not_say_why_to_a_client(acme: World) -> None:
    """Planners are told that the technician is away; a client, that the slot is taken."""
    planner, client = await acme.calls("planner"), await acme.calls("client")
    await let_go(acme)
    slot = (await offered(client, search_of(client, acme)))[0]
    staff_slot = (await offered(planner, search_of(planner, acme)))[0]
    company = Company(planner, "acme")
    for who in ("ann", "ben"):
        day = company.at(WEDNESDAY, 0), company.at(WEDNESDAY, 23)
        await company.absence(acme.names[who], *day, id="ill")

    told = {}
    for calls, one in ((client, slot), (planner, staff_slot)):
        request = slots.HoldSlotRequest(token=one.token, request_id=fresh_id())
        error = await refused(calls.slots.HoldSlot(request))
        assert error.reason == "SLOT_GONE"
        told[calls is client] = error.message

    assert told == {
        True: "the slot is taken",
        False: "the technician does not work then any more",
    }


async def test_two_names_are_nobody(acme: World) -> None:
    """A portal that names two is told so; the two are not read as one."""
    key = bearer(acme.keys["portal"])
    for named in ([A, B], [A, A], ["", A]):
        behalf = [("slotsvc-on-behalf-of", f"clients/{name}") for name in named]
        portal = await acme.saying([*key, *behalf])
        error = await refused(visit_now(portal, acme.names["visit_a"]))
        assert error.code == "INVALID_ARGUMENT"


@pytest.mark.parametrize("id", ["%00", "%20", "client-a%0Ax", "%E2%80%AEx", "%C2%85"])
async def test_whom_a_portal_names_is_a_reference(acme: World, id: str) -> None:
    """What no client's reference can be is refused, before it stands in an audit trail."""
    behalf = ("slotsvc-on-behalf-of", f"clients/{id}")
    portal = await acme.saying([*bearer(acme.keys["portal"]), behalf])

    assert (await refused(visit_now(portal, acme.names["visit_a"]))).code == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("methods", "refused_as"),
    [
        ((), "PERMISSION_DENIED"),
        (("CalendarService",), "PERMISSION_DENIED"),
        (("AccessService",), "PERMISSION_DENIED"),
        (("AccessService/CreateApiKey", "MapService/GetMap"), ""),
        (("MapService",), ""),
    ],
)
async def test_a_narrowed_key_makes_no_wider_one(
    acme: World, methods: tuple[str, ...], refused_as: str
) -> None:
    """Whoever may only make keys cannot so get at everything else."""
    own = ["AccessService/CreateApiKey", "MapService"]
    await acme.new_key(
        "administrator", "tenants/acme", "ADMINISTRATOR", display_name="narrow", methods=own
    )
    stub = AccessServiceStub((await acme.calls("narrow")).channel)
    key = access.ApiKey(display_name="made", role=ROLE_ADMINISTRATOR, methods=methods)
    request = access.CreateApiKeyRequest(parent="tenants/acme", api_key=key, request_id=fresh_id())

    if refused_as:
        assert (await refused(stub.CreateApiKey(request))).code == refused_as
    else:
        assert (await stub.CreateApiKey(request)).secret


async def test_a_key_does_not_outlive_its_technician(acme: World) -> None:
    """Whoever gets the id next is somebody else, whom the old key does not open."""
    admin = await acme.calls("administrator")
    ann = await admin.calendar.GetTechnician(cal.GetTechnicianRequest(name=acme.names["ann"]))
    zed = cal.Technician(display_name="Zed", team=acme.names["team"])
    zed.start_location.CopyFrom(ann.technician.start_location)
    zed.working_time.CopyFrom(ann.technician.working_time)
    made = cal.CreateTechnicianRequest(
        parent="tenants/acme", technician_id="zed", technician=zed, request_id=fresh_id()
    )
    name = (await admin.calendar.CreateTechnician(made)).technician.name
    key = await acme.new_key(
        "administrator", "tenants/acme", "TECHNICIAN", technician=name, display_name="phone"
    )

    gone = cal.DeleteTechnicianRequest(name=name, request_id=fresh_id())
    await admin.calendar.DeleteTechnician(gone)
    made.request_id = fresh_id()
    await admin.calendar.CreateTechnician(made)

    phone = await acme.calls("phone")
    asked = phone.calendar.GetTechnician(cal.GetTechnicianRequest(name=name))
    assert (await refused(asked)).code == "UNAUTHENTICATED"
    stub = AccessServiceStub(admin.channel)
    now = await stub.GetApiKey(access.GetApiKeyRequest(name=key.name))
    assert now.api_key.HasField("revoke_time")
    ben = await acme.calls("other technician")
    await ben.calendar.GetTechnician(cal.GetTechnicianRequest(name=acme.names["ben"]))


async def test_an_offer_for_a_visit_that_changed_hands_is_void(acme: World) -> None:
    """Whose visit it was when the slots were asked for cannot hold, book or read it any more."""
    client, planner = await acme.calls("client"), await acme.calls("planner")
    await let_go(acme)
    await backlog_of(acme, A, 1)
    listed = visits.ListUnplacedRequest(parent="tenants/acme", client=A)
    waiting = (await client.visits.ListUnplaced(listed)).visits[0].name
    for visit in (waiting, acme.names["visit_a"]):
        search = slots.SuggestSlotsRequest(
            team=acme.names["team"], request=slots.SlotRequest(visit=visit, client=A)
        )
        token = (await offered(client, search))[0].token
        changed = visits.UpdateVisitRequest(
            visit=visits.Visit(name=visit, client=B), request_id=fresh_id()
        )
        changed.update_mask.paths.append("client")
        await planner.visits.UpdateVisit(changed)

        hold = slots.HoldSlotRequest(token=token, request_id=fresh_id())
        assert (await refused(client.slots.HoldSlot(hold))).reason == "WRONG_STATE"
        book = visits.BookVisitRequest(token=token, request_id=fresh_id())
        assert (await refused(client.visits.BookVisit(book))).code in (
            "FAILED_PRECONDITION",
            "INVALID_ARGUMENT",
        )
