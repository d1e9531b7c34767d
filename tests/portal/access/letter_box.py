"""What reached somebody: letters and text messages of the portal's sink."""

from __future__ import annotations

import asyncio
import re

import httpx
from sqlalchemy import select

from slotsvc.portal.messages.sink import SunkLetter, sunk_letters
from slotsvc.portal.tables.schema import CHALLENGES
from tests.portal.portal_fixtures import UNIT, Visitor, World

_PATIENCE_S = 5.0


def newcomer(world: World) -> Visitor:
    """A browser in a network of its own: limits by network are not what the test is about."""
    number = world.numbers["network"] = world.numbers.get("network", 0) + 1
    return world.visitor(f"10.{number // 256}.{number % 256}.1")


async def letters_to(world: World, to: str, number: int = 1) -> list[SunkLetter]:
    """Everything that reached ``to``, oldest first, once there are so many."""
    sink = world.portal.options.sink
    assert sink is not None
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while True:
        found = [each for each in sunk_letters(sink) if each.to == to]
        if len(found) >= number or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(0.02)


async def letter_to(world: World, to: str, number: int = 1) -> SunkLetter:
    """The ``number``-th letter to ``to``."""
    found = await letters_to(world, to, number)
    assert len(found) == number, f"{len(found)} letters instead of {number}"
    return found[-1]


async def code_to(world: World, to: str, number: int = 1) -> str:
    """The code in the ``number``-th letter to ``to``."""
    return code_in(await letter_to(world, to, number))


def code_in(letter: SunkLetter) -> str:
    """The six digits of a letter."""
    found = re.search(r"(?<![\d+])\d{6}(?!\d)", f"{letter.subject} {letter.text}")
    assert found, letter.text
    return found[0]


def link_in(letter: SunkLetter, kind: str = "/l/") -> str:
    """The path of the letter's link."""
    link = next(link for link in letter.links if kind in link)
    return "/" + link.split("/", 3)[3]


async def all_prepared(world: World) -> None:
    """Waits until the worker has looked at everything that was asked for."""
    query = select(CHALLENGES.c.id).where(CHALLENGES.c.prepared_at.is_(None))
    for _ in range(int(_PATIENCE_S / 0.02)):
        if not await world.portal.database.read(lambda tx: tx.execute(query).all()):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("codes are not prepared")


async def ask_for_code(visitor: Visitor, address: str, unit: str = UNIT) -> httpx.Response:
    """Types the address on the login page; gives the page for the code."""
    page = await visitor.get(f"/{unit}/login")
    answer = await visitor.submit(page, "/login", identifier=address)
    assert answer.status_code == 303, answer.text
    return await visitor.followed(answer)


async def type_code(visitor: Visitor, page: httpx.Response, code: str) -> httpx.Response:
    """Types the code on its page; gives the answer."""
    return await visitor.submit(page, "/code", code=code)


async def come_in(world: World, visitor: Visitor, address: str, number: int = 1) -> httpx.Response:
    """Comes in by code; ``number``: of the letter that will hold it."""
    page = await ask_for_code(visitor, address)
    return await type_code(visitor, page, await code_to(world, address, number))


async def press(visitor: Visitor, page: httpx.Response, **filled: str) -> httpx.Response:
    """Fills in and posts the page's form that leads to its own address."""
    return await visitor.submit(page, page.url.path, **filled)
