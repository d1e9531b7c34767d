"""A client goes through the portal over HTTP: signs in by code, sees windows, books one."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slotsvc.cli.demo_browser import Browser
from slotsvc.cli.failure import CommandError

if TYPE_CHECKING:
    from pathlib import Path

    from slotsvc.cli.demo_doors import Doors

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


async def book_as_client(doors: Doors, unit: str, address: str, visit: str) -> Journey:
    """Signs in with the code of the letter, books a window for ``visit``, by its id.

    ``unit``: path of the business unit. Raises ``CommandError``.
    """
    import httpx

    journey = Journey()
    async with httpx.AsyncClient(trust_env=False, timeout=30.0) as client:
        browser = Browser(client, doors.url)
        await _sign_in(browser, journey, doors.letters, unit, address)
        await _book(browser, journey, unit, visit)
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
    _expect(not page.path.endswith("/code"), "the code was refused")


async def _book(browser: Browser, journey: Journey, unit: str, visit: str) -> None:
    here = f"{unit}/visits/{visit}"
    with journey.page("my interventions"):
        page = await browser.get(f"{unit}/visits")
    _expect(here in page.links, f"{page.path} does not show {visit}")
    with journey.page("the intervention"):
        page = await browser.get(here)
    _expect(f"{here}/slots" in page.links, f"{here} cannot be booked")
    with journey.page("windows"):
        page = await browser.get(f"{here}/slots")
    with journey.page("window chosen"):
        page = await browser.send(page.form("/hold"))
    with journey.page("confirmed"):
        page = await browser.send(page.form("/confirm"))
    _expect(page.path.partition("?")[0] == here, f"confirming led to {page.path}")


def _expect(so: bool, otherwise: str) -> None:
    if not so:
        raise CommandError(f"The portal misbehaved: {otherwise}.", "DEMO_MISBEHAVED")


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
