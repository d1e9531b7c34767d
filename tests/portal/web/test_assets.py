"""What browsers load: copied files, weight, the parts of pages, the script, the service worker."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, expect

from slotsvc.portal.web.assets import STATIC
from slotsvc.portal.web.jinja import TEMPLATES
from tests.portal.browser import DESKTOP, PHONE, axe, screen
from tests.portal.web.sample_pages import Samples, running_samples

ROOT = Path(__file__).resolve().parents[3]
CLIENT_PAGE_LIMIT = 300_000
CLIENT_FILES = ("portal.css", "portal.js", "vendor/htmx/htmx.min.js", "icons/icon-192.png")
INLINE = re.compile(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|hx-on|javascript:", re.I)
ASSET = re.compile(r'asset\("([^"]+)"\)')


def test_copied_files_are_the_packages_files() -> None:
    """Every vendored file has the sha256 of the locked package, and none is there besides."""
    command = [sys.executable, "tools/vendor_assets.py", "--check"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


def test_a_client_page_weighs_little() -> None:
    """Style, scripts and icon of clients' pages stay far below 300 kB, not compressed."""
    weight = sum((STATIC / name).stat().st_size for name in CLIENT_FILES)
    assert weight < CLIENT_PAGE_LIMIT / 2


def test_no_template_needs_more_than_the_policy_allows() -> None:
    """No inline style, script or handler stands in any template: the policy would refuse it."""
    found = {
        f"{path.relative_to(TEMPLATES)}: {match.group()}"
        for path in TEMPLATES.rglob("*.html")
        for match in INLINE.finditer(path.read_text())
    }
    assert found == set()


def test_every_named_asset_is_there() -> None:
    """A template names no static file that does not exist."""
    named = {name for path in TEMPLATES.rglob("*.html") for name in ASSET.findall(path.read_text())}
    assert named
    assert {name for name in named if not (STATIC / name).is_file()} == set()


@pytest.mark.parametrize("name", ["icon", "maskable"])
@pytest.mark.parametrize("side", [192, 512])
def test_icons_have_the_sides_they_are_named_for(name: str, side: int) -> None:
    """App icons are PNG files of 192 and 512 pixels; the maskable ones have no clear pixel."""
    with Image.open(STATIC / "icons" / f"{name}-{side}.png") as icon:
        assert (icon.format, icon.size) == ("PNG", (side, side))
        lowest, _ = icon.convert("RGBA").getchannel("A").getextrema()
    assert (lowest == 255) is (name == "maskable")


@asynccontextmanager
async def sample(browser: Browser, samples: Samples, **options: object) -> AsyncIterator[Page]:
    """A page on a phone, whose relative addresses are the samples'."""
    async with (
        running_samples(samples) as (url, _),
        screen(browser, PHONE, base_url=url, **options) as page,
    ):
        yield page


async def test_every_part_can_be_used_by_everybody(browser: Browser) -> None:
    """No part of a page, light or dark, phone or desk, has a serious finding of accessibility, and
    none is wider than a small phone."""
    async with running_samples(Samples()) as (url, _):
        for shape in (PHONE, DESKTOP):
            for colours in ("light", "dark"):
                async with screen(browser, shape, color_scheme=colours) as page:
                    for name in ("parts", "company"):
                        await page.goto(f"{url}/{name}")
                        await axe(page)
        async with screen(browser, {"viewport": {"width": 320, "height": 640}}) as page:
            for name in ("parts", "company", "hold"):
                await page.goto(f"{url}/{name}")
                width = await page.evaluate("document.documentElement.scrollWidth")
                assert width == 320, f"{name} is {width} pixels wide"


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
    async with sample(browser, Samples()) as page:
        await page.goto("/form")
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await page.goto("/hold")
        paths = await page.evaluate(kept)
        assert {path.split("/")[1] for path in paths} == {"static"}
        await page.context.set_offline(True)
        await page.goto("/form")
        await expect(page.get_by_role("heading", name="Nessuna connessione")).to_be_visible()
