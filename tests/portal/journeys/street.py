"""What the journeys share: a company whose clients live in one street, and the gestures of people
in front of a browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright._impl._api_structures import SetCookieParam
from playwright.async_api import Page, expect

from slotsvc.portal.web.cookies import CLIENT_SESSION, STAFF_SESSION
from tests.portal.access.letter_box import code_in, letters_to
from tests.portal.booking_fixtures import Household, new_site
from tests.portal.browser import axe
from tests.portal.portal_fixtures import UNIT, Visitor, World, running_world

SERVICE = {
    "en": "Boiler service",
    "fr": "Entretien de la chaudière",
    "es": "Revisión de la caldera",
    "it": "Manutenzione della caldaia",
}
MOST_TABS = 80


@dataclass
class Street:
    """A company with three technicians, the unit "riviera" and households that tests add."""

    world: World
    houses: int = 0

    async def household(self, name: str = "Anna", **contact: str) -> Household:
        """A client of her own with a house, and a contact who may come in."""
        self.houses += 1
        number = self.houses
        client = await self.world.client(name=f"{name} {number}")
        told = {"email": f"{name.lower()}-{number}@example.org", "locale": "en"} | contact
        id = await self.world.contact(name, client=client, **told)
        site = await new_site(self.world, f"house-{number}", client)
        self.world.portal.service.catalogue.forget()
        visitor = await self.world.signed_in_client(id)
        return Household(self.world, site, client, id, visitor)

    def url(self, path: str) -> str:
        """The address of a page of the unit."""
        return f"{self.world.url}/{UNIT}/{path}"


@asynccontextmanager
async def running_street(data_dir: Path, map_path: Path) -> AsyncIterator[Street]:
    """The company, running: real engine, real roads, letters in a directory."""
    running = running_world(data_dir, map_path=map_path, technicians=3, unit=False)
    async with running as world:
        await world.unit(
            sms_connection=True,
            sms_credits=1000,
            phone="+33 1 99 00 12 34",
            email="bonjour@riviera.example",
            description={"fr": "Chauffage et climatisation.", "en": "Heating and cooling."},
        )
        street = Street(world)
        first = await street.household("Zoe")
        await first.show(title=SERVICE)
        await first.action("NEW_VISIT")
        yield street


async def sit_down(page: Page, visitor: Visitor) -> None:
    """The browser takes over the session of the visitor."""
    for name in {CLIENT_SESSION, STAFF_SESSION} & set(visitor.cookies):
        # https: the driver takes it for the sign of a secure cookie
        kept = {"name": name, "value": visitor.cookies[name], "url": "https://127.0.0.1"}
        await page.context.add_cookies([SetCookieParam(**kept)])


async def press(page: Page, name: str | re.Pattern[str]) -> None:
    """The first button of this name."""
    await page.get_by_role("button", name=name, exact=True).first.click()


async def follow(page: Page, name: str) -> None:
    """The first link of this name."""
    await page.get_by_role("link", name=name, exact=True).first.click()


async def sees(page: Page, heading: str | re.Pattern[str]) -> None:
    """The page has this heading, and nothing on it shuts anybody out."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    await axe(page)


async def code_for(world: World, address: str, number: int = 1) -> str:
    """The code in the ``number``-th letter to the address, once it is there."""
    return code_in((await letters_to(world, address, number))[number - 1])


async def offers(page: Page) -> list[str]:
    """The windows on the page of offers."""
    return await page.locator("button.slot span:first-child").all_inner_texts()


async def tab_to(page: Page, name: str) -> None:
    """Presses Tab until what has the focus is called so."""
    said = ""
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        said = await page.evaluate(
            "() => { const at = document.activeElement;"
            " const label = at.labels && at.labels[0] ? at.labels[0].innerText : '';"
            " return (at.getAttribute('aria-label') || label || at.innerText || '').trim(); }"
        )
        if name in said:
            return
    raise AssertionError(f"Tab never came to {name!r}; last: {said!r}")
