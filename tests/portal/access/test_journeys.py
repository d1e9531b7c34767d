"""Ways in, in a real browser on a phone, each page accessible (axe-core: nothing serious)."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from slotsvc.portal.access.invitations import invitation_url, invite
from slotsvc.portal.access.permanent_links import ensure_link
from tests.portal.access.letter_box import code_to
from tests.portal.browser import axe
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def button(page: Page, name: str) -> None:
    """Presses it."""
    await page.get_by_role("button", name=name, exact=True).click()


async def type_wrong_then_right(page: Page, code: str, name: str) -> None:
    """A wrong code is said and gets the focus; the right one goes on."""
    await page.get_by_label("Code").fill(f"{(int(code) + 1) % 1_000_000:06}")
    await button(page, name)
    await expect(page.get_by_role("alert")).to_contain_text("4 more tries")
    await axe(page)
    await page.get_by_label("Code").fill(code)
    await button(page, name)


async def test_first_login_by_code(world: World, phone: Page) -> None:
    """Seeds 001 (B2: the e-mail that the company has) and 002 ("how does the client come in?"): he
    was never registered by himself, types his address, gets a code, and is in."""
    await world.contact("Anna Rossi", email="anna@example.org")
    await phone.goto(f"{world.url}/riviera/account")
    await expect(phone.get_by_role("heading", level=1)).to_have_text("Sign in")
    await axe(phone)
    await phone.get_by_label("E-mail address or phone number").fill("anna")
    await button(phone, "Send me a code")
    await expect(phone.get_by_role("alert")).to_contain_text("This is not an e-mail address.")
    await axe(phone)
    await phone.get_by_label("E-mail address or phone number").fill("Anna@example.org")
    await button(phone, "Send me a code")
    await expect(phone.get_by_role("heading", level=1)).to_have_text("Enter your code")
    await expect(phone.get_by_label("Code")).to_have_attribute("autocomplete", "one-time-code")
    await axe(phone)
    await type_wrong_then_right(phone, await code_to(world, "anna@example.org"), "Sign in")
    await expect(phone.get_by_role("heading", level=1)).to_have_text("My account")
    await expect(phone.get_by_text("Anna Rossi")).to_be_visible()
    await axe(phone)


async def test_permanent_link_with_step_up(world: World, phone: Page) -> None:
    """Seeds 000, 002, 004 ("generate a permanent connection code"): the link of the client record
    opens the portal; changing the address needs a code first (S4)."""
    contact = await world.contact("Paul Blanc", email="paul@example.org")
    portal = world.portal
    link = await portal.database.write(
        lambda tx: ensure_link(tx, portal.secrets, contact, portal.public_url, portal.clock())
    )
    referrers: list[str] = []
    phone.on("request", lambda request: referrers.append(request.headers.get("referer", "")))
    await phone.goto(link)
    await axe(phone)
    await button(phone, "Open my appointments")
    await expect(phone).to_have_url(f"{world.url}/riviera/")
    await phone.goto(f"{world.url}/riviera/account")
    await expect(phone.get_by_text("p…@e….org")).to_be_visible()
    await phone.get_by_role("link", name="Change e-mail").click()
    await expect(phone.get_by_role("heading", level=1)).to_have_text("Is it you?")
    await axe(phone)
    await button(phone, "Send a code to p…@e….org")
    await type_wrong_then_right(phone, await code_to(world, "paul@example.org"), "Go on")
    await expect(phone.get_by_role("heading", level=1)).to_have_text("Change e-mail")
    await phone.get_by_label("New e-mail address").fill("paul.blanc@example.org")
    await axe(phone)
    await button(phone, "Send me a code")
    await type_wrong_then_right(phone, await code_to(world, "paul.blanc@example.org"), "Confirm")
    await expect(phone.get_by_text("paul.blanc@example.org")).to_be_visible()
    await expect(phone.get_by_text("You have no link at the moment.")).to_be_visible()
    assert set(referrers) == {""}  # S4: the link's address is told to nobody
    await axe(phone)


async def test_invited_to_a_user_name_and_password(world: World, phone: Page) -> None:
    """Seed 003 (B10, B11): made a portal user, the contact gets a letter with a link; where the
    seed mails a password, he chooses it himself. "Ingreso" then asks for user name and password."""
    contact = await world.contact("Lucía Gómez", email="lucia@example.org")
    portal = world.portal
    token = await portal.database.write(lambda tx: invite(tx, contact, portal.clock()))
    await phone.goto(invitation_url(world.url, "riviera", token))
    await axe(phone)
    await phone.get_by_label("User name").fill("lucia")
    await phone.get_by_label("New password").fill("password1234")
    await button(phone, "Save")
    await expect(phone.get_by_role("alert")).to_contain_text("This password is easy to guess.")
    await expect(phone.get_by_label("User name")).to_have_value("lucia")
    await axe(phone)
    await phone.get_by_label("New password").fill("four blue bicycles in the rain")
    await button(phone, "Save")
    await expect(phone.get_by_text("Your user name and password are set.")).to_be_visible()
    await phone.goto(f"{world.url}/riviera/account")
    await button(phone, "Sign out here")
    await phone.goto(f"{world.url}/riviera/password")
    await axe(phone)
    await phone.get_by_label("User name").fill("lucia")
    await phone.get_by_label("Password").fill("four blue bicycles in the rain")
    await button(phone, "Sign in")
    await expect(phone).to_have_url(f"{world.url}/riviera/")


async def test_a_shared_address_asks_who(world: World, phone: Page) -> None:
    """S11 on the phone: after the code, the names; each a large button."""
    for name in ("Villa Rosa", "Hotel Azur"):
        await world.contact("Rosa", client=await world.client(name=name), email="both@example.org")
    await phone.goto(f"{world.url}/riviera/login")
    await phone.get_by_label("E-mail address or phone number").fill("both@example.org")
    await button(phone, "Send me a code")
    await phone.get_by_label("Code").fill(await code_to(world, "both@example.org"))
    await button(phone, "Sign in")
    await expect(phone.get_by_role("heading", level=1)).to_have_text("Who are you?")
    await axe(phone)
    await button(phone, "Hotel Azur – Rosa")
    await expect(phone).to_have_url(f"{world.url}/riviera/")
