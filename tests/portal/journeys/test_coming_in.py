"""Ways in, on a phone: no registration, a code or a link, and a code again before what matters."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from slotsvc.portal.access.permanent_links import ensure_link
from tests.portal.browser import PHONE, screen
from tests.portal.journeys.street import (
    SERVICE,
    Street,
    code_for,
    follow,
    press,
    sees,
    sit_down,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_first_login_by_email(phone: Page, street: Street) -> None:
    """001, "debe conectarse con la dirección de correo electrónico … de su base de clientes": from
    the front page to my appointments with the code of a letter; a slip of the finger in between."""
    home = await street.household()
    address = f"anna-{street.houses}@example.org"
    await phone.goto(street.url(""))
    await sees(phone, "Riviera Heating")
    await follow(phone, "Sign in")
    await sees(phone, "Sign in")
    await press(phone, "Send me a code")
    await expect(phone.get_by_role("alert")).to_be_visible()
    await phone.get_by_role("textbox").fill(address)
    await press(phone, "Send me a code")
    await sees(phone, "Enter your code")
    code = await code_for(street.world, address)
    await phone.get_by_label("Code").fill("111111" if code != "111111" else "222222")
    await press(phone, "Sign in")
    await expect(phone.get_by_role("alert")).to_be_visible()
    await phone.get_by_label("Code").fill(f"{code[:3]} {code[3:]}")
    await press(phone, "Sign in")
    await sees(phone, "Hello Anna")
    assert home.contact


async def test_first_login_by_sms(phone: Page, street: Street) -> None:
    """000, "Conexión por SMS (envío de enlace temporal, 0.2 crédito/SMS)": the number as it is
    written at home, a code by text message."""
    number = "+33199001299"
    await street.household("Bruno", email="", phone=number, locale="en")
    await phone.goto(street.url("login"))
    await phone.get_by_role("textbox").fill("+33 (0)1 99 00 12 99")
    await press(phone, "Send me a code")
    await sees(phone, "Enter your code")
    await phone.get_by_label("Code").fill(await code_for(street.world, number))
    await press(phone, "Sign in")
    await sees(phone, "Hello Bruno")


async def test_permanent_link(phone: Page, street: Street) -> None:
    """000, "código de conexión permanente (enlace directo en la ficha del cliente)": the link shows
    my own appointments and no others; what cannot be undone asks for a code first."""
    home, other = await street.household("Carla"), await street.household("Dario")
    visit = await home.visit()
    await home.booked(visit)
    foreign = await other.visit()
    portal = street.world.portal
    link = await portal.database.write(
        lambda tx: ensure_link(tx, portal.secrets, home.contact, portal.public_url, portal.clock())
    )
    await phone.goto(link)
    await sees(phone, "Welcome")
    await press(phone, "Open my appointments")
    await sees(phone, "Hello Carla")
    assert link.rpartition("/")[2] not in phone.url
    await follow(phone, "Appointments")
    await sees(phone, "Your appointments")
    assert await phone.get_by_role("link", name=SERVICE["en"]).count() == 1
    answer = await phone.goto(street.url(f"visits/{foreign}"))
    assert answer
    assert answer.status == 404
    await phone.goto(street.url(f"visits/{visit}"))
    await sees(phone, SERVICE["en"])
    await follow(phone, "Cancel the appointment")
    await sees(phone, "Is it you?")
    await phone.get_by_role("button", name=re.compile("Send a code to")).click()
    address = f"carla-{street.houses - 1}@example.org"
    letters = 2  # the first tells of the booking
    await phone.get_by_label("Code").fill(await code_for(street.world, address, letters))
    await press(phone, "Go on")
    await sees(phone, re.compile("[Cc]ancel"))
    assert phone.url.endswith(f"/visits/{visit}/cancel")


async def test_four_languages(browser: Browser, street: Street) -> None:
    """002–004 speak Italian, Spanish, French: the page speaks the language that is chosen and keeps
    to it; a description that is not there in it is shown with a word about that."""
    home = await street.household("Elio")
    await home.visit()
    greetings = set()
    async with screen(browser, PHONE, locale="en") as page:
        await sit_down(page, home.anna)
        for code, name in (("fr", "Français"), ("es", "Español"), ("it", "Italiano")):
            await page.goto(street.url(""))
            await page.locator("details.menu summary").click()
            await press(page, name)
            await expect(page.locator("html")).to_have_attribute("lang", code)
            greetings.add(await page.get_by_role("heading", level=1).inner_text())
            await expect(page.get_by_role("heading", name=SERVICE[code])).to_be_visible()
            await sees(page, re.compile("Elio"))
            described = page.locator("main .prose").first
            await expect(described).to_have_text(
                "Chauffage et climatisation." if code == "fr" else re.compile(".")
            )
        await page.goto(street.url("visits"))
        await expect(page.locator("html")).to_have_attribute("lang", "it")
    assert len(greetings | {"Hello Elio"}) == 4
