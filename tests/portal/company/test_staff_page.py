"""People of the company: invited, reset, shut out, by an administrator."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from slotsvc.portal.visitor import StaffRole
from tests.portal.access.letter_box import letter_to, link_in
from tests.portal.company.staff_entry import enrolled
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_invited_planner_sets_up_his_own_login(world: World) -> None:
    """The link goes by e-mail; behind it he chooses; he sees the clients and no settings."""
    sam = await world.signed_in_staff()
    page = await sam.get("/company/staff")
    answer = await sam.submit(page, "/invite", name="Pia", email="pia@example.org", role="PLANNER")
    assert answer.headers["location"] == "/company/staff?notice=STAFF_INVITED"
    link = link_in(await letter_to(world, "pia@example.org"), "/company/first/")

    pia = world.visitor()
    await enrolled(world, pia, link.rpartition("/")[2])
    assert (await pia.get("/company/clients")).status_code == 200
    assert (await pia.get("/company/staff")).status_code == 403


async def test_reset_sends_a_new_link_and_ends_sessions(world: World) -> None:
    """The old login is gone at once; a new link is in the mail."""
    sam = await world.signed_in_staff()
    staff = await world.staff(StaffRole.PLANNER, name="Rob", email="rob@example.org")
    rob = await world.signed_in_staff(staff)
    assert (await rob.get("/company/clients")).status_code == 200
    answer = await sam.submit(await sam.get("/company/staff"), f"/{staff}/reset")
    assert "STAFF_RESET" in answer.headers["location"]
    assert (await rob.get("/company/clients")).status_code == 303
    assert link_in(await letter_to(world, "rob@example.org"), "/company/first/")


async def test_shut_out_and_let_in_again(world: World) -> None:
    """Out with the next click; in again when an administrator says so."""
    sam = await world.signed_in_staff()
    staff = await world.staff(StaffRole.PLANNER, name="Una")
    una = await world.signed_in_staff(staff)
    await sam.submit(await sam.get("/company/staff"), f"/{staff}/disable")
    assert (await una.get("/company/clients")).status_code == 303
    page = await sam.get("/company/staff")
    assert "No access" in page.text
    answer = await sam.submit(page, f"/{staff}/enable")
    assert "STAFF_ENABLED" in answer.headers["location"]


async def test_bad_invitations_are_refused_and_kept(world: World) -> None:
    """A bad or known address: 422, said beside the field, the name is still there."""
    sam = await world.signed_in_staff()
    await world.staff(email="known@example.org")
    page = await sam.get("/company/staff")
    for email, said in (("nobody", "not an e-mail"), ("known@example.org", "has this e-mail")):
        answer = await sam.submit(page, "/invite", name="Vic", email=email, role="PLANNER")
        assert (answer.status_code, said in answer.text, "Vic" in answer.text) == (422, True, True)
    answer = await sam.submit(page, "/invite", name="V", email="v@example.org", role="OWNER")
    assert answer.status_code == 400


async def test_audit_tells_where_and_by_the_units_clock(world: World) -> None:
    """What the company's people do is told with their network, and in the time that the first
    unit's clock shows: Monaco is two hours ahead of UTC in June."""
    sam = await world.signed_in_staff()
    client = await world.client(name="Clocked Ltd")
    page = await sam.get(f"/company/clients/{client}")
    await sam.submit(page, f"/clients/{client}", name="Clocked Again Ltd")
    page = await sam.get("/company/audit?what=CLIENT_CHANGED")
    here = world.portal.clock().astimezone(ZoneInfo("Europe/Monaco"))
    assert f"{here:%H:%M}</time>" in page.text
    assert "198.51.100.0/24" in page.text


async def test_audit_pages_go_back_in_time(world: World) -> None:
    """Newest first, with names instead of ids, and older ones behind a link."""
    sam = await world.signed_in_staff()
    client = await world.client(name="Audited Ltd")
    for _ in range(30):
        for access in ({"access": "on"}, {}):
            page = await sam.get(f"/company/clients/{client}")
            fields = {"name": "Audited Ltd"} | access
            token = page.text.partition('csrf_token" value="')[2][:64]
            await sam.post(f"/company/clients/{client}", fields | {"csrf_token": token})
    page = await sam.get("/company/audit")
    assert "Audited Ltd" in page.text
    assert "Access switched off" in page.text
    older = page.text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert older.startswith("/company/audit?before=")
    assert (await sam.get(older)).status_code == 200
    only = await sam.get("/company/audit?what=ACCESS_ON")
    assert "Access switched off" not in only.text
