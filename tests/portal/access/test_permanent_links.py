"""Permanent links: a locator that staff copies, clients keep, and either can end."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from slotsvc.portal.access import permanent_links
from slotsvc.portal.access.contact_data import replace_address
from slotsvc.portal.access.contacts import Contact, contact_by_id
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.secrets import PortalSecrets, hashed
from slotsvc.portal.tables.schema import BUSINESS_UNITS, CONTACTS, SESSIONS
from slotsvc.portal.visitor import Level
from slotsvc.portal.web.cookies import CLIENT_SESSION
from tests.portal.access.letter_box import letter_to, newcomer, press
from tests.portal.portal_fixtures import Visitor, World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def link_to(world: World, contact: str) -> str:
    """The path of the contact's link, as staff gets it."""
    portal = world.portal
    url = await portal.database.write(
        lambda tx: permanent_links.ensure_link(
            tx, portal.secrets, contact, portal.public_url, portal.clock()
        )
    )
    return url.removeprefix(portal.public_url)


async def changed(world: World, contact: str, how: Any, *given: Any) -> None:
    """Runs a use case that takes connection, contact … and now."""
    await world.portal.database.write(lambda tx: how(tx, contact, *given, world.portal.clock()))


async def stored(world: World, contact: str) -> Contact:
    """The contact now."""
    found = await world.portal.database.read(lambda tx: contact_by_id(tx, contact))
    assert found is not None
    return found


async def open_link(world: World, path: str, visitor: Visitor | None = None) -> Visitor:
    """Opens the link and presses the button; the browser afterwards."""
    visitor = visitor or newcomer(world)
    await press(visitor, await visitor.get(path))
    return visitor


def is_in(visitor: Visitor) -> bool:
    """Whether the browser has a session now."""
    return CLIENT_SESSION in visitor.cookies


async def test_s4_the_button_leads_to_a_clean_address(world: World) -> None:
    """S4: GET shows a button and no name; POST makes a session of level LINK, the address it leads
    to has no token, and the pages say no-referrer and no-store."""
    contact = await world.contact("Perm Anent", email="perm@example.org")
    path = await link_to(world, contact)
    visitor, writes = newcomer(world), world.portal.database.writes
    page = await visitor.get(path)
    assert (await visitor.head(path)).status_code == 200
    assert "Perm" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert world.portal.database.writes == writes
    answer = await press(visitor, page)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/riviera/"
    assert "no-store" in answer.headers["cache-control"]
    query = select(SESSIONS.c.level).where(SESSIONS.c.id == hashed(visitor.cookies[CLIENT_SESSION]))
    level = await world.portal.database.read(lambda tx: tx.execute(query).scalar_one())
    assert level == Level.LINK


async def test_s4_sensitive_pages_ask_for_a_proof(world: World) -> None:
    """S4: with a link alone, addresses are masked, the link is not shown, changes lead to a proof;
    the code of the proof raises the session under a new token (S12)."""
    contact = await world.contact("Masked", email="masked@example.org", phone="+33612000001")
    visitor = await open_link(world, await link_to(world, contact))
    page = await visitor.get("/riviera/account")
    assert "masked@example.org" not in page.text
    assert "+33612000001" not in page.text
    assert "/k/" not in page.text
    for name in ("name", "email", "phone", "password"):
        answer = await visitor.get(f"/riviera/account/{name}")
        assert answer.headers["location"].startswith("/riviera/proof?next=")
    refused = await visitor.submit(page, "/account/link")
    assert refused.headers["location"].startswith("/riviera/proof")
    proof = await visitor.see("/riviera/account/email")
    before = visitor.cookies[CLIENT_SESSION]
    page = await visitor.followed(await visitor.submit(proof, "/proof/send", way="MAIL"))
    letter = await letter_to(world, "masked@example.org")
    assert letter.kind == "STEP_UP_CODE"
    code = letter.subject[:6]
    answer = await visitor.submit(page, "/proof", code=code)
    assert answer.headers["location"] == "/riviera/account/email"
    assert visitor.cookies[CLIENT_SESSION] != before
    assert (await visitor.get("/riviera/account/email")).status_code == 200
    assert "masked@example.org" in (await visitor.get("/riviera/account")).text
    world.clock.pass_(timedelta(minutes=10))
    late = await visitor.get("/riviera/account/email")
    assert late.headers["location"].startswith("/riviera/proof")
    old = newcomer(world)
    old.cookies[CLIENT_SESSION] = before
    assert (await old.get("/riviera/account")).headers["location"].startswith("/riviera/login")


async def test_s4_no_log_line_has_a_token(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """S4: log lines name the route, never the address asked for, nor codes, addresses or names."""
    contact = await world.contact("Logged", email="logged@example.org")
    path = await link_to(world, contact)
    with caplog.at_level(logging.DEBUG):
        visitor = await open_link(world, path)
        proof = await visitor.see("/riviera/account/email")
        page = await visitor.followed(await visitor.submit(proof, "/proof/send", way="MAIL"))
        code = (await letter_to(world, "logged@example.org")).subject[:6]
        await visitor.submit(page, "/proof", code=code)
        stranger = newcomer(world)
        await press(stranger, await stranger.get("/riviera/l/" + "y" * 43))
    told = caplog.text
    assert "entry refused" in told
    assert "/{bu}/k/{token}" in told
    secrets = (path.rpartition("/")[2], "y" * 43, code, *visitor.cookies.values())
    for secret in (*secrets, "logged@example.org", "Logged"):
        assert secret not in told


async def test_s5_staff_copies_the_same_link(world: World) -> None:
    """S5: the link can be copied again and again, though the tables hold its hash only (S1)."""
    contact = await world.contact("Copy")
    path = await link_to(world, contact)
    assert await link_to(world, contact) == path
    token = path.rpartition("/")[2]
    found = await stored(world, contact)
    assert len(token) == 43
    assert found.link_hash == hashed(token)
    portal = world.portal
    link = permanent_links.link_of(portal.secrets, found, portal.public_url)
    assert link == portal.public_url + path
    other = PortalSecrets([b"k" * 32])
    assert permanent_links.link_of(other, found, portal.public_url) is None


async def test_s5_a_new_link_ends_the_old_one_and_its_sessions(world: World) -> None:
    """S5: after a rotation the old link and the sessions it opened are over with the next click;
    a session proven by code goes on."""
    contact = await world.contact("Rotate")
    old = await link_to(world, contact)
    by_link, by_code = await open_link(world, old), await world.signed_in_client(contact)
    page = await by_code.get("/riviera/account")
    answer = await by_code.submit(page, "/account/link")
    assert "LINK_NEW" in answer.headers["location"]
    assert (await by_link.get("/riviera/account")).status_code == 303
    assert (await by_code.get("/riviera/account")).status_code == 200
    assert not is_in(await open_link(world, old))
    new = await link_to(world, contact)
    assert new != old
    assert is_in(await open_link(world, new))


async def test_s5_a_client_switches_his_link_off(world: World) -> None:
    """S5: after "switch the link off" it opens nothing, and its sessions are over."""
    contact = await world.contact("Revoke")
    path = await link_to(world, contact)
    by_link, by_code = await open_link(world, path), await world.signed_in_client(contact)
    page = await by_code.get("/riviera/account")
    answer = await by_code.submit(page, "/account/link/off")
    assert "LINK_OFF" in answer.headers["location"]
    assert (await by_link.get("/riviera/account")).status_code == 303
    assert not is_in(await open_link(world, path))
    assert (await stored(world, contact)).link_hash is None


@pytest.mark.parametrize("channel", [Channel.MAIL, Channel.SMS])
async def test_s5_a_changed_address_revokes_the_link(world: World, channel: Channel) -> None:
    """S5: whoever changes e-mail or number, client or staff, ends the permanent link."""
    contact = await world.contact("Moved")
    path = await link_to(world, contact)
    await changed(world, contact, replace_address, channel, None)
    assert not is_in(await open_link(world, path))


async def test_s5_the_last_use_is_shown(world: World) -> None:
    """S5: the account page says when the link was last used."""
    contact = await world.contact("Used", access_until=None)
    path = await link_to(world, contact)
    visitor = await world.signed_in_client(contact)
    assert "Never used so far." in (await visitor.get("/riviera/account")).text
    await open_link(world, path)
    assert "Last used:" in (await visitor.get("/riviera/account")).text
    assert (await stored(world, contact)).link_used_at == world.portal.clock()


async def test_s5_a_link_sleeps_after_a_year_without_use(world: World) -> None:
    """S5: each use keeps it awake for twelve months; then it opens nothing until staff wakes it."""
    contact = await world.contact("Sleep")
    path = await link_to(world, contact)
    year_ago = int((world.portal.clock() - timedelta(days=365)).timestamp())

    async def age(**values: int | None) -> None:
        query = update(CONTACTS).where(CONTACTS.c.id == contact).values(values)
        await world.portal.database.write(lambda tx: tx.execute(query))

    await age(link_made_at=year_ago, link_used_at=year_ago + 60)
    assert is_in(await open_link(world, path))
    await age(link_made_at=year_ago, link_used_at=year_ago)
    assert not is_in(await open_link(world, path))
    assert await link_to(world, contact) == path
    assert is_in(await open_link(world, path))


async def test_no_link_where_the_unit_offers_none(world: World) -> None:
    """With "permanent code" switched off, links open nothing and their sessions are over."""
    contact = await world.contact("Off")
    path = await link_to(world, contact)
    inside = await open_link(world, path)
    query = select(BUSINESS_UNITS.c.live)
    live = await world.portal.database.read(lambda tx: tx.execute(query).scalar_one())

    async def offer(links: bool) -> None:
        row = update(BUSINESS_UNITS).values(live=live | {"permanent_code": links})
        await world.portal.database.write(lambda tx: tx.execute(row))

    await offer(False)
    assert (await inside.get("/riviera/account")).status_code == 303
    assert not is_in(await open_link(world, path))
    await offer(True)
    assert is_in(await open_link(world, path))


async def test_a_link_does_not_lower_a_proven_session(world: World) -> None:
    """Who is signed in already and presses his own link's button stays as proven as he was."""
    contact = await world.contact("Already")
    visitor = await world.signed_in_client(contact)
    token = visitor.cookies[CLIENT_SESSION]
    await open_link(world, await link_to(world, contact), visitor)
    assert visitor.cookies[CLIENT_SESSION] == token
    assert (await visitor.get("/riviera/account/name")).status_code == 200


async def test_an_unknown_link_says_how_to_come_in(world: World) -> None:
    """A link of nobody is told to be over, with the way to a code, and never whose it was."""
    visitor = newcomer(world)
    answer = await press(visitor, await visitor.get("/riviera/k/" + "x" * 43))
    assert answer.status_code == 410
    assert 'href="/riviera/login"' in answer.text
