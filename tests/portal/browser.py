"""A real browser for the portal's tests: Playwright drives the system's Chromium.

    async def test_booking(phone: Page) -> None:        # fixtures: phone, desktop, browser
        await phone.goto(f"{world.url}/riviera/")
        await phone.get_by_role("button", name="Book").click()
        await axe(phone)                                # no serious finding of accessibility

Another screen, language or colours: ``async with screen(browser, PHONE, locale="fr") as page``.
A page that says an error on its console, throws, breaks the content security policy or misses a
file fails its test when the screen closes. The policy stays in force, so ``wait_for_function`` does
not work (it evaluates text): use locators and ``expect``.

One browser serves a whole file (0.6 s to start, 0.4 s to close on two cores), so its tests share an
event loop: ``pytestmark = pytest.mark.asyncio(loop_scope="module")``, and no test in it that is not
``async``. Each test has a page with nothing kept. Fixtures come through tests/portal/conftest.py.
"""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    async_playwright,
)

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(__file__).parent / "vendor/axe-core/axe.min.js"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # WebGL without a graphics card: the map
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}

_GRAVE = ("serious", "critical")
_MISSING, _BROKEN = 404, 500


@cache
def chromium_path() -> str:
    """The system's Chromium; installed where it is missing and may be."""
    command = [ROOT / "tools/find_chromium.sh"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser of its own, closed at the end."""
    path = chromium_path()
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield started
        finally:
            await started.close()


@asynccontextmanager
async def screen(
    browser: Browser, shape: dict[str, Any], *, locale: str = "en", **options: Any
) -> AsyncIterator[Page]:
    """A page in a context of its own: no cookie, nothing kept. Fails on noise when it closes.

    ``options``: Playwright's of a context, such as ``color_scheme="dark"``. Service workers are
    blocked unless allowed: a context that closes while one starts may never be closed.
    """
    chosen = {"reduced_motion": "reduce", "service_workers": "block"} | options
    context = await browser.new_context(**shape, locale=locale, **chosen)
    context.set_default_timeout(10_000)
    noise = listen(context)
    try:
        yield await context.new_page()
    finally:
        await context.close()
    assert not noise, "the browser complained:\n" + "\n".join(noise)


def listen(context: BrowserContext) -> list[str]:
    """What goes wrong in any page of the context from now on, as it happens.

    An answer that refuses a form (4xx) is none of it; a missing file and a broken page are.
    """
    noise: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        # on_response tells these with their status
        if message.type == "error" and "Failed to load resource" not in message.text:
            noise.append(f"console: {message.text}")

    def on_response(response: Response) -> None:
        # the service worker asks for pages in its own name
        worker = response.request.service_worker is not None
        is_page = worker or response.request.resource_type == "document"
        if response.status >= _BROKEN or (response.status == _MISSING and not is_page):
            noise.append(f"{response.status} {response.request.method} {response.url}")

    context.on("console", on_console)
    context.on("weberror", lambda error: noise.append(f"script: {error.error}"))
    context.on("response", on_response)
    return noise


async def axe(page: Page) -> None:
    """Asserts that axe-core finds nothing serious or critical on the page as it stands."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    grave = [rule for rule in found["violations"] if rule["impact"] in _GRAVE]
    assert not grave, f"{page.url}:\n" + "\n".join(_spoken(rule) for rule in grave)


def _spoken(rule: dict[str, Any]) -> str:
    places = ", ".join(str(node["target"]) for node in rule["nodes"][:5])
    return f"{rule['impact']}: {rule['id']} – {rule['help']}: {places}"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, for the tests of this file."""
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def phone(browser: Browser) -> AsyncIterator[Page]:
    """A page on a phone with a touch screen (390 x 844)."""
    async with screen(browser, PHONE) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="module")
async def desktop(browser: Browser) -> AsyncIterator[Page]:
    """A page on a desk (1280 x 800)."""
    async with screen(browser, DESKTOP) as page:
        yield page
