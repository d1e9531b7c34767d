"""Every company page in a real browser, on a desk and on a phone: no serious finding, no noise."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page

from slotsvc.portal.web.cookies import STAFF_SESSION
from tests.portal.browser import DESKTOP, PHONE, axe, screen
from tests.portal.company.engine_side import show_activity, site
from tests.portal.portal_fixtures import World, form_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def addresses(world: World) -> list[str]:
    """Every page, with something on each: a draft, contacts, a visit, a link, people."""
    ref = world._id("mairie")
    await site(world, ref, "Villa Mimosa")
    await show_activity(world, {"en": "Boiler service"})
    client = await world.client(ref, name="Mairie de Menton")
    contact = await world.contact("Élodie", client=client, email="elodie@menton.example")
    await world.contact("Paul", client=client, email="elodie@menton.example", portal_user=False)
    unit = await world.unit(world._id("unit"), permanent_code=True)
    sam = await world.signed_in_staff()
    fields = form_of(await sam.get(f"/company/units/{unit}"), "/save").fields
    await sam.post(f"/company/units/{unit}/draft", fields | {"company_name": "A draft"})
    await sam.submit(await sam.get(f"/company/clients/{client}"), "/test")
    await site(world, world._id("later"), "Villa Rose")
    homeless = await world.client(name="Nobody's")
    return [
        "/company/", "/company/units", f"/company/units/{unit}", f"/company/units/{unit}/preview",
        "/company/clients", "/company/clients?q=nobody", "/company/clients/new",
        f"/company/clients/{homeless}", f"/company/clients/{client}?notice=TEST_CREATED",
        f"/company/clients/{client}", f"/company/clients/{client}/contacts/new",
        f"/company/contacts/{contact}", "/company/staff", "/company/audit",
    ]  # fmt: skip


async def signed_in(world: World, page: Page) -> None:
    """The browser has the session of an administrator."""
    sam = await world.signed_in_staff()
    cookie = {"name": STAFF_SESSION, "value": sam.cookies[STAFF_SESSION], "secure": True}
    host = urlsplit(world.url).netloc
    await page.context.add_cookies([{**cookie, "url": f"https://{host}"}])  # type: ignore[list-item]


@pytest.mark.parametrize("shape", [DESKTOP, PHONE], ids=["desk", "phone"])
async def test_pages_are_accessible_and_fit(
    world: World, browser: Browser, shape: dict[str, object]
) -> None:
    """axe-core finds nothing serious, nothing is wider than the screen, each has one heading."""
    async with screen(browser, shape) as page:
        await signed_in(world, page)
        for address in await addresses(world):
            await page.goto(world.url + address)
            await axe(page)
            assert await page.locator("h1").count() == 1, address
            wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, address


async def test_dark_and_refused_pages_are_accessible(world: World, browser: Browser) -> None:
    """The forms that come back with problems, in the dark."""
    async with screen(browser, DESKTOP, color_scheme="dark") as page:
        await page.goto(f"{world.url}/company/login")
        await page.get_by_label("E-mail").fill("ada@example.org")
        await page.get_by_label("Password").fill("wrong")
        await page.get_by_label("Code").fill("123456")
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("alert").wait_for()
        await axe(page)
        await signed_in(world, page)
        await page.goto(f"{world.url}/company/units/riviera")
        await page.get_by_role("textbox", name="Telephone").fill("call me")
        await page.get_by_role("button", name="Save the business unit").click()
        await page.get_by_role("alert").wait_for()
        await axe(page)
