"""Booking, moving and cancelling through the pages, on the real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from benchmarks.calls import fresh_id
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.portal.options import ServiceOptions
from slotsvc.portal.tables.schema import OUTBOX
from slotsvc.portal.visitor import Level
from tests.portal.booking_fixtures import (
    FIVE_MINUTES,
    Household,
    new_site,
    running_household,
    tokens,
)
from tests.portal.portal_fixtures import form_of, running_world


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Household]:
    async with running_household(tmp_path) as household:
        yield household


async def test_book_move_cancel(home: Household) -> None:
    """A visit is booked, moved and cancelled; each page leads to the next."""
    visit = await home.visit()
    page = await home.booked(visit)
    assert "Your appointment is booked." in page.text
    assert "Scheduled" in page.text
    booked = await home.engine_visit(visit)
    assert booked.state == visits.VISIT_STATE_BOOKED
    assert booked.promise.channel == "portal"

    review = await home.held(visit, n=14)
    assert "stands" in review.text
    assert (await home.engine_visit(visit)).promise.window == booked.promise.window
    page = await home.anna.followed(await home.anna.submit(review, "/confirm"))
    assert "has a new time" in page.text
    assert (await home.engine_visit(visit)).promise.window != booked.promise.window

    question = await home.anna.get(f"/riviera/visits/{visit}/cancel")
    page = await home.anna.followed(await home.anna.submit(question, "/cancel", cause="Away"))
    assert "is cancelled" in page.text
    assert (await home.engine_visit(visit)).state == visits.VISIT_STATE_CANCELLED


async def test_letters(home: Household, tmp_path: Path) -> None:
    """Booking, moving and cancelling each write one letter, a double click none besides."""
    visit = await home.visit()
    review = await home.held(visit, n=9)
    await home.anna.submit(review, "/confirm")
    await home.anna.submit(review, "/confirm")
    await home.anna.submit(await home.held(visit, n=14), "/confirm")
    question = await home.anna.get(f"/riviera/visits/{visit}/cancel")
    await home.anna.submit(question, "/cancel")
    again = await home.anna.submit(question, "/cancel")
    assert again.status_code == 303
    kinds = await home.letters(tmp_path / "letters", 3)
    assert kinds == ["BOOKED", "RESCHEDULED", "CANCELLED"]


async def test_double_click(home: Household) -> None:
    """The same form sent twice gives the same hold."""
    page = await home.anna.get(f"/riviera/visits/{await home.visit()}/slots")
    first = await home.anna.submit(page, "/hold", token=tokens(page)[0])
    second = await home.anna.submit(page, "/hold", token=tokens(page)[0])
    assert first.headers["location"] == second.headers["location"]


async def test_old_form_twice(home: Household) -> None:
    """A form whose hold was given back makes another one, and only one."""
    page = await home.anna.get(f"/riviera/visits/{await home.visit()}/slots")
    offer = tokens(page)[0]
    first = await home.anna.submit(page, "/hold", token=offer)
    await home.anna.submit(await home.anna.followed(first), "/release")
    second = await home.anna.submit(page, "/hold", token=offer)
    third = await home.anna.submit(page, "/hold", token=offer)
    assert first.headers["location"] != second.headers["location"] == third.headers["location"]


async def test_cancelled_before_the_portal_wrote_it_down(home: Household, tmp_path: Path) -> None:
    """The engine cancelled it, its answer was lost: the same form again writes the letter, once."""
    visit = await home.visit()
    await home.booked(visit)
    question = await home.anna.get(f"/riviera/visits/{visit}/cancel")
    told = form_of(question, "/cancel").fields
    name = f"{home.world.company.tenant}/visits/{visit}"
    client = home.world.portal.service.for_client(home.ref)
    await client.cancel(name, told["form"], etag=told["etag"])
    for _ in range(2):
        assert (await home.anna.submit(question, "/cancel")).status_code == 303
    assert await home.letters(tmp_path / "letters", 2) == ["BOOKED", "CANCELLED"]


async def test_two_tabs(home: Household) -> None:
    """The last choice counts; the tab of the earlier one says so and leads on."""
    visit = await home.visit()
    one = await home.held(visit, n=0)
    two = await home.held(visit, n=1)
    assert one.url != two.url
    late = await home.anna.submit(one, "/confirm")
    assert late.status_code == 410
    assert "You have chosen another time" in late.text
    assert (await home.anna.submit(two, "/confirm")).status_code == 303
    back = await home.anna.get(str(one.url))
    assert back.status_code == 410


async def test_back_button_after_confirming(home: Household) -> None:
    """The page of a hold that was confirmed leads to the visit."""
    visit = await home.visit()
    review = await home.held(visit, n=9)
    await home.anna.submit(review, "/confirm")
    again = await home.anna.get(str(review.url))
    assert again.status_code == 303
    assert again.headers["location"].endswith(f"/visits/{visit}")
    released = await home.anna.submit(review, "/release")
    assert released.headers["location"].endswith(f"/visits/{visit}")
    slots = await home.anna.get(f"/riviera/visits/{visit}/slots")
    assert "stands until you confirm" in slots.text


async def test_lapsed(home: Household) -> None:
    """A hold that lapsed offers the nearest times at once, the same one among them."""
    visit = await home.visit()
    review = await home.held(visit)
    home.world.clock.pass_(FIVE_MINUTES)
    late = await home.anna.submit(review, "/confirm")
    assert late.status_code == 410
    assert "The time to confirm is over" in late.text
    answer = await home.anna.submit(late, "/hold", token=tokens(late)[0])
    page = await home.anna.followed(answer)
    assert "Is this right?" in page.text
    assert (await home.anna.submit(page, "/confirm")).status_code == 303


async def test_form_of_a_lapsed_hold_after_booking_the_same_time(home: Household) -> None:
    """The tab of the lapsed hold leads to the appointment, and writes no second letter."""
    review = await home.held(await home.visit())
    home.world.clock.pass_(FIVE_MINUTES)
    late = await home.anna.submit(review, "/confirm")
    answer = await home.anna.submit(late, "/hold", token=tokens(late)[0])
    booked = await home.anna.submit(await home.anna.followed(answer), "/confirm")
    again = await home.anna.submit(review, "/confirm")
    assert again.headers["location"] == booked.headers["location"]
    kinds = select(OUTBOX.c.kind)
    written = await home.world.portal.database.read(lambda tx: tx.execute(kinds).scalars().all())
    assert written == ["BOOKED"]


async def test_more_time_once(home: Household) -> None:
    """A hold is prolonged once, and the second try says so."""
    review = await home.held(await home.visit())
    home.world.clock.pass_(timedelta(minutes=4))
    longer = await home.anna.followed(await home.anna.submit(review, "/extend"))
    assert "some more minutes" in longer.text
    assert "/extend" not in longer.text
    home.world.clock.pass_(timedelta(minutes=4))
    again = await home.anna.followed(await home.anna.submit(review, "/extend"))
    assert again.status_code == 200
    assert (await home.anna.submit(again, "/confirm")).status_code == 303


async def test_more_time_for_each_hold(home: Household) -> None:
    """Time that was taken to book leaves time to be taken when moving."""
    visit = await home.visit()
    review = await home.held(visit, n=9)
    longer = await home.anna.followed(await home.anna.submit(review, "/extend"))
    await home.anna.submit(longer, "/confirm")
    assert "/extend" in (await home.held(visit, n=14)).text


async def test_day_full_of_holds(home: Household) -> None:
    """Where others hold too much of a day its client is offered other days at once."""
    visits = []
    for n in range(6):
        client = await home.world.client()
        ben = await home.world.contact("Ben", client=client)
        site = await new_site(home.world, f"ben{n}", client)
        other = replace(home, client=client, site=site, anna=await home.world.signed_in_client(ben))
        visits.append((other, await other.visit()))
    pages = [await each.anna.get(f"/riviera/visits/{visit}/slots") for each, visit in visits]
    answers = [
        await each.anna.submit(page, "/hold", token=tokens(page)[n % 3])
        for n, ((each, _), page) in enumerate(zip(visits, pages, strict=True))
    ]
    full = [page for page in answers if "Too many people are choosing" in page.text]
    assert full
    assert full[0].status_code == 409
    assert "day-2030-06-03" not in full[0].text
    assert tokens(full[0])


async def test_stolen(home: Household) -> None:
    """A slot that somebody else took is answered with the nearest equivalents as buttons."""
    visit = await home.visit()
    page = await home.anna.get(f"/riviera/visits/{visit}/slots")
    offer = await home.first_window(visit)
    await home.taken(*offer)
    gone = await home.anna.submit(page, "/hold", token=tokens(page)[0])
    assert gone.status_code == 409
    assert "Somebody was a moment faster" in gone.text
    assert 1 <= len(tokens(gone)) <= 3
    answer = await home.anna.submit(gone, "/hold", token=tokens(gone)[0])
    assert (await home.anna.followed(answer)).status_code == 200


async def test_choose_another(home: Household) -> None:
    """Giving a hold back leads to the offers, and the same offer can be chosen again."""
    visit = await home.visit()
    page = await home.anna.get(f"/riviera/visits/{visit}/slots?part=am")
    review = await home.anna.followed(await home.anna.submit(page, "/hold", token=tokens(page)[0]))
    released = await home.anna.submit(review, "/release")
    assert released.headers["location"].endswith(f"/visits/{visit}/slots?part=am")
    again = await home.anna.submit(page, "/hold", token=tokens(page)[0])
    assert again.headers["location"] not in str(review.url)
    assert (await home.anna.followed(again)).status_code == 200


async def test_offers_too_old(home: Household) -> None:
    """An old page of offers is answered with a new one."""
    page = await home.anna.get(f"/riviera/visits/{await home.visit()}/slots")
    home.world.clock.pass_(timedelta(minutes=16))
    fresh = await home.anna.submit(page, "/hold", token=tokens(page)[0])
    assert fresh.status_code == 410
    assert "shown for too long" in fresh.text
    answer = await home.anna.submit(fresh, "/hold", token=tokens(fresh)[0])
    assert answer.status_code == 303


async def test_one_hold_for_each_kind_of_work(home: Household) -> None:
    """Another visit's time is not kept while one waits; the page shows that one."""
    first = await home.held(await home.visit())
    page = await home.anna.get(f"/riviera/visits/{await home.visit()}/slots")
    refused = await home.anna.submit(page, "/hold", token=tokens(page)[0])
    assert refused.status_code == 409
    assert first.url.path in refused.text
    released = await home.anna.submit(refused, "/release")
    assert released.status_code == 303
    again = await home.anna.submit(page, "/hold", token=tokens(page)[0])
    assert again.status_code == 303


async def test_at_most_ten_holds_an_hour(home: Household) -> None:
    """S24: the eleventh hold within an hour is refused with the time to wait."""
    visit = await home.visit()
    for n in range(10):
        await home.held(visit, n=n % 3)
    page = await home.anna.get(f"/riviera/visits/{visit}/slots")
    refused = await home.anna.submit(page, "/hold", token=tokens(page)[0])
    assert refused.status_code == 429
    assert "please wait 60 minutes" in refused.text
    await home.later(timedelta(hours=1))
    await home.held(visit)


async def test_engine_away(tmp_path: Path) -> None:
    """Without the engine pages say whom to call."""
    nowhere = ServiceOptions("127.0.0.1:1", portal_key="slk_none")
    async with running_world(tmp_path, service=nowhere) as world:
        anna = await world.signed_in_client(await world.contact("Anna"))
        for path in ("/riviera/", "/riviera/visits", "/riviera/visits/v1/slots"):
            page = await anna.get(path)
            assert page.status_code == 503
            assert "+377 97 00 00 00" in page.text


async def test_new_intervention(home: Household) -> None:
    """A client asks for a kind of work at one of his sites, chooses a time and confirms."""
    await home.action("NEW_VISIT", activity_type=None)
    start = await home.anna.get("/riviera/")
    assert "/riviera/new" in start.text
    page = await home.anna.get("/riviera/new/slots?type=service&site=home")
    answer = await home.anna.submit(
        page, "/new/hold", token=tokens(page)[0], note="The bell is broken"
    )
    review = await home.anna.followed(answer)
    done = await home.anna.followed(await home.anna.submit(review, "/confirm"))
    assert "Your appointment is booked." in done.text
    visit = await home.engine_visit(str(done.url.path).rpartition("/")[2])
    assert (visit.client, visit.site, visit.note) == (home.ref, home.site, "The bell is broken")


async def test_new_intervention_lapsed(home: Household) -> None:
    """A new intervention whose hold lapsed can be chosen again."""
    await home.action("NEW_VISIT", activity_type=None)
    page = await home.anna.get("/riviera/new/slots?type=service&site=home")
    review = await home.anna.followed(
        await home.anna.submit(page, "/new/hold", token=tokens(page)[0])
    )
    home.world.clock.pass_(FIVE_MINUTES)
    late = await home.anna.see(str(review.url))
    assert late.status_code == 410
    answer = await home.anna.submit(late, "/new/hold", token=tokens(late)[0])
    assert answer.status_code == 303


async def test_new_intervention_not_offered(home: Household) -> None:
    """Without the action there is no new intervention, whatever the address says."""
    page = await home.anna.get("/riviera/new/slots?type=service&site=home")
    assert page.status_code == 404


async def test_proof_needed(home: Household) -> None:
    """With a permanent link alone cancelling leads to the proof, by page and by form."""
    visit = await home.visit()
    await home.booked(visit, n=9)
    by_link = await home.world.signed_in_client(home.contact, level=Level.LINK)
    asked = await by_link.get(f"/riviera/visits/{visit}/cancel")
    assert asked.status_code == 303
    assert asked.headers["location"].startswith("/riviera/proof?next=/riviera/visits/")


async def test_too_late(home: Household) -> None:
    """A day before the appointment it is too late, when the page is drawn and when it is done."""
    visit = await home.visit()
    await home.booked(visit, n=9)
    question = await home.anna.get(f"/riviera/visits/{visit}/cancel")
    assert question.status_code == 200
    review = await home.held(visit, n=14)
    start = (await home.engine_visit(visit)).promise.window.start_time.ToDatetime(tzinfo=UTC)
    await home.later(start - timedelta(hours=23, minutes=59) - home.world.clock.now())
    for path in ("cancel", "slots"):
        assert (await home.anna.get(f"/riviera/visits/{visit}/{path}")).status_code == 409
    page = await home.anna.get(f"/riviera/visits/{visit}")
    assert "until 24 hours before" in page.text
    form = form_of(question, "/cancel").fields | form_of(page, "/logout").fields
    refused = await home.anna.post(f"/riviera/visits/{visit}/cancel", form)
    assert refused.status_code == 409
    assert "24 hours before" in refused.text
    token = form_of(page, "/logout").fields
    assert (await home.anna.post(f"{review.url.path}/confirm", token)).status_code == 410
    assert (await home.engine_visit(visit)).state == visits.VISIT_STATE_BOOKED


async def taken_off(home: Household, visit: str) -> visits.Visit:
    """The company takes the visit off its route; what was promised stands."""
    name = f"{home.world.company.tenant}/visits/{visit}"
    request = visits.UnplaceVisitRequest(name=name, request_id=fresh_id())
    return (await home.world.service.calls.visits.UnplaceVisit(request)).visit


async def test_taken_off_its_route_and_booked_again(home: Household) -> None:
    """The page says what was told and that a new time is needed; the times offered keep to what was
    told; the one chosen is an appointment again."""
    visit = await home.visit()
    await home.booked(visit)
    promised = (await taken_off(home, visit)).promise.window

    page = await home.anna.get(f"/riviera/visits/{visit}")
    assert "We have to find a new time with you" in page.text
    assert "We told you" in page.text
    assert "tel:+37797000000" in page.text
    for path in ("/riviera/visits", "/riviera/"):
        assert "we have to find a new time with you" in (await home.anna.get(path)).text

    offered = await home.anna.get(f"/riviera/visits/{visit}/slots")
    assert "The times here keep to that" in offered.text
    starts = {int(token.partition(":")[0]) for token in tokens(offered)}
    assert starts == {promised.start_time.seconds}
    review = await home.held(visit)
    page = await home.anna.followed(await home.anna.submit(review, "/confirm"))
    assert "Scheduled" in page.text
    again = await home.engine_visit(visit)
    assert (again.state, again.promise.window) == (visits.VISIT_STATE_BOOKED, promised)


async def test_taken_off_its_route_and_nobody_free(home: Household) -> None:
    """No time within what was told: the page still says what that was, and how to reach us."""
    visit = await home.visit()
    await home.booked(visit)
    promised = (await taken_off(home, visit)).promise.window
    start, end = promised.start_time.ToDatetime(UTC), promised.end_time.ToDatetime(UTC)
    await home.taken(start, end)

    page = await home.anna.get(f"/riviera/visits/{visit}/slots")
    assert page.status_code == 200
    assert "We told you" in page.text
    assert "nobody is free then" in page.text
    assert "Please call us for this appointment" in page.text
    assert "tel:+37797000000" in page.text
    assert 'name="token"' not in page.text
    morning = await home.anna.get(f"/riviera/visits/{visit}/slots?part=am")
    assert "We told you" in morning.text
    assert "tel:+37797000000" in morning.text
