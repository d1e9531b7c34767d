"""Invitations: a contact chooses his own user name and password, once, within three days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from slotsvc.portal.access.contacts import Contact, contact_by_id
from slotsvc.portal.access.invitations import invitation_url, invite
from slotsvc.portal.tables.schema import CONTACTS
from slotsvc.portal.web.cookies import CLIENT_SESSION
from tests.portal.access.letter_box import newcomer, press
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = "four blue bicycles in the rain"


async def invited(world: World, contact: str) -> str:
    """The path of a new invitation."""
    portal = world.portal
    token = await portal.database.write(lambda tx: invite(tx, contact, portal.clock()))
    return invitation_url("", "riviera", token)


async def stored(world: World, contact: str) -> Contact:
    """The contact now."""
    found = await world.portal.database.read(lambda tx: contact_by_id(tx, contact))
    assert found is not None
    return found


async def test_s9_the_client_chooses_both(world: World) -> None:
    """S9: through the invitation the client chooses user name and password, is in, and comes in
    with them afterwards; neither was known to anybody before."""
    contact = await world.contact("Invited", email="invited@example.org")
    visitor = newcomer(world)
    page = await visitor.get(await invited(world, contact))
    assert "Invited" not in page.text  # GET shows no data of anybody (S3)
    answer = await press(visitor, page, user_name="Invited.One", password=GOOD)
    assert answer.headers["location"] == "/riviera/?notice=PASSWORD_SET"
    assert (await visitor.get("/riviera/account")).status_code == 200
    found = await stored(world, contact)
    assert found.user_name == "invited.one"
    assert found.password_hash is not None
    assert found.password_hash.startswith("$argon2id$")
    again = newcomer(world)
    login = await again.get("/riviera/password")
    answer = await again.submit(login, "/password", user_name=" INVITED.one", password=GOOD)
    assert answer.headers["location"] == "/riviera/"


async def test_s9_an_invitation_works_once(world: World) -> None:
    """S9: used, replaced by a newer one, or three days old: it is over."""
    first = await world.contact("First")
    used, replaced = await invited(world, first), newcomer(world)
    newer = await invited(world, first)
    assert (await replaced.get(used)).status_code == 410
    page = await replaced.get(newer)
    await press(replaced, page, user_name="first-user", password=GOOD)
    assert (await newcomer(world).get(newer)).status_code == 410
    answer = await press(replaced, page, user_name="first-other", password=GOOD)
    assert answer.status_code in (403, 410)
    assert (await stored(world, first)).user_name == "first-user"
    late = await invited(world, first)
    world.clock.pass_(timedelta(hours=72))
    assert (await newcomer(world).get(late)).status_code == 410


async def test_s3_opening_an_invitation_changes_nothing(world: World) -> None:
    """S3: HEAD and GET five times, then it still works."""
    path, visitor = await invited(world, await world.contact("Scanned")), newcomer(world)
    writes = world.portal.database.writes
    assert (await visitor.head(path)).status_code == 200
    for _ in range(5):
        page = await visitor.get(path)
    assert world.portal.database.writes == writes
    answer = await press(visitor, page, user_name="scanned", password=GOOD)
    assert answer.status_code == 303


async def test_mistakes_are_said_beside_the_fields(world: World) -> None:
    """A short password and a taken name come back with words; the name is kept, the password not;
    the invitation still works."""
    await world.contact("Owner", user_name="taken", password_hash="x")
    visitor = newcomer(world)
    path = await invited(world, await world.contact("Mistaken"))
    page = await visitor.get(path)
    page = await press(visitor, page, user_name="Taken", password="short-one")
    assert page.status_code == 422
    assert "Somebody else has this user name." in page.text
    assert "A password has at least 12 characters." in page.text
    assert 'value="Taken"' in page.text
    assert "short-one" not in page.text
    page = await press(visitor, page, user_name="mistaken", password="password1234")
    assert "This password is easy to guess." in page.text
    answer = await press(visitor, page, user_name="mistaken", password=GOOD)
    assert answer.status_code == 303


async def test_s23_an_invitation_creates_and_merges_nobody(world: World) -> None:
    """S23: accepting with somebody else's user name changes neither of them, and no row is new."""
    owner = await world.contact("Keeps", user_name="keeps", password_hash="x")
    path = await invited(world, await world.contact("Thief"))

    async def number() -> int:
        query = select(func.count()).select_from(CONTACTS)
        return await world.portal.database.read(lambda tx: tx.execute(query).scalar_one())

    before, visitor = await number(), newcomer(world)
    await press(visitor, await visitor.get(path), user_name="KEEPS", password=GOOD)
    assert CLIENT_SESSION not in visitor.cookies
    assert (await stored(world, owner)).password_hash == "x"
    assert await number() == before


async def test_access_switched_off_closes_the_invitation(world: World) -> None:
    """Who may not come in any more cannot accept either."""
    path = await invited(world, await world.contact("Closed", access_until="2030-01-01"))
    assert (await newcomer(world).get(path)).status_code == 410
