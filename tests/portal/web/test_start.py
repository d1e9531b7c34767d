"""The first address, and whether the portal is well."""

from __future__ import annotations

from pathlib import Path

from tests.portal.portal_fixtures import running_world


async def test_one_open_unit_is_where_everybody_goes(tmp_path: Path) -> None:
    """With one business unit open, the first address leads to it."""
    async with running_world(tmp_path) as world:
        answer = await world.visitor().get("/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/riviera/")


async def test_several_open_units_are_a_choice(tmp_path: Path) -> None:
    """With several, each open one is listed by its company name, and closed ones are not."""
    async with running_world(tmp_path) as world:
        await world.unit("coast", company_name="Coast & Sons")
        await world.unit("closed", company_name="Closed", active=False)
        page = await world.visitor().get("/")

    assert page.status_code == 200
    assert 'href="/coast/"' in page.text
    assert "Coast &amp; Sons" in page.text
    assert "Closed" not in page.text


async def test_health_tells_of_database_and_engine(tmp_path: Path) -> None:
    """The health check answers any host that asks, without a session."""
    async with running_world(tmp_path) as world:
        answer = await world.visitor().get("/healthz", Host="10.0.0.7")

    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "service": "ok"}
