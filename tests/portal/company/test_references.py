"""Adding a client by the engine's references, correcting one, taking mistakes and tests back."""

from __future__ import annotations

import pytest

from slotsvc.portal.tables.audit import newest
from slotsvc.portal.visitor import StaffRole
from tests.portal.company.engine_side import show_activity, site
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def told(world: World, number: int = 1) -> list[str]:
    """What the audit says, newest first."""
    entries = await world.portal.database.read(lambda tx: newest(tx, number))
    return [each.what for each in entries]


async def test_references_of_the_engine_are_offered(world: World) -> None:
    """Those with sites and without a client here, with the addresses; one is chosen by a link."""
    new, known = world._id("new"), world._id("known")
    await site(world, new, "Villa Rose", "Rue Basse 9")
    await site(world, known, "Villa Bleue")
    await world.client(known)
    sam = await world.signed_in_staff()
    page = await sam.get("/company/clients/new?unit=riviera")
    assert f'<option value="{new}">Villa Rose, Rue Basse 9' in page.text
    assert known not in page.text

    chosen = await sam.get(f"/company/clients/new?ref={new}&unit=riviera")
    added = await sam.submit(chosen, "/new", name="Rose")
    assert added.headers["location"].endswith("notice=CLIENT_ADDED")
    assert new not in (await sam.get("/company/clients/new")).text


async def test_unknown_reference_is_a_warning_and_can_be_corrected(world: World) -> None:
    """The client is added all the same; the record says what to do, and takes the right one."""
    right, wrong = world._id("right"), world._id("wrong")
    await site(world, right, "Villa Verte")
    sam = await world.signed_in_staff()
    page = await sam.get("/company/clients/new?unit=riviera")
    page = await sam.followed(await sam.submit(page, "/new", name="Vert", ref=wrong))
    assert "no site in the scheduling service has this reference yet" in page.text
    assert "slotsvc company import" in page.text

    record = page.url.path
    page = await sam.followed(await sam.submit(page, record, name="Vert", ref=right))
    assert "slotsvc company import" not in page.text
    assert f"Reference {right}" in page.text


async def test_used_reference_cannot_be_changed(world: World) -> None:
    """Once somebody came in, the field is gone and a form of before is refused."""
    ref = world._id("ref")
    client = await world.client(ref)
    contact = await world.contact("Ida", client=client)
    sam, path = await world.signed_in_staff(), f"/company/clients/{client}"
    before = await sam.get(path)
    await world.signed_in_client(contact)
    answer = await sam.submit(before, path, ref="other")
    assert "REF_IN_USE" in answer.headers["location"]
    answer = await sam.submit(before, "/remove")
    assert "CLIENT_IN_USE" in answer.headers["location"]
    after = await sam.get(path)
    assert 'name="ref"' not in after.text
    assert "/remove" not in after.text


async def test_mistakes_are_removed(world: World) -> None:
    """A contact, then the client, by forms of their records."""
    client = await world.client()
    contact = await world.contact("Jo", client=client)
    sam, path = await world.signed_in_staff(), f"/company/clients/{client}"
    answer = await sam.submit(await sam.get(f"/company/contacts/{contact}"), "/remove")
    assert "CONTACT_REMOVED" in answer.headers["location"]
    assert (await sam.get(f"/company/contacts/{contact}")).status_code == 404
    answer = await sam.submit(await sam.get(path), "/remove")
    assert answer.headers["location"] == "/company/clients?notice=CLIENT_REMOVED"
    assert (await sam.get(path)).status_code == 404
    assert await told(world, 2) == ["CLIENT_REMOVED", "CONTACT_REMOVED"]


async def test_test_intervention_is_taken_back(world: World) -> None:
    """ "Cancel test" on the record; once only, and nothing but tests."""
    ref = world._id("ref")
    await site(world, ref, "Villa Mimosa")
    client = await world.client(ref)
    await world.contact("Kim", client=client)
    await show_activity(world, {"en": "Boiler service"})
    planner, path = (
        await world.signed_in_staff(role=StaffRole.PLANNER),
        f"/company/clients/{client}",
    )
    answer = await planner.submit(await planner.get(path), "/test")
    page = await planner.followed(answer)
    assert "See what Kim sees" in page.text
    cancelled = await planner.submit(page, "/cancel")
    assert "notice=TEST_CANCELLED" in cancelled.headers["location"]
    after = await planner.followed(cancelled)
    assert "Cancel test" not in after.text
    assert "Cancelled" in after.text
    assert await told(world) == ["TEST_CANCELLED"]
    again = await planner.submit(page, "/cancel")
    assert "TEST_" in again.headers["location"]


async def test_foreign_visit_is_no_test(world: World) -> None:
    """A test of one client is not cancelled from another's record, nor is what is not there."""
    ref = world._id("ref")
    await site(world, ref, "Villa Ambre")
    client, other = await world.client(ref), await world.client()
    await show_activity(world, {"en": "Boiler service"})
    sam = await world.signed_in_staff()
    page = await sam.followed(
        await sam.submit(await sam.get(f"/company/clients/{client}"), "/test")
    )
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    visit = page.text.partition("/tests/")[2].partition("/")[0]
    for path in (f"{other}/tests/{visit}/cancel", f"{client}/tests/nothing/cancel"):
        answer = await sam.post(f"/company/clients/{path}", {"csrf_token": token})
        assert answer.status_code == 404, path
    assert "Cancel test" in (await sam.get(f"/company/clients/{client}")).text
