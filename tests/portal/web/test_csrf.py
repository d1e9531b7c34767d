"""Forms come from our own pages, in this browser, in this session."""

from __future__ import annotations

import pytest

from slotsvc.portal.secrets import hashed
from slotsvc.portal.web.cookies import CLIENT_SESSION, FORM
from slotsvc.portal.web.csrf import csrf_token
from tests.portal.portal_fixtures import Visitor, World, form_of
from tests.portal.web.probe_pages import CLIENT, PUBLIC, probing

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def anna(world: World) -> Visitor:
    """A signed-in client."""
    return probing(world, await world.signed_in_client(await world.contact("Anna")))


def token_of(world: World, visitor: Visitor, cookie: str = CLIENT_SESSION) -> str:
    """The token of the browser's session."""
    return csrf_token(world.portal.secrets, hashed(visitor.cookies[cookie]))


async def test_the_token_of_the_session_is_needed(world: World) -> None:
    """With its own token a form goes through; without, or with another's, nothing happens."""
    visitor, other = await anna(world), await anna(world)

    right = await visitor.post(CLIENT, {"csrf_token": token_of(world, visitor)})
    wrong = [
        await visitor.post(CLIENT, data)
        for data in ({}, {"csrf_token": ""}, {"csrf_token": token_of(world, other)})
    ]

    assert right.text == "Anna"
    assert [answer.status_code for answer in wrong] == [403, 403, 403]
    assert "Nothing was changed" in wrong[0].text


async def test_the_token_may_come_in_a_header(world: World) -> None:
    """Scripts send it in X-CSRF-Token."""
    visitor = await anna(world)

    answer = await visitor.post(CLIENT, headers={"X-CSRF-Token": token_of(world, visitor)})

    assert answer.text == "Anna"


async def test_a_signed_out_token_opens_no_session(world: World) -> None:
    """A signed-in page takes the session's token only, not that of the signed-out browser."""
    visitor = await anna(world)
    visitor.cookies[FORM] = "random"

    answer = await visitor.post(CLIENT, {"csrf_token": token_of(world, visitor, FORM)})

    assert answer.status_code == 403


async def test_signed_out_forms_are_bound_to_the_browser(world: World) -> None:
    """The login's form works in the browser that opened it, and in no other."""
    visitor, other = (probing(world, world.visitor()) for _ in range(2))
    page = await visitor.get(f"{PUBLIC}?page=1")
    await other.get(f"{PUBLIC}?page=1")
    sent = {"csrf_token": form_of(page).fields["csrf_token"]}

    assert FORM in visitor.cookies
    assert (await visitor.post(PUBLIC, sent)).text == "nobody"
    assert (await other.post(PUBLIC, sent)).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
    ],
)
async def test_what_the_browser_says_of_the_origin_counts(
    world: World, headers: dict[str, str], status: int
) -> None:
    """A form of another site is refused even with the right token."""
    visitor = await anna(world)

    answer = await visitor.post(CLIENT, {"csrf_token": token_of(world, visitor)}, headers=headers)

    assert answer.status_code == status


async def test_our_own_origin_is_ours(world: World) -> None:
    """A script's request tells the origin: the public address, or this machine's."""
    visitor = await anna(world)
    sent = {"csrf_token": token_of(world, visitor)}

    local = world.url.replace("127.0.0.1", "localhost")
    for origin in (world.url, local):
        assert (await visitor.post(CLIENT, sent, headers={"Origin": origin})).text == "Anna"
