"""Pictures of the portal's pages, phone and desktop, from a demo of its own.

    python tools/screenshots.py [DIRECTORY]      (build/screenshots)

One walk: as Camille, who books and moves; as Marc, who manages several houses; as the company's
administrator. At every stop the same page is taken at both widths. Some are taken in French and in
dark colours too.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import time
from base64 import b32decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.demo_process import running_demo  # noqa: E402
from slotsvc.portal.access.totp import code_at, step_of  # noqa: E402
from slotsvc.portal.messages.sink import sunk_letters  # noqa: E402
from tests.portal.browser import DESKTOP, PHONE, chromium  # noqa: E402

WIDTHS = {"phone": PHONE["viewport"], "desktop": DESKTOP["viewport"]}
DARK_TOO = ("home", "slots", "hold")
FRENCH_TOO = ("home", "slots", "visit")
MAP_S, DAY_HEIGHT = 5.0, 1700
PASSWORD = "marmalade trolley anchors quietly"
_SIX_DIGITS = re.compile(r"(?<![\d+])\d{6}(?!\d)")


@dataclass
class Camera:
    """Takes the page it is given at every width. ``number``: of the next stop."""

    directory: Path
    number: int = 1

    async def shot(self, page: Page, name: str) -> None:
        """One stop: a picture at each width."""
        for shape, viewport in WIDTHS.items():
            # as high as the page: bars at the bottom of the screen stand at the end of it
            await page.set_viewport_size(viewport)
            height = await page.evaluate("() => document.documentElement.scrollHeight")
            await page.set_viewport_size(viewport | {"height": max(height, viewport["height"])})
            await self.take(page, f"{shape}/{self.number:02}-{name}")
            if name in DARK_TOO:
                await page.emulate_media(color_scheme="dark")
                await self.take(page, f"{shape}/{self.number:02}-{name}-dark")
                await page.emulate_media(color_scheme="light")
        await page.set_viewport_size(WIDTHS["phone"])
        self.number += 1

    async def at(self, page: Page, path: str, name: str) -> None:
        """Goes to an address and takes it."""
        await page.goto(path)
        await self.shot(page, name)
        if name in FRENCH_TOO:
            await _speak(page, "Français")
            await self.shot(page, f"{name}-french")
            await _speak(page, "English")

    async def take(self, page: Page, name: str) -> None:
        """One picture of what the screen shows."""
        file = self.directory / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=file, animations="disabled")


@asynccontextmanager
async def visitor(browser: Browser, url: str) -> AsyncIterator[Page]:
    """A browser with nothing kept, in English."""
    async with await browser.new_context(
        **PHONE, locale="en", base_url=url, reduced_motion="reduce"
    ) as context:
        context.set_default_timeout(20_000)
        yield await context.new_page()


async def strangers_pages(camera: Camera, page: Page, letters: Path) -> None:
    """What is seen before one is known."""
    await camera.at(page, "/riviera/", "welcome")
    await camera.at(page, "/riviera/login", "login")
    await _press(page, "Send me a code")
    await camera.shot(page, "login-refused")
    await page.get_by_role("textbox").fill("camille@example.com")
    await _press(page, "Send me a code")
    await camera.shot(page, "code")
    await _code(letters, "camille@example.com", 1)
    await page.get_by_label("Code").fill("000000")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await camera.shot(page, "code-wrong")
    await camera.at(page, "/riviera/password", "password")
    await camera.at(page, "/riviera/nothing-here", "not-found")


async def clients_pages(camera: Camera, page: Page, link: str, letters: Path) -> None:
    """Camille: comes in by her link, books, moves, is asked who she is, cancels."""
    await camera.at(page, link, "permanent-link")
    await _press(page, "Open my appointments")
    await camera.at(page, "/riviera/", "home")
    await camera.at(page, "/riviera/visits", "visits")
    await page.get_by_role("link", name="Boiler service").click()
    visit = page.url
    await camera.at(page, visit, "visit-to-schedule")
    await camera.at(page, f"{visit}/slots", "slots")
    await page.locator("summary", has_text="When does it suit you?").click()
    await camera.shot(page, "slots-wishes")
    await camera.at(page, f"{visit}/slots?part=am&day=6", "slots-nothing-fits")
    await booking_pages(camera, page, visit)
    await moving_pages(camera, page, visit, letters)
    await clients_other_pages(camera, page)


async def booking_pages(camera: Camera, page: Page, visit: str) -> None:
    """A time is chosen, given back, another one confirmed."""
    await page.goto(f"{visit}/slots")
    await page.locator("button.slot").first.click()
    hold = page.url
    await camera.shot(page, "hold")
    await page.goto(visit)
    await camera.shot(page, "visit-held")
    await page.goto(hold)
    await _press(page, "Choose another time")
    await camera.at(page, hold, "hold-given-back")
    await page.goto(f"{visit}/slots")
    await page.locator("button.slot").nth(6).click()
    await _press(page, "Confirm")
    await camera.shot(page, "booked")


async def moving_pages(camera: Camera, page: Page, visit: str, letters: Path) -> None:
    """Another time for it; then none."""
    await camera.at(page, visit, "visit")
    await camera.at(page, f"{visit}/slots", "slots-to-move")
    await page.goto(visit)
    if await page.get_by_role("link", name="Cancel the appointment").count():
        await page.goto(f"{visit}/cancel")
        await _prove(camera, page, letters)
        await camera.shot(page, "cancel")
        await _press(page, "Yes, cancel it")
        await camera.shot(page, "cancelled")


async def clients_other_pages(camera: Camera, page: Page) -> None:
    """A new appointment, the account, a search, the languages."""
    await camera.at(page, "/riviera/new", "new")
    await page.goto("/riviera/new/slots?type=repair&site=villa-mimosa")
    await camera.shot(page, "new-slots")
    await page.goto("/riviera/account")
    await camera.shot(page, "account")
    await camera.at(page, "/riviera/account/email", "account-email")
    await camera.at(page, "/riviera/visits?q=zebra", "visits-nothing-found")
    await page.locator("details.menu summary").first.click()
    await camera.shot(page, "language-menu")


async def managers_pages(camera: Camera, page: Page, link: str) -> None:
    """Marc: several houses."""
    await page.goto(link)
    await _press(page, "Open my appointments")
    await camera.at(page, "/riviera/", "manager-home")
    await camera.at(page, "/riviera/visits", "manager-visits")
    await camera.at(page, "/riviera/new", "manager-new")


async def companys_pages(camera: Camera, page: Page, link: str) -> None:
    """The administrator: sets up the login, looks at settings and clients, and at the day."""
    await camera.at(page, "/company/login", "company-login")
    await camera.at(page, link, "company-first")
    await page.locator("summary", has_text="I cannot scan it").click()
    secret = (await page.locator("details code").inner_text()).replace(" ", "")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("#again").fill(PASSWORD)
    await page.locator("#code").fill(_totp(secret))
    await _press(page, "Save and sign in")
    await camera.shot(page, "company-start")
    await settings_pages(camera, page)
    await record_pages(camera, page)
    await camera.at(page, "/company/staff", "company-staff")
    await camera.at(page, "/company/audit", "company-audit")
    await day_pages(camera, page)


async def settings_pages(camera: Camera, page: Page) -> None:
    """Of a business unit: a draft, its preview, all clients at once."""
    await camera.at(page, "/company/units", "company-units")
    await camera.at(page, "/company/units/riviera", "company-unit")
    await page.get_by_label("Company name").fill("Riviera Services & Co")
    await _press(page, "Keep as a draft")
    await camera.shot(page, "company-unit-draft")
    await page.goto("/company/units/riviera/preview")
    await camera.shot(page, "company-unit-preview")
    await page.goto("/company/units/riviera")
    await page.get_by_label("Deactivate for all").check()
    await _press(page, "Show who would change")
    await camera.shot(page, "company-bulk")


async def record_pages(camera: Camera, page: Page) -> None:
    """Of a client: people, link, a test intervention; then through the client's eyes and back."""
    await camera.at(page, "/company/clients", "company-clients")
    await page.get_by_role("link", name="Azur Gestion").click()
    client = page.url
    await camera.shot(page, "company-client")
    await page.get_by_role("link", name="Open Marc Roux").click()
    contact = page.url
    await camera.shot(page, "company-contact")
    await page.get_by_role("button", name=re.compile("Show link|Create the link")).click()
    await camera.shot(page, "company-link")
    await page.goto(client)
    await _press(page, "Create a test intervention")
    await camera.shot(page, "company-test-made")
    await page.goto(contact)
    await _press(page, "See what this client sees")
    await camera.shot(page, "company-view-as")
    await _press(page, "End client view")
    await camera.at(page, "/company/clients?q=zebra", "company-clients-none")
    await camera.at(page, "/company/clients/new", "company-client-new")


async def day_pages(camera: Camera, page: Page) -> None:
    """The planner's day; each width on its own, since the map is drawn for one."""
    for shape, viewport in WIDTHS.items():
        await page.set_viewport_size(viewport | {"height": DAY_HEIGHT})
        await page.goto("/company/day")
        await page.get_by_role("link", name="Next day").click()
        await asyncio.sleep(MAP_S)
        await camera.take(page, f"{shape}/{camera.number:02}-company-day")
    camera.number += 1


async def _press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name).first.click()


async def _speak(page: Page, name: str) -> None:
    """Chooses the language of this name, as a visitor does."""
    await page.locator("details.menu summary").first.click()
    await _press(page, name)


async def _prove(camera: Camera, page: Page, letters: Path) -> None:
    if "/proof" not in page.url:
        return
    await camera.shot(page, "proof")
    await page.get_by_role("button", name="Send a code to").first.click()
    await camera.shot(page, "proof-code")
    await page.get_by_label("Code").fill(await _code(letters, "STEP_UP_CODE", 1))
    await _press(page, "Go on")


async def _code(letters: Path, of: str, number: int) -> str:
    """The code in the ``number``-th letter of the kind, or to the address, ``of``."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = [each for each in sunk_letters(letters) if of in (each.kind, each.to)]
        if len(found) >= number:
            match = _SIX_DIGITS.search(f"{found[number - 1].subject} {found[number - 1].text}")
            assert match
            return match[0]
        await asyncio.sleep(0.1)
    raise SystemExit(f"no letter: {of}")


def _totp(secret: str) -> str:
    from slotsvc.cli.clock import utc_now

    key = b32decode(secret + "=" * (-len(secret) % 8))
    return code_at(key, step_of(utc_now()))


async def main(directory: Path) -> None:
    """Takes them all."""
    camera = Camera(directory)
    with tempfile.TemporaryDirectory(prefix="slotsvc-pictures-") as data_dir:
        async with running_demo(Path(data_dir)) as demo, chromium() as browser:
            await _walk(camera, browser, demo.portal)
    print(f"{camera.number - 1} pages at {len(WIDTHS)} widths in {directory}")


async def _walk(camera: Camera, browser: Browser, doors: dict[str, Any]) -> None:
    letters, links = Path(doors["letters"]), [each["link"] for each in doors["clients"]]
    async with visitor(browser, doors["url"]) as page:
        await strangers_pages(camera, page, letters)
    async with visitor(browser, doors["url"]) as page:
        await clients_pages(camera, page, links[0], letters)
    async with visitor(browser, doors["url"]) as page:
        await managers_pages(camera, page, links[1])
    async with visitor(browser, doors["url"]) as page:
        await companys_pages(camera, page, doors["administrator"]["link"])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "screenshots")))
