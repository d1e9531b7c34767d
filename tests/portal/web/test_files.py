"""Static files, logos, and what makes the portal an app."""

from __future__ import annotations

import pytest

from slotsvc.portal.tables.schema import LOGOS
from slotsvc.portal.web.assets import Assets
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_hashed_names_are_kept_for_ever_and_plain_ones_asked_for(world: World) -> None:
    """A page names files by their hash; under the plain name a browser asks whether it changed."""
    visitor = world.visitor()
    hashed = await visitor.get(Assets().url("portal.css"))
    plain = await visitor.get("/static/portal.css")
    again = await visitor.get("/static/portal.css", **{"If-None-Match": plain.headers["etag"]})

    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["cache-control"] == "no-cache"
    assert hashed.text == plain.text
    assert hashed.headers["content-type"] == "text/css; charset=utf-8"
    assert (again.status_code, again.text) == (304, "")


async def test_files_are_sent_packed_to_who_unpacks(world: World) -> None:
    """gzip where the browser takes it, and the same bytes in the end."""
    visitor = world.visitor()
    packed = await visitor.get("/static/portal.css", **{"Accept-Encoding": "gzip"})
    plain = await visitor.get("/static/portal.css", **{"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) * 2 < int(plain.headers["content-length"])
    assert packed.text == plain.text


@pytest.mark.parametrize("name", ["nothing.css", "../app.py", "..%2fapp.py", "", "portal.0.css"])
async def test_only_files_of_the_directory_are_served(world: World, name: str) -> None:
    """Names are looked up in a list, never in the file system."""
    assert (await world.visitor().get(f"/static/{name}")).status_code == 404


async def test_the_service_worker_may_see_the_whole_portal(world: World) -> None:
    """It is at the top, and asked for anew each time."""
    answer = await world.visitor().get("/sw.js")

    assert answer.headers["service-worker-allowed"] == "/"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


async def test_each_unit_is_an_app_of_its_own(world: World) -> None:
    """Name, start page and scope are the unit's."""
    answer = await world.visitor().get("/riviera/manifest.webmanifest")
    told = answer.json()

    assert answer.headers["content-type"] == "application/manifest+json"
    assert told["name"] == "Riviera Heating"
    assert told["start_url"] == told["scope"] == told["id"] == "/riviera/"
    for icon in told["icons"]:
        assert (await world.visitor().get(icon["src"])).status_code == 200


async def test_logos_are_served_by_their_hash(world: World) -> None:
    """As a picture, for ever; unknown ones are not there."""
    sha256 = "a" * 64
    row = {"sha256": sha256, "business_unit": "riviera", "png": b"png", "width": 1, "height": 1}
    await world.insert(LOGOS, **row)
    answer = await world.visitor().get(f"/logos/{sha256}.png")

    assert (answer.status_code, answer.content) == (200, b"png")
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert (await world.visitor().get(f"/logos/{'b' * 64}.png")).status_code == 404
