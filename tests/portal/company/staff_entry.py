"""Setting up and signing in somebody of the company, as a browser does it."""

from __future__ import annotations

import re
from base64 import b32decode
from html import unescape

import httpx

from slotsvc.portal.access.totp import code_at, step_of
from tests.portal.portal_fixtures import Visitor, World

PASSWORD = "marmalade trolley anchors quietly"


def secret_on(page: httpx.Response) -> bytes:
    """The TOTP secret that the page of a one-time link spells out."""
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)
    assert found, "no key on the page"
    text = found[1].replace(" ", "")
    return b32decode(text + "=" * (-len(text) % 8))


def code_now(world: World, secret: bytes, steps: int = 0) -> str:
    """The code of the present step, or of one ``steps`` later."""
    return code_at(secret, step_of(world.clock.now()) + steps)


async def enrolled(world: World, visitor: Visitor, token: str) -> bytes:
    """Sets up the login behind a one-time link; the visitor is signed in. Gives the secret."""
    path = f"/company/first/{token}"
    page = await visitor.get(path)
    secret = secret_on(page)
    answer = await visitor.submit(
        page, path, password=PASSWORD, again=PASSWORD, code=code_now(world, secret)
    )
    assert answer.status_code == 303, unescape(answer.text)
    return secret
