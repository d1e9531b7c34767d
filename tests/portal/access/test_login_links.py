"""The link of a code's letter: a button in the browser that asked, elsewhere the code as well."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from slotsvc.portal.secrets import hashed
from slotsvc.portal.tables.schema import CHALLENGES
from slotsvc.portal.web.cookies import CHALLENGE, CLIENT_SESSION
from tests.portal.access.letter_box import (
    ask_for_code,
    code_in,
    letter_to,
    link_in,
    newcomer,
    press,
)
from tests.portal.portal_fixtures import World, form_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_button_lets_in_the_browser_that_asked(world: World) -> None:
    """In the browser that asked, opening the link and pressing the button is enough, once."""
    await world.contact("Link", email="link@example.org")
    visitor = newcomer(world)
    await ask_for_code(visitor, "link@example.org")
    path = link_in(await letter_to(world, "link@example.org"))
    page = await visitor.get(path)
    assert page.status_code == 200
    assert "Link" not in page.text.replace("Links", "")
    answer = await press(visitor, page)
    assert answer.headers["location"] == "/riviera/"
    assert (await visitor.get("/riviera/account")).status_code == 200
    again = newcomer(world)
    answer = await press(again, await again.get(path))
    assert answer.status_code == 410


async def test_s3_opening_changes_nothing(world: World) -> None:
    """S3: HEAD, GET five times from another place, even a pressed button without the cookie or the
    code: nothing is shown, nothing changes, and the button still works where it was asked for."""
    await world.contact("Scan", email="scan@example.org")
    visitor, scanner = newcomer(world), newcomer(world)
    await ask_for_code(visitor, "scan@example.org")
    path = link_in(await letter_to(world, "scan@example.org"))
    query = select(CHALLENGES).where(CHALLENGES.c.id == hashed(visitor.cookies[CHALLENGE]))

    async def state() -> object:
        return await world.portal.database.read(lambda tx: tx.execute(query).one())

    before, writes = await state(), world.portal.database.writes
    assert (await scanner.head(path)).status_code == 200
    pages = [await scanner.get(path) for _ in range(5)]
    assert {page.status_code for page in pages} == {200}
    assert await state() == before
    assert world.portal.database.writes == writes
    pressed = await press(scanner, pages[0])
    assert pressed.status_code == 200
    assert CLIENT_SESSION not in scanner.cookies
    assert "scan@example.org" not in pressed.text
    assert await state() == before
    answer = await press(visitor, await visitor.get(path))
    assert answer.headers["location"] == "/riviera/"


async def test_s3_another_device_needs_the_code_of_the_letter(world: World) -> None:
    """S3: on another device the link asks for the code; a wrong one counts, the right one opens."""
    await world.contact("Device", email="device@example.org")
    await ask_for_code(newcomer(world), "device@example.org")
    letter = await letter_to(world, "device@example.org")
    other = newcomer(world)
    page = await press(other, await other.get(link_in(letter)))
    code = code_in(letter)
    page = await press(other, page, code=f"{(int(code) + 1) % 1_000_000:06}")
    assert page.status_code == 422
    assert "4 more tries" in page.text
    answer = await press(other, page, code=code)
    assert answer.headers["location"] == "/riviera/"
    assert CLIENT_SESSION in other.cookies


async def test_s11_another_device_chooses_too(world: World) -> None:
    """S11: where contacts share the address, the other device chooses, and only that one."""
    await world.contact("One", email="two@example.org")
    await world.contact("Two", email="two@example.org")
    asking, other = newcomer(world), newcomer(world)
    await ask_for_code(asking, "two@example.org")
    letter = await letter_to(world, "two@example.org")
    page = await press(other, await other.get(link_in(letter)))
    chooser = await other.followed(await press(other, page, code=code_in(letter)))
    assert "Two" in chooser.text
    assert (await asking.get("/riviera/code")).headers["location"].startswith("/riviera/login")
    chosen = form_of(chooser, "/choose").fields["contact"]
    answer = await other.submit(chooser, "/choose", contact=chosen)
    assert answer.headers["location"] == "/riviera/"


async def test_s2_the_link_ends_with_its_code(world: World) -> None:
    """S2: ten minutes after it was asked for, the link is too late as well."""
    await world.contact("Old", email="old-link@example.org")
    visitor = newcomer(world)
    await ask_for_code(visitor, "old-link@example.org")
    path = link_in(await letter_to(world, "old-link@example.org"))
    page = await visitor.get(path)
    world.clock.pass_(timedelta(minutes=10))
    assert (await press(visitor, page)).status_code == 410
