"""Booking on a phone: choosing, moving, cancelling, asking for more; and when something gets in
between."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import urljoin

import pytest
from icalendar import Calendar
from playwright.async_api import Browser, Page, expect

from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.portal.access.letter_box import letters_to
from tests.portal.booking_fixtures import Household
from tests.portal.browser import DESKTOP, PHONE, screen
from tests.portal.journeys.street import (
    SERVICE,
    Street,
    follow,
    offers,
    press,
    sees,
    sit_down,
    tab_to,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

RIGHT = "Is this right?"


async def test_book_move_cancel(phone: Page, street: Street) -> None:
    """001, "que reserven una cita para la intervención … priorizar los mejores horarios": one of
    the best windows, then another, then none; calendar entry and letters follow."""
    home, visit = await _waiting(street, phone, "Anna")
    await phone.goto(street.url(""))
    await follow(phone, "Choose a time")
    await sees(phone, "Choose a time")
    assert await phone.get_by_text("Recommended").count() == 1
    await phone.locator("button.slot").nth(9).click()
    await sees(phone, RIGHT)
    await expect(phone.get_by_role("timer")).to_have_text(re.compile(r"[45]:\d\d"))
    await press(phone, "Confirm")
    await sees(phone, SERVICE["en"])
    await expect(phone.get_by_text("Your appointment is booked.")).to_be_visible()
    first = (await home.engine_visit(visit)).promise.window
    entry = await _calendar_entry(phone)
    assert entry["DTSTART"].dt == first.start_time.ToDatetime(tzinfo=UTC)
    assert entry["DTEND"].dt == first.end_time.ToDatetime(tzinfo=UTC)

    await follow(phone, "Change the time")
    await expect(phone.get_by_text("stands until you confirm another one")).to_be_visible()
    await phone.locator("button.slot").nth(14).click()
    await sees(phone, RIGHT)
    assert (await home.engine_visit(visit)).promise.window == first
    await press(phone, "Confirm")
    await expect(phone.get_by_text("Your appointment has a new time.")).to_be_visible()
    second = (await home.engine_visit(visit)).promise.window
    assert second != first
    moved = await _calendar_entry(phone)
    assert (moved["UID"], moved["DTSTART"].dt) == (
        entry["UID"],
        second.start_time.ToDatetime(tzinfo=UTC),
    )
    assert moved["SEQUENCE"] > entry["SEQUENCE"]

    await follow(phone, "Cancel the appointment")
    await sees(phone, re.compile("[Cc]ancel"))
    await phone.get_by_role("main").get_by_role("button", name=re.compile("[Cc]ancel")).click()
    await expect(phone.get_by_text("Your appointment is cancelled.")).to_be_visible()
    await sees(phone, SERVICE["en"])
    assert (await home.engine_visit(visit)).state == visits.VISIT_STATE_CANCELLED
    letters = await letters_to(street.world, f"anna-{street.houses}@example.org", 3)
    assert len({letter.kind for letter in letters}) == 3


async def test_new_intervention(phone: Page, street: Street) -> None:
    """001, "Esta acción estará disponible directamente en su business unit para el cliente": what,
    where and when, with a word for the technician."""
    home = await street.household("Bea")
    await sit_down(phone, home.anna)
    await phone.goto(street.url(""))
    await follow(phone, "Ask for a new appointment")
    await sees(phone, "New appointment")
    await press(phone, "See free times")
    await sees(phone, "Choose a time")
    await phone.get_by_label("What is it about?").fill("It drips, only at night.")
    await phone.locator("button.slot").nth(3).click()
    await sees(phone, RIGHT)
    await press(phone, "Confirm")
    await expect(phone.get_by_text("Your appointment is booked.")).to_be_visible()
    made = await home.engine_visit(phone.url.split("?")[0].rpartition("/")[2])
    assert (made.site, made.note) == (home.site, "It drips, only at night.")
    assert made.state == visits.VISIT_STATE_BOOKED


async def test_expired_hold(phone: Page, street: Street) -> None:
    """001, the same: who confirms too late books nothing, and is offered the nearest times."""
    home, visit = await _waiting(street, phone, "Carl")
    await _to_hold(phone, street, visit)
    street.world.clock.pass_(timedelta(minutes=6))
    await press(phone, "Confirm")
    await sees(phone, "The time to confirm is over")
    assert (await home.engine_visit(visit)).state == visits.VISIT_STATE_UNPLACED
    assert len(await offers(phone)) == 3
    await phone.locator("button.slot").first.click()
    await sees(phone, RIGHT)
    await press(phone, "Confirm")
    await expect(phone.get_by_text("Your appointment is booked.")).to_be_visible()


async def test_stolen_slot(phone: Page, street: Street) -> None:
    """001, "sincronizado con los calendarios de sus equipos": a planner takes the last place while
    the client reads; he is told, and offered the nearest times at once."""
    home, visit = await _waiting(street, phone, "Dora")
    await phone.goto(street.url(f"visits/{visit}/slots"))
    shown = await offers(phone)
    await home.taken(*await home.first_window(visit))
    await phone.locator("button.slot").first.click()
    await sees(phone, "This time is taken")
    nearest = await offers(phone)
    assert 1 <= len(nearest) <= 3
    assert shown[0] not in [text.split(", ")[-1] for text in nearest if text.startswith("Mon")]
    await phone.locator("button.slot").first.click()
    await sees(phone, RIGHT)
    await press(phone, "Confirm")
    await expect(phone.get_by_text("Your appointment is booked.")).to_be_visible()


async def test_two_presses_two_tabs_and_back(phone: Page, street: Street) -> None:
    """001, the same: impatient fingers book once, the last choice counts, no way leads nowhere."""
    home, visit = await _waiting(street, phone, "Edda")
    await _to_hold(phone, street, visit, 1)
    first = phone.url
    await phone.go_back()
    await sees(phone, "Choose a time")
    await phone.locator("button.slot").nth(2).click()
    await sees(phone, RIGHT)
    assert phone.url != first
    other = await phone.context.new_page()
    await _to_hold(other, street, visit, 3)
    await press(phone, "Confirm")
    await sees(phone, "You gave this time back")
    await expect(phone.get_by_text("You have chosen another time")).to_be_visible()
    await follow(phone, "Look at it and confirm")
    assert phone.url == other.url
    await phone.get_by_role("button", name="Confirm").dblclick()
    await expect(phone.get_by_text("Your appointment is booked.")).to_be_visible()
    await press(other, "Confirm")
    await sees(other, SERVICE["en"])
    await other.go_back()
    await expect(other.get_by_role("heading", level=1)).to_have_text(SERVICE["en"])
    booked = await home.engine_visit(visit)
    assert booked.state == visits.VISIT_STATE_BOOKED
    assert len(booked.promises) == 1


async def test_keyboard_alone(browser: Browser, street: Street) -> None:
    """001, the same, without a mouse or a finger: Tab and Enter."""
    home = await street.household("Fred")
    visit = await home.visit()
    async with screen(browser, DESKTOP) as page:
        await sit_down(page, home.anna)
        await page.goto(street.url(""))
        for name in ("Choose a time", "Recommended", "Confirm"):
            await tab_to(page, name)
            was = page.url
            await page.keyboard.press("Enter")
            await expect(page).not_to_have_url(was)
        await expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    assert (await home.engine_visit(visit)).state == visits.VISIT_STATE_BOOKED


async def test_without_javascript(browser: Browser, street: Street) -> None:
    """001, the same on an old phone: all of it, and more days, without a script."""
    home = await street.household("Gina")
    visit = await home.visit()
    async with screen(browser, PHONE, java_script_enabled=False) as page:
        await sit_down(page, home.anna)
        await page.goto(street.url(f"visits/{visit}/slots"))
        first = await page.locator("h2.day-name").all_inner_texts()
        await follow(page, "More days")
        assert not set(first) & set(await page.locator("h2.day-name").all_inner_texts())
        await page.locator("button.slot").first.click()
        await expect(page.get_by_role("timer")).to_have_text(re.compile("until"))
        await press(page, "I need more time")
        await expect(page.get_by_text("You have some more minutes")).to_be_visible()
        await press(page, "Confirm")
        await expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    assert (await home.engine_visit(visit)).state == visits.VISIT_STATE_BOOKED


async def _waiting(street: Street, page: Page, name: str) -> tuple[Household, str]:
    """A household whose visit waits for a time; its contact sits in front of the page."""
    home = await street.household(name)
    await sit_down(page, home.anna)
    return home, await home.visit()


async def _to_hold(page: Page, street: Street, visit: str, number: int = 9) -> None:
    await page.goto(street.url(f"visits/{visit}/slots"))
    await page.locator("button.slot").nth(number).click()
    await sees(page, RIGHT)


async def _calendar_entry(page: Page) -> Any:
    link = page.get_by_role("link", name="Add to my calendar")
    answer = await page.request.get(urljoin(page.url, str(await link.get_attribute("href"))))
    assert answer.headers["content-type"].startswith("text/calendar")
    [entry] = Calendar.from_ical(await answer.body()).events
    return entry
