"""The client record, step by step: access, contacts, link, view-as, "probar la experiencia"."""

from __future__ import annotations

import re
from base64 import b64decode
from html import unescape

import pytest
from sqlalchemy import select, update

from slotsvc.portal.tables.audit import newest
from slotsvc.portal.tables.schema import BUSINESS_UNITS, CONTACTS
from slotsvc.portal.visitor import StaffRole
from tests.portal.access.letter_box import letter_to, link_in
from tests.portal.company.engine_side import show_activity, site
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def contact_row(world: World, id: str) -> dict[str, object]:
    """The contact's row."""
    query = select(CONTACTS).where(CONTACTS.c.id == id)
    row = await world.portal.database.read(lambda tx: tx.execute(query).mappings().one())
    return dict(row)


async def told(world: World, number: int = 1) -> list[str]:
    """What the audit says, newest first."""
    entries = await world.portal.database.read(lambda tx: newest(tx, number))
    return [each.what for each in entries]


async def test_client_and_contact_from_nothing_to_the_first_look(world: World) -> None:
    """Added, let in, given a contact for one site, seen through his eyes, and out again."""
    sam, ref = await world.signed_in_staff(), world._id("ref")
    villa = await site(world, ref)
    page = await sam.get("/company/clients/new")
    page = await sam.followed(
        await sam.submit(page, "/new", name="Mairie", ref=ref, business_unit="riviera")
    )
    assert "Now add the people who may sign in" in page.text
    page = await sam.followed(await sam.submit(page, page.url.path, access="on"))
    new = await sam.get(f"{page.url.path}/contacts/new")
    saved = await sam.submit(
        new,
        "/contacts/new",
        name="Anna",
        email="ANNA@Example.org",
        portal_user="on",
        scope="some",
        sites=villa,
        access_from="2030-06-01",
    )
    contact = await sam.followed(saved)
    assert "Can come in now" in contact.text
    assert 'value="anna@example.org"' in contact.text

    answer = await sam.submit(contact, "/view")
    assert answer.headers["location"] == "/riviera/"
    home = await sam.get("/riviera/")
    assert "End client view" in home.text
    assert "Anna" in home.text
    back = await sam.submit(home, "/company/view/end")
    assert back.headers["location"] == contact.url.path
    assert "Anna" not in (await sam.get("/riviera/")).text
    assert await told(world, 2) == ["VIEW_AS_ENDED", "VIEW_AS"]


async def test_view_is_read_only(world: World) -> None:
    """Through a client's eyes nothing can be done: forms of the portal are refused."""
    contact = await world.contact("Ben")
    sam = await world.signed_in_staff(viewing=contact)
    home = await sam.get("/riviera/")
    assert "Ben" in home.text
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', home.text)
    assert token
    for path in ("/riviera/logout", "/riviera/account/link/rotate"):
        answer = await sam.post(path, {"csrf_token": token[1]})
        assert answer.status_code in (403, 404)
    assert (await sam.get("/riviera/")).status_code == 200


async def test_view_shows_neither_link_nor_addresses(world: World) -> None:
    """Who looks through a client's eyes cannot take his link away with him."""
    await _live(world, permanent_code=True)
    contact = await world.contact("Bea", email="bea@secret.example")
    sam = await world.signed_in_staff()
    await sam.submit(await sam.get(f"/company/contacts/{contact}"), "/link")
    planner = await world.signed_in_staff(role=StaffRole.PLANNER, viewing=contact)
    account = await planner.get("/riviera/account")
    assert account.status_code == 200
    assert "/k/" not in account.text
    assert "bea@secret.example" not in account.text


async def test_link_is_shown_sent_renewed_and_taken_back(world: World) -> None:
    """The seeds' link: copied, as a QR code, by e-mail, made anew, revoked; each in the audit."""
    await _live(world, permanent_code=True)
    contact = await world.contact("Cleo", email="cleo@example.org")
    sam, path = await world.signed_in_staff(), f"/company/contacts/{contact}"
    shown = await sam.submit(await sam.get(path), "/link")
    link = unescape(re.findall(r'value="(http://[^"]+/k/[^"]+)"', shown.text)[0])
    drawn = b64decode(re.findall(r"base64,([A-Za-z0-9+/=]+)", shown.text)[0])
    assert drawn.startswith(b"<?xml")
    assert b"<svg" in drawn
    opened = await world.visitor().get(link.removeprefix(world.url))
    assert opened.status_code == 200
    assert (await sam.submit(await sam.get(path), "/link/send", by="MAIL")).status_code == 303
    letter = await letter_to(world, "cleo@example.org")
    assert link in letter.text

    answer = await sam.submit(await sam.get(path), "/link/rotate")
    assert "CONTACT_LINK_NEW" in answer.headers["location"]
    assert (await contact_row(world, contact))["link_number"] == 2
    await sam.submit(await sam.get(path), "/link/revoke")
    assert (await contact_row(world, contact))["link_hash"] is None
    assert await told(world, 4) == ["LINK_REVOKED", "LINK_ROTATED", "LINK_SENT", "LINK_MADE"]
    entries = await world.portal.database.read(lambda tx: newest(tx, 20))
    assert link.rpartition("/")[2] not in str(entries)


async def test_link_by_sms_takes_credit_or_says_why_not(world: World) -> None:
    """Without credits nothing is sent and the page says so; with them 0.2 is taken."""
    await _live(world, permanent_code=True)
    contact = await world.contact("Dan", phone="+33612345678", email="dan@example.org")
    sam, path = await world.signed_in_staff(), f"/company/contacts/{contact}"
    page = await sam.get(path)
    answer = await sam.submit(page, "/link/send", by="SMS")
    assert "OUT_OF_CREDITS" in answer.headers["location"]
    assert "no credits left" in (await sam.followed(answer)).text

    full = update(BUSINESS_UNITS).where(BUSINESS_UNITS.c.id == "riviera").values(sms_credits=10)
    await world.portal.database.write(lambda tx: tx.execute(full))
    answer = await sam.submit(page, "/link/send", by="SMS")
    assert "LINK_SENT" in answer.headers["location"]
    assert "/riviera/k/" in (await letter_to(world, "+33612345678")).text
    left = select(BUSINESS_UNITS.c.sms_credits).where(BUSINESS_UNITS.c.id == "riviera")
    assert await world.portal.database.read(lambda tx: tx.execute(left).scalar_one()) == 8


async def test_new_address_kills_the_link_and_says_so(world: World) -> None:
    """A changed e-mail takes the link back (S5); staff is told, and whom an address is shared
    with."""
    await _live(world, permanent_code=True)
    await world.contact("Twin", email="shared@example.org")
    contact = await world.contact("Eve", email="eve@example.org")
    sam, path = await world.signed_in_staff(), f"/company/contacts/{contact}"
    await sam.submit(await sam.get(path), "/link")
    answer = await sam.submit(await sam.get(path), path, email="shared@example.org")
    page = await sam.followed(answer)

    assert "it is off now" in page.text
    assert "Shared with others" in page.text
    assert "Twin" in page.text
    assert (await contact_row(world, contact))["link_hash"] is None


async def test_invitation_mails_a_link_and_no_password(world: World) -> None:
    """The letter leads to a form where the client chooses both himself (S9)."""
    contact = await world.contact("Finn", email="finn@example.org")
    sam, path = await world.signed_in_staff(), f"/company/contacts/{contact}"
    answer = await sam.submit(await sam.get(path), "/invite")
    assert "CONTACT_INVITED" in answer.headers["location"]
    letter = await letter_to(world, "finn@example.org")
    page = await world.visitor().get(link_in(letter, "/invitation/"))
    assert page.status_code == 200
    assert (await contact_row(world, contact))["password_hash"] is None


async def test_probar_la_experiencia(world: World) -> None:
    """Seeds 000, 002, 004: create a test activity, assign it to a client's site, look through the
    client's eyes: there it is."""
    ref = world._id("ref")
    await site(world, ref, "Villa Mimosa")
    client = await world.client(ref, name="Tester")
    contact = await world.contact("Gus", client=client)
    await show_activity(world, {"en": "Boiler service", "fr": "Entretien"})
    planner = await world.signed_in_staff(role=StaffRole.PLANNER)
    page = await planner.get(f"/company/clients/{client}")
    answer = await planner.submit(page, "/test")
    assert "TEST_CREATED" in answer.headers["location"]
    again = await planner.submit(page, "/test")
    assert "TEST_CREATED" in again.headers["location"]
    page = await planner.followed(answer)
    assert page.text.count("To be scheduled") == 1
    assert "See what Gus sees" in page.text
    assert "Boiler service" in page.text
    assert "Villa Mimosa" in page.text

    await planner.submit(page, f"/contacts/{contact}/view")
    seen = await planner.get("/riviera/visits")
    assert "Boiler service" in seen.text


async def test_planners_read_clients_and_change_none(world: World) -> None:
    """A planner sees record and contact, without forms that change them or links."""
    client = await world.client(name="Readable")
    contact = await world.contact("Hal", client=client, email="hal@example.org")
    planner = await world.signed_in_staff(role=StaffRole.PLANNER)
    assert "Readable" in (await planner.get("/company/clients?q=readable")).text
    record = await planner.get(f"/company/clients/{client}")
    person = await planner.get(f"/company/contacts/{contact}")
    assert (record.status_code, person.status_code) == (200, 200)
    assert "hal@example.org" in person.text
    for text in (record.text, person.text):
        assert "Save" not in text
        assert "/link" not in text
    token = re.findall(r'csrf_token" value="([0-9a-f]+)"', record.text)[0]
    for path in (
        f"/company/clients/{client}",
        f"/company/clients/{client}/contacts/new",
        f"/company/contacts/{contact}",
        f"/company/contacts/{contact}/link",
        f"/company/contacts/{contact}/link/send",
        f"/company/contacts/{contact}/invite",
    ):
        answer = await planner.post(path, {"csrf_token": token, "name": "X"})
        assert answer.status_code == 403, path


async def test_unknown_ids_are_not_found(world: World) -> None:
    """Ids that nobody has: 404, whoever asks."""
    sam = await world.signed_in_staff()
    for path in ("/company/clients/nobody", "/company/contacts/nobody", "/company/units/nobody",
                 "/company/clients/nobody/contacts/new"):  # fmt: skip
        assert (await sam.get(path)).status_code == 404


async def test_pages_only_read(world: World) -> None:
    """Every company page asked for by GET writes nothing (S14)."""
    client = await world.client()
    contact = await world.contact(client=client)
    sam = await world.signed_in_staff()
    before = world.portal.database.writes
    for path in ("/company/", "/company/units", "/company/units/riviera",
                 "/company/units/riviera/preview", "/company/clients", "/company/clients/new",
                 f"/company/clients/{client}", f"/company/clients/{client}/contacts/new",
                 f"/company/contacts/{contact}", "/company/staff", "/company/audit",
                 "/company/login"):  # fmt: skip
        assert (await sam.get(path)).status_code in (200, 303), path
    assert world.portal.database.writes == before


async def _live(world: World, **changed: object) -> None:
    """Changes settings in force of the unit."""
    query = select(BUSINESS_UNITS.c.live).where(BUSINESS_UNITS.c.id == "riviera")
    live = await world.portal.database.read(lambda tx: tx.execute(query).scalar_one())
    unit = update(BUSINESS_UNITS).where(BUSINESS_UNITS.c.id == "riviera")
    await world.portal.database.write(lambda tx: tx.execute(unit.values(live=live | changed)))
