"""Choosing another language."""

from __future__ import annotations

import pytest

from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_choice_stays_and_leads_back(world: World) -> None:
    """The button of the page sets a cookie, writes nothing, and shows the same page again."""
    visitor = world.visitor()
    page = await visitor.get("/nowhere?a=b")
    before = world.portal.database.writes

    answer = await visitor.submit(page, "/language", language="fr")

    assert (answer.status_code, answer.headers["location"]) == (303, "/nowhere?a=b")
    assert visitor.cookies["__Host-language"] == "fr"
    assert world.portal.database.writes == before
    assert '<html lang="fr">' in (await visitor.get("/nowhere")).text


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "", "/a\nb"]
)
async def test_it_leads_back_to_own_pages_only(world: World, elsewhere: str) -> None:
    """An address of others is not followed."""
    visitor = world.visitor()
    page = await visitor.get("/nowhere")

    answer = await visitor.submit(page, "/language", language="es", next=elsewhere)

    assert answer.headers["location"] == "/"


async def test_an_unknown_language_is_refused(world: World) -> None:
    """With a page, not with a fault."""
    visitor = world.visitor()
    page = await visitor.get("/nowhere")

    assert (await visitor.submit(page, "/language", language="xx")).status_code == 400
