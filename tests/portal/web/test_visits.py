"""My interventions: what is shown, found, and hidden from those it does not concern."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from benchmarks.calls import fresh_id
from slotsvc.pb.v1 import execution_service_pb2 as reports
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.portal.messages.sink import sunk_letters
from tests.portal.booking_fixtures import Household, new_site, running_household, tokens
from tests.portal.portal_fixtures import form_of


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Household]:
    async with running_household(tmp_path) as household:
        yield household


async def test_list_shows_all_states(home: Household) -> None:
    """To be scheduled, scheduled and cancelled ones stand in one list, what needs attention
    first."""
    waiting, scheduled, cancelled = [await home.visit() for _ in range(3)]
    await home.booked(scheduled)
    await home.booked(cancelled, n=14)
    question = await home.anna.get(f"/riviera/visits/{cancelled}/cancel")
    await home.anna.submit(question, "/cancel")
    page = await home.anna.get("/riviera/visits")
    places = [page.text.index(f"/visits/{id}") for id in (waiting, scheduled, cancelled)]
    assert places == sorted(places)
    for words in ("To be scheduled", "Scheduled", "Cancelled"):
        assert words in page.text


async def test_nothing_of_the_planning_reaches_clients(home: Household) -> None:
    """S20: notes, labels and technicians stand on none of a client's pages."""
    visit = await home.visit(note="canary-note", labels={"kind": "canary-label"})
    waiting = await home.visit(note="canary-note")
    await home.booked(visit, n=0)
    technicians = await home.world.portal.service.planner.technicians()
    hidden = {"canary-note", "canary-label", "technicians/"}
    hidden |= {who.display_name for who in technicians}
    assert technicians
    assert "" not in hidden
    own = ("", "/slots", "/cancel", "/calendar.ics")
    paths = ["", "visits", "new", f"visits/{waiting}/slots", *(f"visits/{visit}{x}" for x in own)]
    for path in paths:
        page = await home.anna.see(f"/riviera/{path}")
        assert not {word for word in hidden if word in page.text}, path


async def test_search_and_filter(home: Household) -> None:
    """Words find titles, places and references without accents; status and site narrow it."""
    villa = await new_site(home.world, "villa", home.ref, display_name="Villa Éden")
    home.world.portal.service.catalogue.forget()
    one, two = await home.visit(external_ref="R-100"), await home.visit(site=villa)
    for query, found in {
        "q=r-100": {one},
        "q=eden": {two},
        "q=chaudiere+villa": {two},
        "q=boiler": {one, two},
        "q=nothing": set[str](),
        f"site={villa}": {two},
        "status=TO_SCHEDULE": {one, two},
        "status=DONE": set[str](),
        "status=x&page=y": {one, two},
    }.items():
        page = await home.anna.get(f"/riviera/visits?{query}")
        assert {id for id in (one, two) if f"/visits/{id}" in page.text} == found, query


async def test_pages_of_a_long_list(home: Household) -> None:
    """Twenty stand on a page, the rest behind it."""
    for _ in range(21):
        await home.visit()
    first = await home.anna.get("/riviera/visits")
    second = await home.anna.get("/riviera/visits?page=2")
    assert (first.text.count("card-link"), second.text.count("card-link")) == (20, 1)


async def test_on_the_way_and_history(home: Household) -> None:
    """Reports from the road appear as they come: on the way, steps, the end with its outcome."""
    visit = await home.visit()
    await home.booked(visit, n=0)
    calls, name = home.world.service.calls, f"{home.world.company.tenant}/visits/{visit}"
    start = (await home.engine_visit(visit)).promise.window.start_time.ToDatetime()
    await home.later(start - home.world.clock.now().replace(tzinfo=None))
    await calls.execution.DepartForVisit(
        reports.DepartForVisitRequest(name=name, request_id=fresh_id())
    )
    page = await home.anna.get(f"/riviera/visits/{visit}")
    assert "The technician is on the way" in page.text
    assert "There at about" in page.text
    assert 'hx-trigger="every 30s"' in page.text
    part = await home.anna.get(f"/riviera/visits/{visit}", **{"HX-Request": "true"})
    assert "<html" not in part.text
    home.world.clock.pass_(timedelta(minutes=20))
    await calls.execution.StartVisit(reports.StartVisitRequest(name=name, request_id=fresh_id()))
    await calls.execution.ReportStep(
        reports.ReportStepRequest(name=name, step="parts", request_id=fresh_id())
    )
    page = await home.anna.get(f"/riviera/visits/{visit}")
    assert "Parts are ordered" in page.text
    home.world.clock.pass_(timedelta(minutes=5))
    await calls.execution.FinishVisit(
        reports.FinishVisitRequest(
            name=name, outcome=visits.OUTCOME_INCOMPLETE, request_id=fresh_id()
        )
    )
    page = await home.anna.get(f"/riviera/visits/{visit}")
    assert "Some work is left." in page.text
    assert "hx-trigger" not in page.text


async def test_calendar_entry(home: Household) -> None:
    """The entry is the window, keeps its UID, and counts changes and the cancellation."""
    visit = await home.visit()
    path = f"/riviera/visits/{visit}/calendar.ics"
    assert (await home.anna.get(path)).status_code == 404
    await home.booked(visit, n=9)
    first = await home.anna.get(path)
    assert first.headers["content-type"].startswith("text/calendar")
    await home.anna.submit(await home.held(visit, n=14), "/confirm")
    second = await home.anna.get(path)
    question = await home.anna.get(f"/riviera/visits/{visit}/cancel")
    await home.anna.submit(question, "/cancel")
    third = await home.anna.get(path)
    read = [Calendar.from_ical(answer.content) for answer in (first, second, third)]
    entries = [calendar.walk("VEVENT")[0] for calendar in read]
    assert [entry["SEQUENCE"] for entry in entries] == [0, 1, 2]
    assert len({entry["UID"] for entry in entries}) == 1
    assert [calendar["METHOD"] for calendar in read] == ["PUBLISH", "PUBLISH", "CANCEL"]
    window = (await home.engine_visit(visit)).promises[-1].window
    assert entries[2]["DTSTART"].dt.timestamp() == window.start_time.seconds
    assert entries[2]["DTEND"].dt.timestamp() == window.end_time.seconds
    assert entries[0]["DTSTART"].params["TZID"] == "Europe/Monaco"
    told = [str(entry["DESCRIPTION"]).partition("\n")[0] for entry in entries]
    assert told[0] == told[1] == "We come within this time. Please make sure somebody is at home."
    assert told[2] == "This appointment is cancelled; nobody will come."
    assert "Tech1" not in first.text
    assert len(first.content) < 2500


async def test_calendar_of_a_held_time(home: Household) -> None:
    """A time that is not confirmed is no entry."""
    visit = await home.visit()
    await home.held(visit)
    assert (await home.anna.get(f"/riviera/visits/{visit}/calendar.ics")).status_code == 404


async def test_moved(home: Household) -> None:
    """The page says that the entry in a calendar is to be replaced, and cancelling offers to move
    instead."""
    visit = await home.visit()
    booked = await home.booked(visit, n=9)
    assert "old time in your calendar" not in booked.text
    moved = await home.anna.followed(
        await home.anna.submit(await home.held(visit, n=14), "/confirm")
    )
    assert "old time in your calendar" in moved.text
    question = await home.anna.get(f"/riviera/visits/{visit}/cancel")
    assert f'href="/riviera/visits/{visit}/slots"' in question.text


async def test_language_of_letters(home: Household, tmp_path: Path) -> None:
    """They are in the contact's language; where none is set, in the one he reads the pages in."""
    paul = await home.world.contact("Paul", client=home.client, email="paul@example.org")
    visitor = await home.world.signed_in_client(paul)
    visit = await home.visit()
    await visitor.submit(await visitor.get("/riviera/"), "/language", language="fr")
    await visitor.submit(await home.held(visit, n=9, visitor=visitor), "/confirm")
    await home.letters(tmp_path / "letters", 1)
    letter = sunk_letters(tmp_path / "letters")[0]
    assert "quelqu'un soit sur place" in " ".join(letter.text.split())


async def test_hidden_visits(home: Household) -> None:
    """Another client's, another site's, another team's and hidden types look like none at all."""
    world = home.world
    other = await world.client()
    bob = await world.signed_in_client(await world.contact("Bob", client=other))
    narrow = await world.contact("Nina", client=home.client, sites=("tenants/acme/sites/x",))
    nina = await world.signed_in_client(narrow)
    await world.company.activity("secret")
    kind = f"{world.company.tenant}/activityTypes/secret"
    mine, secret = await home.visit(), await home.visit(activity_type=kind)
    review = await home.held(mine)
    hold = review.url.path.rpartition("/")[2]
    cases = [(bob, mine), (nina, mine), (home.anna, secret), (home.anna, "none"), (bob, "A..b")]
    for visitor, id in cases:
        assert id not in (await visitor.get("/riviera/visits")).text
        token = form_of(await visitor.get("/riviera/account"), "/logout").fields
        for path in (id, f"{id}/slots", f"{id}/cancel", f"{id}/calendar.ics"):
            assert (await visitor.get(f"/riviera/visits/{path}")).status_code == 404, path
        for path in (f"{id}/hold", f"{id}/cancel"):
            answer = await visitor.post(f"/riviera/visits/{path}", token | {"token": "x"})
            assert answer.status_code == 404, path
    for visitor in (bob, nina):
        token = form_of(await visitor.get("/riviera/account"), "/logout").fields
        assert (await visitor.get(f"/riviera/holds/{hold}")).status_code == 404
        for act in ("confirm", "extend", "release"):
            answer = await visitor.post(f"/riviera/holds/{hold}/{act}", token)
            assert answer.status_code == 404, act
    assert (await home.anna.submit(review, "/confirm")).status_code == 303


async def test_foreign_token(home: Household) -> None:
    """An offer of another visit is not held for this one."""
    one, two = await home.visit(), await home.visit()
    offers = await home.anna.get(f"/riviera/visits/{one}/slots")
    page = await home.anna.get(f"/riviera/visits/{two}/slots")
    answer = await home.anna.submit(page, "/hold", token=tokens(offers)[0])
    assert answer.status_code == 404
    assert (await home.engine_visit(one)).state == visits.VISIT_STATE_UNPLACED


async def test_offers_page(home: Household) -> None:
    """Days and their times stand in order, with one recommended; more days bring others."""
    visit = await home.visit()
    page = await home.anna.get(f"/riviera/visits/{visit}/slots")
    days = _days(page.text)
    assert days == sorted(days)
    assert len(days) == 5
    assert page.text.count("Recommended") == 1
    assert len(page.content) < 60_000
    assert len(tokens(page)) <= 40
    more = page.text.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    part = await home.anna.get(more, **{"HX-Request": "true"})
    assert "<html" not in part.text
    assert not set(_days(part.text)) & set(days)
    assert "Recommended" not in part.text
    plain = await home.anna.get(more)
    assert _days(plain.text) == _days(part.text)


async def test_wishes(home: Household) -> None:
    """Mornings, weekdays and a first day narrow the offers; nothing found is no dead end."""
    visit = await home.visit()
    page = await home.anna.get(f"/riviera/visits/{visit}/slots?part=am&day=1&from=2030-06-10")
    assert _days(page.text) == ["2030-06-11", "2030-06-18", "2030-06-25"]
    assert "08:00–10:00" in page.text
    assert "13:00–15:00" not in page.text
    none = await home.anna.get(f"/riviera/visits/{visit}/slots?from=2031-01-01")
    assert "Show all times" in none.text
    assert "tel:+37797000000" in none.text


def _days(text: str) -> list[str]:
    return [part[:10] for part in text.split('id="day-')[1:]]
