"""The company sets its portal up and looks at it as its clients do; who sees what of a client."""

from __future__ import annotations

import re
from base64 import b32decode
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, Page, expect

from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.portal.access.staff import first_administrator
from slotsvc.portal.access.totp import code_at, step_of
from slotsvc.portal.visitor import StaffRole
from tests.portal.booking_fixtures import new_site, tokens
from tests.portal.browser import DESKTOP, PHONE, axe, screen
from tests.portal.company.staff_entry import PASSWORD
from tests.portal.journeys.street import SERVICE, Street, follow, offers, press, sees, sit_down

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_activate_unit_and_client(desktop: Page, browser: Browser, street: Street) -> None:
    """000, "Pasos para activar el portal de clientes" 1–4; 001, "marcar o desmarcar el acceso al
    portal" and "visualizar toda la información visible para su cliente". The first administrator
    comes by a one-time link, and ends up seeing what the client sees, read-only."""
    world = street.world
    await world.unit("coast", active=False, company_name="", phone="")
    client = await world.client(unit="coast", name="Villa Rosa", access=False)
    contact = await world.contact(
        "Rosa", client=client, unit="coast", email="rosa@example.org", portal_user=False
    )
    await _first_login(desktop, street)
    await sees(desktop, re.compile("Welcome"))
    async with screen(browser, PHONE) as stranger:
        await _activate_unit(desktop, stranger, f"{world.url}/coast/")
    await _activate_client(desktop)
    await press(desktop, "See what this client sees")
    await sees(desktop, "Hello Rosa")
    await expect(desktop.get_by_text("nothing can be changed")).to_be_visible()
    await follow(desktop, "Account")
    await axe(desktop)
    await press(desktop, "End client view")
    await expect(desktop).to_have_url(f"{world.url}/company/contacts/{contact}")


async def _activate_unit(desktop: Page, stranger: Page, home: str) -> None:
    """As a draft first, which no stranger sees."""
    await follow(desktop, "Business units")
    await sees(desktop, "Business units")
    await desktop.get_by_role("link", name="Configure coast").click()
    await axe(desktop)
    await desktop.get_by_label("Activate the client portal").check()
    await desktop.get_by_label("Company name").fill("Coast Heating")
    await desktop.get_by_label("Telephone").first.fill("+377 97 00 00 01")
    await press(desktop, "Keep as a draft")
    await expect(desktop.get_by_text("You see a draft.")).to_be_visible()
    closed = await stranger.goto(home)
    assert closed
    assert closed.status == 404
    await press(desktop, "Save the business unit")
    await expect(desktop.get_by_text("The settings are in force.")).to_be_visible()
    await axe(desktop)
    await stranger.goto(home)
    await sees(stranger, "Coast Heating")


async def _activate_client(desktop: Page) -> None:
    """The client's flag, then the person's."""
    await follow(desktop, "Clients")
    await desktop.get_by_role("searchbox").fill("rosa@")
    await press(desktop, "Search")
    await sees(desktop, "Clients")
    await follow(desktop, "Villa Rosa")
    await sees(desktop, "Villa Rosa")
    await desktop.get_by_label("This client may use the portal").check()
    await press(desktop, "Save")
    await follow(desktop, "Open Rosa")
    await desktop.get_by_label("Portal user").check()
    await press(desktop, "Save the contact")
    await expect(desktop.get_by_text("Can come in now.")).to_be_visible()
    await axe(desktop)


async def test_try_the_experience(browser: Browser, street: Street) -> None:
    """000, "Probar la experiencia": make a test activity, assign it to a client's site, open the
    portal link from the client record, check what is shown; it can be booked, too."""
    home = await street.household("Tessa")
    async with screen(browser, DESKTOP) as desk, screen(browser, PHONE) as phone:
        await sit_down(desk, await street.world.signed_in_staff())
        await desk.goto(f"{street.world.url}/company/clients/{home.client}")
        await axe(desk)
        await desk.get_by_label("Site").select_option(home.site)
        await press(desk, "Create a test intervention")
        await expect(desk.get_by_text("The test intervention is there.")).to_be_visible()
        await follow(desk, "Open Tessa")
        await press(desk, re.compile("Show link|Create the link"))
        await axe(desk)
        await expect(desk.get_by_role("img", name="QR code of the link")).to_be_visible()
        link = await desk.get_by_label("Link", exact=True).input_value()
        await phone.goto(link)
        await press(phone, "Open my appointments")
        await sees(phone, "Hello Tessa")
        await expect(phone.get_by_role("heading", name=SERVICE["en"])).to_be_visible()
        await expect(phone.get_by_text("To be scheduled")).to_be_visible()
        await follow(phone, "Choose a time")
        assert await offers(phone)
        await phone.locator("button.slot").first.click()
        await press(phone, "Confirm")
        await expect(phone.get_by_text("Your appointment is booked.")).to_be_visible()
        visit = phone.url.split("?")[0].rpartition("/")[2]
        await desk.goto(f"{street.world.url}/company/clients/{home.client}")
        await expect(desk.get_by_role("row", name=re.compile("Scheduled"))).to_be_visible()
    assert (await home.engine_visit(visit)).state == visits.VISIT_STATE_BOOKED


async def test_manager_and_occupant(browser: Browser, street: Street) -> None:
    """001, "dar un acceso específico a ciertos clientes": who manages houses sees all of them and
    finds one by its name; who lives in one sees that one."""
    home = await street.household("Marc")
    second = await new_site(street.world, "le-panorama", home.client)
    lea = await street.world.contact("Lea", client=home.client, sites=(second,), locale="en")
    first_visit = await home.visit()
    second_visit = await home.visit(site=second)
    async with screen(browser, PHONE) as phone:
        await sit_down(phone, home.anna)
        await phone.goto(street.url("visits"))
        await sees(phone, "Your appointments")
        assert await phone.get_by_role("link", name=SERVICE["en"]).count() == 2
        await phone.goto(street.url("visits?q=panorama"))
        await axe(phone)
        assert await phone.get_by_role("link", name=SERVICE["en"]).count() == 1
    async with screen(browser, PHONE) as phone:
        await sit_down(phone, await street.world.signed_in_client(lea))
        await phone.goto(street.url("visits"))
        assert await phone.get_by_role("link", name=SERVICE["en"]).count() == 1
        for visit, status in ((first_visit, 404), (second_visit, 200)):
            answer = await phone.goto(street.url(f"visits/{visit}"))
            assert answer
            assert answer.status == status
        await phone.goto(street.url("new"))
        await sees(phone, "New appointment")
        assert await phone.locator("input[name=site]").count() == 1


async def test_day_of_the_planner(desktop: Page, street: Street) -> None:
    """001, "sincronizado con los calendarios de sus equipos": what a client books stands on the
    planner's day at once, in the timeline and in the lists."""
    home = await street.household("Dino")
    visit = await home.visit()
    await sit_down(desktop, await street.world.signed_in_staff(role=StaffRole.PLANNER))
    offers_page = await home.anna.get(f"/riviera/visits/{visit}/slots")
    first = tokens(offers_page)[0]
    day = datetime.fromtimestamp(int(first.partition(":")[0]), UTC).date()
    await desktop.goto(f"{street.world.url}/company/day?unit=riviera&date={day}")
    await expect(desktop.get_by_text("Nothing is broken.")).to_be_visible()
    shown = desktop.locator("#day-lists .day-routes").get_by_text("house-")
    before = await shown.count()
    answer = await home.anna.submit(offers_page, "/hold", token=first)
    await home.anna.submit(await home.anna.followed(answer), "/confirm")
    await expect(shown).to_have_count(before + 1)
    await axe(desktop)


async def _first_login(page: Page, street: Street) -> None:
    """The one-time link of the command line: a password and an authenticator app."""
    world = street.world
    token = await world.portal.database.write(
        lambda tx: first_administrator(
            tx, world.portal.secrets, "ada@example.org", "Ada", world.clock.now()
        )
    )
    await page.goto(f"{world.url}/company/first/{token}")
    await sees(page, "Set up your login")
    await page.get_by_text("I cannot scan it").click()
    key = (await page.locator("details code").inner_text()).replace(" ", "")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("The same password again").fill(PASSWORD)
    secret = b32decode(key + "=" * (-len(key) % 8))
    await page.get_by_label("Code").fill(code_at(secret, step_of(world.clock.now())))
    await press(page, "Save and sign in")
