"""A client goes through the portal over HTTP: signs in by code, sees windows, books one."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slotsvc.cli.demo_browser import Browser, Page
from slotsvc.cli.failure import CommandError

if TYPE_CHECKING:
    from pathlib import Path

    from slotsvc.cli.demo_portal import Doors

LETTER_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.02


@dataclass(slots=True)
class Journey:
    """What the visitor did, and how long the portal took for each page, seconds."""

    pages: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def page(self, what: str) -> Iterator[None]:
        """Measures one step."""
        begun = time.perf_counter()
        yield
        self.pages.append((what, time.perf_counter() - begun))


async def book_as_client(doors: Doors, unit: str, address: str) -> Journey:
    """Signs in with the code of the letter, books the best window. Raises ``CommandError``."""
    import httpx

    journey = Journey()
    async with httpx.AsyncClient(trust_env=False, timeout=30.0) as client:
        browser = Browser(client, doors.url)
        await _sign_in(browser, journey, doors.letters, unit, address)
        await _book(browser, journey, unit)
    return journey


async def _sign_in(
    browser: Browser, journey: Journey, letters: Path, unit: str, address: str
) -> None:
    with journey.page("sign-in page"):
        page = await browser.get(f"{unit}/login")
    known = len(_codes(letters))
    with journey.page("e-mail address typed"):
        page = await browser.send(page.form("/login"), identifier=address)
    with journey.page("letter with the code"):
        code = await _new_code(letters, known)
    with journey.page("code typed"):
        page = await browser.send(page.form("/code"), code=code)
    if page.path.endswith("/code"):
        raise CommandError("The portal misbehaved: the code was refused.", "DEMO_MISBEHAVED")


async def _book(browser: Browser, journey: Journey, unit: str) -> None:
    with journey.page("my visits"):
        page = await browser.get(f"{unit}/visits")
    slots = next((link for link in page.links if link.endswith("/slots")), None)
    if slots is None:
        raise CommandError("The portal misbehaved: nothing can be booked.", "DEMO_MISBEHAVED")
    with journey.page("windows"):
        page = await browser.get(slots)
    with journey.page("best window chosen"):
        page = await browser.send(page.form("/hold"))
    with journey.page("confirmed"):
        page = await browser.send(page.form("/confirm"))
    _expect_booked(page)


def _expect_booked(page: Page) -> None:
    if "/visits/" not in page.path:
        text = f"The portal misbehaved: confirming led to {page.path}."
        raise CommandError(text, "DEMO_MISBEHAVED")


async def _new_code(letters: Path, known: int) -> str:
    until = time.perf_counter() + LETTER_SECONDS
    while len(found := _codes(letters)) <= known:
        if time.perf_counter() > until:
            raise CommandError("The portal misbehaved: no letter came.", "DEMO_MISBEHAVED")
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return found[-1]


def _codes(letters: Path) -> list[str]:
    """The codes of the letters so far, oldest first."""
    from slotsvc.portal.messages.sink import sunk_letters

    texts = [one.text for one in sunk_letters(letters) if one.kind == "LOGIN_CODE"]
    found = (re.search(r"\b\d{6}\b|\b\d{3} \d{3}\b", text) for text in texts)
    return [match[0].replace(" ", "") for match in found if match]
