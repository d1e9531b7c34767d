"""The first page of a business unit."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

from benchmarks.calls import fresh_id
from slotsvc.pb.v1 import execution_service_pb2 as reports
from slotsvc.pb.v1 import visit_service_pb2 as engine
from tests.portal.booking_fixtures import running_household
from tests.portal.portal_fixtures import running_world


async def test_signed_out(tmp_path: Path) -> None:
    """Anybody sees who it is and the way in; a description in another language says so."""
    async with running_world(tmp_path, unit=False) as world:
        await world.unit(locales=["fr", "en"], description={"fr": "Chauffage à Monaco"})
        page = await world.visitor().get("/riviera/", **{"Accept-Language": "en"})
        assert "Riviera Heating" in page.text
        assert "Chauffage à Monaco" in page.text
        assert "Not available in your language yet." in page.text
        assert "/riviera/login" in page.text
        french = await world.visitor().get("/riviera/", **{"Accept-Language": "fr"})
        assert "Not available" not in french.text
        assert 'lang="fr"' in french.text


async def test_signed_in(tmp_path: Path) -> None:
    """A client sees what waits for him and what comes next, and asks for something new only where
    that is offered."""
    async with running_household(tmp_path) as home:
        empty = await home.anna.get("/riviera/")
        assert "No appointment yet" in empty.text
        assert "/riviera/new" not in empty.text
        waiting, booked = await home.visit(), await home.visit()
        await home.booked(booked)
        await home.action("NEW_VISIT", activity_type=None, label={"en": "Book a repair"})
        page = await home.anna.get("/riviera/")
        order = [
            page.text.index(words)
            for words in ("Waiting for you", f"/visits/{waiting}", "next appointment", booked)
        ]
        assert order == sorted(order)
        assert "Book a repair" in page.text


async def test_done_lately(tmp_path: Path) -> None:
    """What was done in the last three months is on the first page; all of it is in the list."""
    async with running_household(tmp_path) as home:
        visit, execution = await home.visit(), home.world.service.calls.execution
        await home.booked(visit)
        name = f"{home.world.company.tenant}/visits/{visit}"
        window = (await home.engine_visit(visit)).promise.window.start_time
        start = window.ToDatetime(UTC) - home.world.clock.now()
        await home.later(start)
        await execution.StartVisit(reports.StartVisitRequest(name=name, request_id=fresh_id()))
        await execution.FinishVisit(
            reports.FinishVisitRequest(
                name=name, outcome=engine.OUTCOME_DONE, request_id=fresh_id()
            )
        )
        for days, shown in ((1, True), (100, False)):
            await home.later(timedelta(days=days))
            assert (f"/visits/{visit}" in (await home.anna.get("/riviera/")).text) is shown
            assert f"/visits/{visit}" in (await home.anna.get("/riviera/visits")).text


async def test_languages(tmp_path: Path) -> None:
    """The title of the work is in the language of the page."""
    async with running_household(tmp_path) as home:
        await home.visit()
        page = await home.anna.get("/riviera/visits")
        assert "Boiler service" in page.text
        await home.anna.submit(page, "/language", language="fr")
        french = await home.anna.get("/riviera/visits")
        assert "Entretien de la chaudière" in french.text


async def test_waiting(tmp_path: Path) -> None:
    """What waits for the client has a button to choose a time."""
    async with running_household(tmp_path) as home:
        visit = await home.visit()
        page = await home.anna.get("/riviera/")
        button = page.text.split(f'href="/riviera/visits/{visit}/slots"')[1]
        assert "Choose a time" in button.partition("</a>")[0]


async def test_without_a_place(tmp_path: Path) -> None:
    """Who has no site yet is told so, with the company's number, instead of being led nowhere."""
    async with running_household(tmp_path) as home:
        await home.action("NEW_VISIT", activity_type=None, label={"en": "Book a repair"})
        new = await home.world.client()
        bob = await home.world.signed_in_client(await home.world.contact("Bob", client=new))
        page = await bob.get("/riviera/")
        assert "we need your address" in page.text
        assert "/riviera/new" not in page.text
        assert "tel:+37797000000" in page.text
        asked = await bob.get("/riviera/new")
        assert "We do not have your address yet" in asked.text
        assert "agreed in person" not in asked.text
