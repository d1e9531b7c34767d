"""What clients change of themselves, each change proven, the old address told."""

from __future__ import annotations

import pytest

from slotsvc.portal.access.contacts import Contact, contact_by_id
from slotsvc.portal.access.permanent_links import ensure_link
from slotsvc.portal.web.cookies import CLIENT_SESSION
from tests.portal.access.letter_box import (
    all_prepared,
    code_to,
    come_in,
    letter_to,
    letters_to,
    newcomer,
    press,
)
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def stored(world: World, contact: str) -> Contact:
    """The contact now."""
    found = await world.portal.database.read(lambda tx: contact_by_id(tx, contact))
    assert found is not None
    return found


async def test_s5_a_new_address_counts_after_its_code(world: World) -> None:
    """S5: the new e-mail counts once the code sent to it is typed; then the link is revoked, other
    sessions end, the session has a new token, the old address is told, and the new one comes in."""
    contact = await world.contact("Mover", email="old@example.org")
    portal = world.portal
    await portal.database.write(
        lambda tx: ensure_link(tx, portal.secrets, contact, portal.public_url, portal.clock())
    )
    visitor, other = await world.signed_in_client(contact), await world.signed_in_client(contact)
    visitor.headers["X-Forwarded-For"] = newcomer(world).headers["X-Forwarded-For"]
    before = visitor.cookies[CLIENT_SESSION]
    page = await visitor.get("/riviera/account/email")
    page = await visitor.followed(await press(visitor, page, address="New@Example.org"))
    assert (await stored(world, contact)).email == "old@example.org"
    code = await code_to(world, "new@example.org")
    page = await press(visitor, page, code=f"{(int(code) + 1) % 1_000_000:06}")
    assert page.status_code == 422
    answer = await press(visitor, page, code=code)
    assert "ADDRESS_CHANGED" in answer.headers["location"]
    found = await stored(world, contact)
    assert (found.email, found.link_hash) == ("new@example.org", None)
    assert visitor.cookies[CLIENT_SESSION] != before
    assert (await visitor.get("/riviera/account")).status_code == 200
    assert (await other.get("/riviera/account")).status_code == 303
    assert (await letter_to(world, "old@example.org")).kind == "CONTACT_CHANGED"
    answer = await come_in(world, newcomer(world), "new@example.org", 2)
    assert answer.headers["location"] == "/riviera/"


async def test_a_new_number_gets_its_code_by_sms(world: World) -> None:
    """A number is proven by a text message to it."""
    contact = await world.contact("Phoner", email="phoner@example.org")
    visitor = await world.signed_in_client(contact)
    page = await visitor.get("/riviera/account/phone")
    wrong = await press(visitor, page, address="12")
    assert wrong.status_code == 422
    assert 'value="12"' in wrong.text
    page = await visitor.followed(await press(visitor, page, address="+33 6 12 00 00 99"))
    answer = await press(visitor, page, code=await code_to(world, "+33612000099"))
    assert answer.status_code == 303
    assert (await stored(world, contact)).phone == "+33612000099"


async def test_s7_five_changes_a_day(world: World) -> None:
    """S7: codes to addresses outside of the base are few: the sixth wish of a day is refused."""
    visitor = await world.signed_in_client(await world.contact("Changer"))
    visitor.headers["X-Forwarded-For"] = newcomer(world).headers["X-Forwarded-For"]
    page = await visitor.get("/riviera/account/email")
    for number in range(5):
        answer = await press(visitor, page, address=f"changer{number}@example.org")
        assert answer.status_code == 303
    answer = await press(visitor, page, address="changer5@example.org")
    assert answer.status_code == 429
    assert 'value="changer5@example.org"' in answer.text
    await all_prepared(world)
    assert await letters_to(world, "changer5@example.org", 0) == []


async def test_the_code_of_a_change_is_good_for_nothing_else(world: World) -> None:
    """The challenge of a change neither signs in nor steps up, and belongs to its session."""
    contact = await world.contact("Crossed", email="crossed@example.org")
    visitor = await world.signed_in_client(contact)
    visitor.headers["X-Forwarded-For"] = newcomer(world).headers["X-Forwarded-For"]
    page = await visitor.get("/riviera/account/email")
    await press(visitor, page, address="crossed-new@example.org")
    code = await code_to(world, "crossed-new@example.org")
    guest = newcomer(world)
    login = await guest.get("/riviera/login")
    token = visitor.cookies["__Host-challenge"]
    guest.cookies["__Host-challenge"] = token
    fields = {"csrf_token": login.text.split('name="csrf_token" value="')[1][:64], "code": code}
    answer = await guest.post("/riviera/code", fields)
    assert CLIENT_SESSION not in guest.cookies
    assert "CODE_GONE" in answer.headers["location"]
    second = await world.signed_in_client(contact)
    second.cookies["__Host-challenge"] = token
    assert "CODE_GONE" in (await second.get("/riviera/account/confirm")).headers["location"]
    assert (await stored(world, contact)).email == "crossed@example.org"


@pytest.mark.parametrize(
    ("typed", "name"),
    [("  Anna   Rossi ", "Anna Rossi"), ("", None), ("x" * 201, None), ("a\u202eb", None)],
)
async def test_the_name(world: World, typed: str, name: str | None) -> None:
    """A name is put in order; an empty, overlong or tricky one comes back with words."""
    contact = await world.contact("Before")
    visitor = await world.signed_in_client(contact)
    page = await visitor.get("/riviera/account/name")
    answer = await press(visitor, page, name=typed)
    assert answer.status_code == (303 if name else 422)
    assert (await stored(world, contact)).name == (name or "Before")


async def test_the_language_is_that_of_pages_and_letters(world: World) -> None:
    """The chosen language is kept with the contact; one that the unit does not speak is refused."""
    contact = await world.contact("Speaker", email="speaker@example.org")
    visitor = await world.signed_in_client(contact)
    page = await visitor.get("/riviera/account")
    assert '<option value="en" selected>' in page.text  # that of the page: none was chosen yet
    answer = await visitor.submit(page, "/account/language", language="it")
    assert answer.status_code == 303
    assert '<html lang="it">' in (await visitor.get("/riviera/account")).text
    assert (await stored(world, contact)).locale == "it"
    answer = await visitor.submit(page, "/account/language", language="de")
    assert answer.status_code == 400
