"""The language of a page: the visitor's choice, his record, his browser, the company's first."""

from __future__ import annotations

import pytest

from slotsvc.portal.web.i18n import accepted_languages
from tests.portal.portal_fixtures import Visitor, World
from tests.portal.web.probe_pages import PUBLIC, probing

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def language(visitor: Visitor, path: str = PUBLIC, **headers: str) -> str:
    """What ``<html lang>`` says."""
    page = await visitor.get(f"{path}?page=1", **headers)
    return page.text.split('<html lang="')[1][:2]


async def test_each_wish_yields_to_the_one_before(world: World) -> None:
    """Cookie, contact, browser, business unit."""
    nobody = probing(world, world.visitor())
    contact = await world.contact("Anna", locale="es")
    anna = probing(world, await world.signed_in_client(contact))
    french = {"Accept-Language": "fr-CH, en;q=0.5"}

    assert await language(nobody) == "en"
    assert await language(nobody, **french) == "fr"
    assert await language(anna, **french) == "es"
    anna.cookies["__Host-language"] = "it"
    assert await language(anna, **french) == "it"


async def test_clients_get_what_their_unit_speaks(world: World) -> None:
    """A unit that speaks French and Italian shows no English, and French first."""
    await world.unit("coast", locales=["fr", "it"])
    visitor = probing(world, world.visitor())

    assert await language(visitor, "/coast/public", **{"Accept-Language": "en, it;q=0.3"}) == "it"
    assert await language(visitor, "/coast/public", **{"Accept-Language": "en"}) == "fr"
    page = await visitor.get("/coast/public?page=1")
    assert 'value="fr"' in page.text
    assert 'value="en"' not in page.text


async def test_staff_have_all_languages(world: World) -> None:
    """Company pages are in the person's language, whatever the units speak."""
    staff = probing(world, await world.signed_in_staff(await world.staff(locale="it")))

    assert await language(staff, "/company/work") == "it"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", []),
        ("fr", ["fr"]),
        ("it;q=0.2, es-ES, en;q=0.9", ["es", "en", "it"]),
        ("fr;q=0, en", ["en"]),
        ("fr;q=much, en", ["en"]),
        (",;,;q=1,", []),
        ("en;q=1;level=2, it", ["it"]),
    ],
)
async def test_accept_language_is_read_with_its_weights(header: str, found: list[str]) -> None:
    """Most wanted first; what cannot be read is left out."""
    assert accepted_languages(header) == found
