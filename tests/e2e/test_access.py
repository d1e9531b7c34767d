"""Keys, roles and owners, as the holders of keys meet them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks.calls import Calls, bearer, fresh_id
from benchmarks.company import Company
from benchmarks.sample_company import A, B
from slotsvc.pb.v1 import access_service_pb2 as access
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import map_service_pb2 as maps
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.access_service_pb2_grpc import AccessServiceStub
from slotsvc.store.tables import AUDIT
from tests.e2e.access_world import World, world
from tests.e2e.days import WEDNESDAY
from tests.service_fixtures import booked, held, offered, refused, visit_now

ASK = maps.GetMapRequest()


@pytest.fixture
async def acme(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def search_of(calls: Calls, world: World, client: str, letter: str) -> Any:
    """What a client asks for: its own site, nothing but windows."""
    company = Company(calls, "acme")
    return company.search(world.names[f"site_{letter}"], client=client, on=WEDNESDAY)


async def let_go(world: World) -> None:
    """client-a's hold is released: a client has one at a time."""
    calls = await world.calls("planner")
    request = slots.ReleaseHoldRequest(hold=world.names["hold_a"], request_id=fresh_id())
    await calls.slots.ReleaseHold(request)


async def test_a_revoked_key_is_refused_at_once(acme: World) -> None:
    """The very next call after the revocation is refused, although the key was just believed."""
    key = await acme.new_key("administrator", acme.names["tenant"], "PLANNER", display_name="lost")
    calls = await acme.calls("lost")
    await calls.map.GetMap(ASK)
    admin = AccessServiceStub((await acme.calls("administrator")).channel)

    revoked = await admin.RevokeApiKey(
        access.RevokeApiKeyRequest(name=key.name, request_id=fresh_id())
    )

    assert revoked.api_key.HasField("revoke_time")
    assert (await refused(calls.map.GetMap(ASK))).code == "UNAUTHENTICATED"


async def test_a_refused_key_says_nothing_about_why(acme: World) -> None:
    """None, garbage, a wrong secret, an expired and a revoked key are told in the same words."""
    planner = acme.keys["planner"]
    told = set()
    for metadata in (
        [],
        bearer("garbage"),
        bearer(f"slk_abcdefghijkl_{43 * 'x'}"),
        bearer(planner[:-1] + ("A" if planner[-1] != "A" else "B")),
        bearer(acme.keys["expired"]),
        bearer(acme.keys["revoked"]),
        [("authorization", f"Basic {planner}")],
        [*bearer(planner), *bearer(planner)],
    ):
        error = await refused((await acme.saying(metadata)).map.GetMap(ASK))
        told.add((error.code, error.message, error.reason, *error.metadata))

    assert told == {
        ("UNAUTHENTICATED", "a valid API key is needed (authorization: Bearer slk_…)",
         "UNAUTHENTICATED")
    }  # fmt: skip


async def test_the_secret_of_a_key_is_shown_once(acme: World) -> None:
    """A repeated CreateApiKey makes no second key and tells no text; lists never do."""
    stub = AccessServiceStub((await acme.calls("administrator")).channel)
    request = access.CreateApiKeyRequest(
        parent=acme.names["tenant"],
        api_key=access.ApiKey(display_name="once", role="ROLE_PLANNER"),
        request_id=fresh_id(),
    )
    first, again = await stub.CreateApiKey(request), await stub.CreateApiKey(request)

    assert first.secret.startswith("slk_")
    assert (again.api_key, again.secret) == (first.api_key, "")
    listed = await stub.ListApiKeys(access.ListApiKeysRequest(parent=acme.names["tenant"]))
    assert first.api_key in listed.api_keys
    assert first.secret.split("_", 2)[2] not in str(listed)


async def test_a_key_remembers_when_it_was_used(acme: World) -> None:
    """To the hour, so that a call costs no write."""
    stub = AccessServiceStub((await acme.calls("administrator")).channel)
    await (await acme.calls("planner")).map.GetMap(ASK)

    used: set[str] = set()
    async with asyncio.timeout(10):  # it is noted behind the call, not before its answer
        while not {"administrator", "planner"} <= used:
            listed = await stub.ListApiKeys(access.ListApiKeysRequest(parent=acme.names["tenant"]))
            used = {key.display_name for key in listed.api_keys if key.HasField("last_use_time")}
    assert "other technician" not in used


async def test_a_key_can_be_narrowed_to_methods(acme: World) -> None:
    """A key for searches does nothing else."""
    await acme.new_key(
        "administrator", acme.names["tenant"], "PLANNER",
        display_name="searcher", methods=["SlotService/SuggestSlots", "MapService"],
    )  # fmt: skip
    calls = await acme.calls("searcher")

    await calls.map.GetMap(ASK)
    assert await offered(calls, search_of(calls, acme, "", "a"))
    request = visits.GetVisitRequest(name=acme.names["visit_a"])
    assert (await refused(calls.visits.GetVisit(request))).code == "PERMISSION_DENIED"


async def test_a_client_gets_windows_and_nothing_else(acme: World) -> None:
    """Offers, holds and visits of a client name no technician, cost, order or reason."""
    calls = await acme.calls("client")

    await let_go(acme)
    answer = await calls.slots.SuggestSlots(search_of(calls, acme, A, "a"))
    hold = await held(calls, answer.slots[0])
    visit = await visit_now(calls, acme.names["visit_a"])

    assert not answer.HasField("receipt")
    for slot in answer.slots:
        told = {field.name for field, _ in slot.ListFields()}
        assert told <= {"token", "window", "expire_time", "rank", "recommended"}
    assert not hold.HasField("place")
    assert hold.HasField("window")
    assert visit.HasField("promise")
    assert not visit.HasField("place")


async def test_a_client_is_not_told_more_by_an_error(acme: World) -> None:
    """The alternatives to a slot that is gone are offers like all others, and can be held."""
    client, planner = await acme.calls("client"), await acme.calls("planner")
    await let_go(acme)
    slot = (await offered(client, search_of(client, acme, A, "a")))[0]
    for _ in range(20):
        rest = (await planner.slots.SuggestSlots(search_of(planner, acme, "", "a"))).slots
        same = [other for other in rest if other.window == slot.window]
        if not same:
            break
        await booked(planner, same[0])

    request = slots.HoldSlotRequest(token=slot.token, request_id=fresh_id())
    gone = await refused(client.slots.HoldSlot(request))

    assert gone.reason == "SLOT_GONE"
    assert gone.alternatives
    assert not any(other.HasField("place") or other.why for other in gone.alternatives)
    assert await held(client, gone.alternatives[0])


async def test_an_offer_is_for_whom_it_was_made(acme: World) -> None:
    """A client's token is no use to another client or to staff, nor theirs to a client."""
    tokens = {}
    for who, client, letter in (("client", A, "a"), ("other client", B, "b"), ("planner", "", "a")):
        calls = await acme.calls(who)
        tokens[who] = (await offered(calls, search_of(calls, acme, client, letter)))[0].token

    for who in tokens:
        calls = await acme.calls(who)
        for other in tokens.keys() - {who}:
            request = slots.HoldSlotRequest(token=tokens[other], request_id=fresh_id())
            assert (await refused(calls.slots.HoldSlot(request))).reason == "SLOT_TOKEN_INVALID"
    integrator = await acme.calls("integrator")
    assert await held(integrator, slots.Slot(token=tokens["planner"]))


async def test_clients_cannot_have_each_others_answers(acme: World) -> None:
    """Another client's request_id with its very request gets nothing, and stands in nobody's
    way."""
    calls, other = await acme.calls("client"), await acme.calls("other client")
    shared = fresh_id()
    request = slots.ReleaseHoldRequest(hold=acme.names["hold_a"], request_id=shared)
    await calls.slots.ReleaseHold(request)

    assert (await refused(other.slots.ReleaseHold(request))).code == "NOT_FOUND"
    await other.slots.ReleaseHold(
        slots.ReleaseHoldRequest(hold=acme.names["hold_b"], request_id=shared)
    )


async def test_a_portal_has_the_rights_of_whom_it_acts_for(acme: World) -> None:
    """On behalf of a client it sees that client's visits as the client does; by itself none."""
    key = bearer(acme.keys["portal"])
    portal = await acme.saying([*key, ("slotsvc-on-behalf-of", f"clients/{A}")])
    plain = await acme.calls("portal")
    own, foreign = acme.names["visit_a"], acme.names["visit_b"]

    assert not (await visit_now(portal, own)).HasField("place")
    assert (await refused(visit_now(portal, foreign))).code == "NOT_FOUND"
    assert (await refused(visit_now(plain, own))).code == "PERMISSION_DENIED"
    sites = await plain.calendar.ListSites(cal.ListSitesRequest(parent=acme.names["tenant"]))
    assert {site.client for site in sites.sites} == {A, B}


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("clients/Zo%C3%A9%20%2F%201", "NOT_FOUND"),
        ("clients/", "INVALID_ARGUMENT"),
        ("clients/%ff", "INVALID_ARGUMENT"),
        ("technicians/Ann Lee", "INVALID_ARGUMENT"),
        ("operators/x", "INVALID_ARGUMENT"),
        ("", "INVALID_ARGUMENT"),
    ],
)
async def test_whom_a_portal_acts_for_is_read_strictly(acme: World, named: str, code: str) -> None:
    """References are percent-encoded; what names nobody is refused as such."""
    key = bearer(acme.keys["portal"])
    portal = await acme.saying([*key, ("slotsvc-on-behalf-of", named)])

    assert (await refused(visit_now(portal, acme.names["visit_a"]))).code == code


async def test_only_a_portal_acts_for_others(acme: World) -> None:
    """Nobody else may name somebody, not even an administrator."""
    for who in ("administrator", "client", "planner"):
        named = [*bearer(acme.keys[who]), ("slotsvc-on-behalf-of", f"clients/{A}")]
        error = await refused((await acme.saying(named)).map.GetMap(ASK))
        assert error.code == "PERMISSION_DENIED"


async def test_the_audit_trail_names_the_key(acme: World) -> None:
    """Who booked is the key, and whom it acted for."""
    key = bearer(acme.keys["portal"])
    portal = await acme.saying([*key, ("slotsvc-on-behalf-of", f"clients/{A}")])
    request = visits.CancelVisitRequest(name=acme.names["visit_a"], request_id=fresh_id())
    await portal.visits.CancelVisit(request)

    rows = await acme.service.store.read(
        lambda tx: list(tx._connection.execute(select(AUDIT.c.entry)).scalars())  # type: ignore[attr-defined]
    )

    actors = {entry["kind"]: entry["actor"] for entry in map(json.loads, rows)}
    id = acme.keys["portal"].split("_")[1]
    assert actors["VISIT_CANCELLED"] == f"apiKeys/{id} on behalf of clients/{A}"
    assert "api" not in actors.values()
    assert not any(acme.keys[who].split("_", 2)[2] in row for row in rows for who in acme.keys)


async def test_planners_do_not_see_why_somebody_is_away(acme: World) -> None:
    """Category and note of an absence are the administrator's, and survive a planner's change."""
    admin, planner = await acme.calls("administrator"), await acme.calls("planner")
    name = acme.names["absence"]
    told = cal.Absence(name=name, category="ABSENCE_CATEGORY_SICKNESS", note="flu")
    await admin.calendar.UpdateAbsence(
        cal.UpdateAbsenceRequest(absence=told, request_id=fresh_id())
    )

    seen = (await planner.calendar.GetAbsence(cal.GetAbsenceRequest(name=name))).absence
    seen.ClearField("etag")
    await planner.calendar.UpdateAbsence(
        cal.UpdateAbsenceRequest(absence=seen, request_id=fresh_id())
    )
    kept = (await admin.calendar.GetAbsence(cal.GetAbsenceRequest(name=name))).absence

    assert seen.HasField("window")
    assert (seen.category, seen.note) == (0, "")
    assert (kept.category, kept.note) == (cal.ABSENCE_CATEGORY_SICKNESS, "flu")


async def test_tenants_see_themselves_only(acme: World) -> None:
    """The list of tenants has one entry for whom is bound to one, and all for operators."""
    seen = {}
    for who in ("operator", "planner", "other tenant"):
        answer = await (await acme.calls(who)).calendar.ListTenants(cal.ListTenantsRequest())
        seen[who] = [tenant.name for tenant in answer.tenants]

    assert seen == {
        "operator": ["tenants/acme", "tenants/other"],
        "planner": ["tenants/acme"],
        "other tenant": ["tenants/other"],
    }


async def test_a_technician_sees_the_own_day(acme: World) -> None:
    """Own visits with place and note; no other technician's, and no held client's cost."""
    calls = await acme.calls("technician")
    request = visits.ListVisitsRequest(parent="tenants/acme", technician=acme.names["ann"])

    listed = (await calls.visits.ListVisits(request)).visits

    assert acme.names["visit_a"] in [visit.name for visit in listed]
    assert all(visit.HasField("location") for visit in listed)
    assert {visit.place.technician for visit in listed} == {acme.names["ann"]}
    assert (await refused(visit_now(calls, acme.names["visit_b"]))).code == "NOT_FOUND"


async def test_a_key_cannot_be_more_than_its_maker(acme: World) -> None:
    """An administrator makes no operator's key, and none for another tenant."""
    stub = AccessServiceStub((await acme.calls("administrator")).channel)
    for parent, role, code in (
        ("service", "ROLE_OPERATOR", "INVALID_ARGUMENT"),
        ("tenants/acme", "ROLE_OPERATOR", "INVALID_ARGUMENT"),
        ("tenants/other", "ROLE_PLANNER", "NOT_FOUND"),
    ):
        key = access.ApiKey(display_name="more", role=role)
        request = access.CreateApiKeyRequest(parent=parent, api_key=key, request_id=fresh_id())
        assert (await refused(stub.CreateApiKey(request))).code == code


async def test_wrong_keys_are_counted(acme: World) -> None:
    """By cause, in a metric that names no key."""
    for who in ("expired", "revoked"):
        await refused((await acme.calls(who)).map.GetMap(ASK))
    await refused((await acme.calls("anonymous")).map.GetMap(ASK))

    counted = acme.service.metrics.registry.get_sample_value
    causes = ("none", "expired", "revoked", "wrong")
    assert [counted("slotsvc_refused_keys_total", {"cause": c}) for c in causes] == [1, 1, 1, None]


async def test_a_stream_ends_with_its_key(acme: World) -> None:
    """Who watches with a key that is revoked is told at the next event."""
    key = await acme.new_key("administrator", "tenants/acme", "PLANNER", display_name="watcher")
    calls, planner = await acme.calls("watcher"), await acme.calls("planner")
    stream = calls.plan.WatchTeam(plan.WatchTeamRequest(team=acme.names["team"]), timeout=20)
    reading = asyncio.create_task(refused(_read_on(stream)))
    await asyncio.sleep(0.3)
    admin = AccessServiceStub((await acme.calls("administrator")).channel)
    await admin.RevokeApiKey(access.RevokeApiKeyRequest(name=key.name, request_id=fresh_id()))

    await booked(planner, (await offered(planner, search_of(planner, acme, "", "a")))[0])

    assert (await reading).code == "UNAUTHENTICATED"


async def _read_on(stream: Any) -> None:
    async for _ in stream:
        pass
