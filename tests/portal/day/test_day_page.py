"""The day as a planner sees it in a browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.cookies import STAFF_SESSION
from tests.portal.browser import DESKTOP, PHONE, axe, screen
from tests.portal.day.bookings import TODAY, booking, waiting
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

STOPS = "#day-timeline .ec-event.stop"
SHAPES = {"phone": PHONE, "desktop": DESKTOP}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def busy(world: World) -> World:
    """Two visits today, one of a client whom the portal knows, and work that waits."""
    await world.client("harbour-master", name="Port Authority")
    site = await world.site("harbour-master", "quay")
    await booking(world, client="harbour-master", site=site)
    await booking(world)
    await waiting(world, "harbour-master")
    return world


async def sign_in(page: Page, world: World) -> None:
    """As a planner."""
    visitor = await world.signed_in_staff(role=StaffRole.PLANNER)
    token = visitor.cookies[STAFF_SESSION]
    url = world.url.replace("http:", "https:")
    cookie: Any = {"name": STAFF_SESSION, "value": token, "url": url, "secure": True}
    await page.context.add_cookies([cookie])


async def opened(page: Page, world: World, query: str = "") -> None:
    """The day's page, drawn and live."""
    await page.goto(f"{world.url}/company/day{query}")
    await expect(page.locator("#day-live")).to_have_text("Live")
    await expect(page.locator("#day")).to_have_attribute("data-drawn", re.compile(r"\d"))


@pytest_asyncio.fixture(loop_scope="module")
async def planner(browser: Browser, busy: World) -> AsyncIterator[Page]:
    """A planner's desk, with today's page open. His own clock is far from Monaco."""
    async with screen(browser, DESKTOP, timezone_id="Asia/Tokyo") as page:
        await sign_in(page, busy)
        await opened(page, busy)
        yield page


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_day_can_be_used_by_all(
    browser: Browser, busy: World, shape: str, scheme: str
) -> None:
    """Timeline, map and lists, on a phone and on a desk, by day and by night: nothing that axe
    finds serious, nothing wider than the screen, no complaint of the browser."""
    async with screen(browser, SHAPES[shape], color_scheme=scheme) as page:
        await sign_in(page, busy)
        await opened(page, busy)
        await expect(page.locator(STOPS)).to_have_count(2)
        await expect(page.locator("#day-map canvas")).to_be_visible()
        await expect(page.get_by_text("Waiting for a place")).to_be_visible()
        for summary in await page.locator("#day-lists summary").all():
            await summary.click()
        await axe(page)
        width = SHAPES[shape]["viewport"]["width"]
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_times_are_those_of_the_unit(planner: Page) -> None:
    """A visit stands under the hour that the list tells, and the line of the present time at eight,
    as in Monaco, though the browser is in Japan."""
    list_of_visits = planner.locator("#day-lists [data-visit] b")
    told = (await list_of_visits.first.text_content() or "").partition(":")[0]
    eight, hour = await x_of(planner, "08:00"), await x_of(planner, f"{told}:00")
    now = await planner.locator("#day-timeline .now").first.bounding_box()
    stops = [await stop.bounding_box() for stop in await planner.locator(STOPS).all()]
    assert now
    assert now["x"] == pytest.approx(eight, abs=3)
    first = min(stop["x"] for stop in stops if stop)
    assert 0 <= first - hour < (hour - eight) / 2


async def x_of(page: Page, clock: str) -> float:
    """Where the hour begins on the timeline."""
    box = await page.locator("#day-timeline .ec-slot", has_text=clock).bounding_box()
    assert box
    return box["x"]


async def test_a_stop_is_shown_everywhere_at_once(planner: Page) -> None:
    """Clicked on the timeline it is marked there and in the list, which opens; from the list, by
    keyboard alone, it is found on map and timeline."""
    await planner.locator(STOPS).first.click()
    chosen = planner.locator("#day-lists .is-chosen")
    await expect(chosen).to_be_visible()
    await expect(planner.locator(f"{STOPS}.is-chosen")).to_have_count(1)

    second = planner.locator("#day-lists [data-find]").nth(1)
    await second.focus()
    await planner.keyboard.press("Enter")
    await expect(planner.locator("#day-lists .is-chosen [data-find]")).to_be_focused()
    await expect(planner.locator(f"{STOPS}.is-chosen")).to_have_count(1)
    await expect(planner.locator("#day-lists .is-chosen")).to_have_count(1)


async def test_a_booking_appears_without_loading_again(busy: World, planner: Page) -> None:
    """On the timeline and in the lists; what was opened stays open, what had the focus keeps it."""
    summary = planner.locator("#day-lists summary").first
    await summary.focus()
    await planner.keyboard.press("Enter")
    stops = planner.locator("#day-lists [data-visit]")
    before = await stops.count()
    await expect(stops.first).to_be_visible()

    await booking(busy)

    await expect(stops).to_have_count(before + 1)
    await expect(planner.locator(STOPS)).to_have_count(before + 1)
    await expect(stops.first).to_be_visible()
    await expect(summary).to_be_focused()


async def test_a_booking_of_another_day_changes_nothing(busy: World, planner: Page) -> None:
    """The page does not ask for its day again; its map may still be asking for tiles."""
    drawn = await planner.locator("#day").get_attribute("data-drawn")
    asked: list[str] = []
    planner.on("request", lambda request: asked.append(request.url))
    await booking(busy, TODAY.replace(day=6))
    await planner.wait_for_timeout(800)
    assert await planner.locator("#day").get_attribute("data-drawn") == drawn
    assert [url for url in asked if "/tiles/" not in url] == []


async def test_days_are_walked_by_keyboard(planner: Page) -> None:
    """The step that was taken keeps the focus, so that Enter takes the next one."""
    await planner.get_by_role("link", name="Next day").focus()
    await planner.keyboard.press("Enter")
    await expect(planner.get_by_role("heading", level=1)).to_have_text("Tuesday 4 June")
    await expect(planner).to_have_title("Tuesday 4 June – Riviera Heating – Company pages")
    await expect(planner.get_by_role("link", name="Next day")).to_be_focused()
    await planner.keyboard.press("Enter")
    await expect(planner.get_by_role("heading", level=1)).to_have_text("Wednesday 5 June")
    await expect(planner.locator("#day-live")).to_have_text("Live")


async def test_without_a_script_the_day_is_there_as_lists(browser: Browser, busy: World) -> None:
    """Everything that timeline and map would show stands in the lists; nothing empty beside."""
    async with screen(browser, PHONE, java_script_enabled=False) as page:
        await sign_in(page, busy)
        await page.goto(f"{busy.url}/company/day")
        await expect(page.locator("#day-timeline")).to_be_hidden()
        await expect(page.locator("#day-map")).to_be_hidden()
        await page.locator("#day-lists summary").first.click()
        await expect(page.locator("#day-lists [data-visit]").first).to_be_visible()
        await expect(page.get_by_role("link", name="Port Authority").first).to_be_visible()
        await page.get_by_role("link", name="Next day").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Tuesday 4 June")
