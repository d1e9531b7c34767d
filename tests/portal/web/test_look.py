"""The parts of pages in a real browser: for everybody, by keys, without script or connection."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from tests.portal.browser import DESKTOP, PHONE, axe, screen
from tests.portal.web.sample_pages import Samples, running_samples

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def sample(browser: Browser, samples: Samples, **options: object) -> AsyncIterator[Page]:
    """A page on a phone, whose relative addresses are the samples'."""
    async with (
        running_samples(samples) as url,
        screen(browser, PHONE, base_url=url, **options) as page,
    ):
        yield page


async def test_every_part_can_be_used_by_everybody(browser: Browser) -> None:
    """No part of a page, light or dark, phone or desk, has a serious finding of accessibility, and
    none is wider than its screen."""
    async with running_samples(Samples()) as url:
        for shape, colours in ((PHONE, "light"), (PHONE, "dark"), (DESKTOP, "light")):
            async with screen(browser, shape, color_scheme=colours) as page:
                for name in ("parts", "company"):
                    await page.goto(f"{url}/{name}")
                    await axe(page)
        async with screen(browser, DESKTOP) as page:
            for side in (320, 700, 1050):
                await page.set_viewport_size({"width": side, "height": 640})
                for name in ("parts", "company", "hold"):
                    await page.goto(f"{url}/{name}")
                    width = await page.evaluate("document.documentElement.scrollWidth")
                    assert width == side, f"{name} is {width} pixels wide on {side}"


async def test_targets_are_large_enough_for_a_thumb(browser: Browser) -> None:
    """Buttons, links of menus and fields are at least 44 pixels high on a phone."""
    measure = """() => [...document.querySelectorAll(
        ".button, .slot, .input, .choice, .tick, .tabs a, .brand, .menu > summary, .foot a")]
        .map((one) => [one.className || one.tagName, one.getBoundingClientRect().height])
        .filter(([, height]) => height > 0 && height < 44)"""
    async with sample(browser, Samples()) as page:
        for name in ("parts", "company"):
            await page.goto(f"/{name}")
            assert await page.evaluate(measure) == []


async def test_a_double_press_is_one_press(browser: Browser) -> None:
    """A form is sent once however fast it is pressed, and works again after the back button."""
    samples = Samples()
    async with sample(browser, samples) as page:
        await page.goto("/form")
        button = page.get_by_role("button", name="Confirm")
        await button.dblclick()
        await page.wait_for_url("**/parts")
        assert samples.sent == ["yes"]
        await page.go_back()
        await button.click()
        await page.wait_for_url("**/parts")
    assert samples.sent == ["yes", "yes"]


async def test_time_left_is_counted_and_said(browser: Browser) -> None:
    """A hold's countdown runs by the server's clock, says the last minute aloud once, and at its
    end says so and fetches the page again."""
    samples = Samples()
    samples.left = [timedelta(seconds=61), timedelta(seconds=1), timedelta(0)]
    async with sample(browser, samples) as page:
        await page.goto("/hold")
        said = page.locator("#said")
        await expect(page.locator("time.countdown")).to_have_text(re.compile(r"0:5\d|1:0[01]"))
        await expect(said).to_have_text("One minute left.")
        await page.reload()
        await expect(said).to_have_text("The time is over.")
        await expect(said).to_have_text("")  # fetched again: nothing is said of a hold that is over
        await expect(page.locator("time.countdown")).to_have_text("0:00")


async def test_a_link_is_copied_by_a_press(browser: Browser) -> None:
    """The copy button puts the link on the clipboard and says so."""
    grants = ["clipboard-read", "clipboard-write"]
    async with sample(browser, Samples(), permissions=grants) as page:
        await page.goto("/form")
        await page.get_by_role("button", name="Copy").click()
        await expect(page.locator("#said")).to_have_text("Copied")
        link = await page.evaluate("navigator.clipboard.readText()")
    assert link == "https://portal.example/riviera/k/abc"


async def test_pages_work_without_the_script(browser: Browser) -> None:
    """Without JavaScript forms post, the time stands in words, and no button promises what only
    the script could do."""
    samples = Samples()
    async with sample(browser, samples, java_script_enabled=False) as page:
        await page.goto("/hold")
        await expect(page.locator("time.countdown")).to_have_text("until 12:10")
        await page.goto("/form")
        await expect(page.locator("[data-copy]")).to_be_hidden()
        await page.get_by_role("button", name="Confirm").click()
        await page.wait_for_url("**/parts")
    assert samples.sent == ["yes"]


async def test_the_keyboard_reaches_the_content_and_the_languages(browser: Browser) -> None:
    """The first Tab offers to skip to the content; the languages open by keys and close by
    Escape, which gives the focus back."""
    async with sample(browser, Samples()) as page:
        await page.goto("/form")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()
        summary = page.locator("summary")
        await summary.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Français")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Français")).to_be_hidden()
        await expect(summary).to_be_focused()


async def test_without_a_connection_a_page_says_so(browser: Browser) -> None:
    """The service worker shows the offline page, and has kept static files only."""
    kept = """async () => { const found = [];
        for (const name of await caches.keys())
            for (const request of await (await caches.open(name)).keys())
                found.push(new URL(request.url).pathname);
        return found; }"""
    async with sample(browser, Samples(), service_workers="allow") as page:
        await page.goto("/form")
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await page.goto("/hold")
        paths = await page.evaluate(kept)
        assert {path.split("/")[1] for path in paths} == {"static"}
        await page.context.set_offline(True)
        await page.goto("/form")
        await expect(page.get_by_role("heading", name="Nessuna connessione")).to_be_visible()


async def test_noise_fails_a_test(browser: Browser) -> None:
    """A refused inline style and a missing file each fail the test that met them."""
    samples = Samples()

    async def look() -> None:
        async with sample(browser, samples) as page:
            await page.goto("/form")
            await page.wait_for_load_state("networkidle")

    await look()
    for broken in ('<p style="color: red">x</p>', '<img src="/static/none.png" alt="">'):
        samples.show_instead("form", broken)
        with pytest.raises(AssertionError, match="the browser complained"):
            await look()


async def test_a_grave_finding_fails_a_test(browser: Browser) -> None:
    """A button without a name does not pass."""
    samples = Samples()
    samples.show_instead("form", '<h1>x</h1><button class="button"></button>')
    async with sample(browser, samples) as page:
        await page.goto("/form")
        with pytest.raises(AssertionError, match="button-name"):
            await axe(page)
