"""What somebody who means harm sends, and what becomes of it. One test for each hole that was found
once, so that it stays closed."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DatabaseError

from slotsvc.portal.access.invitations import folded, invitation_url, invite
from slotsvc.portal.access.staff import invite as invite_staff
from slotsvc.portal.access.staff_login import PAIR
from slotsvc.portal.service.answers import Slot
from slotsvc.portal.service.client_calls import ClientCalls, Search
from slotsvc.portal.tables.audit import newest
from slotsvc.portal.visitor import Level, StaffRole
from slotsvc.portal.web.cookies import FORM
from tests.portal.booking_fixtures import Household, new_site, running_household, tokens
from tests.portal.company.staff_entry import PASSWORD, code_now, enrolled
from tests.portal.portal_fixtures import Visitor, World, form_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

# canonical ordering sorts runs of marks one by one: half a million of them take minutes
MARKS = "\u0301\u0323" * 20_000


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Household]:
    """One household for the whole file; new interventions are offered after a proof."""
    async with running_household(tmp_path_factory.mktemp("portal")) as household:
        for kind in ("BOOK", "RESCHEDULE", "CANCEL"):
            await household.action(kind, activity_type=None)
        await household.action("NEW_VISIT", activity_type=None, proof_needed=True)
        yield household


@pytest.fixture
def world(home: Household) -> World:
    """The world around it."""
    return home.world


async def fresh(world: World) -> tuple[Visitor, httpx.Response]:
    """A browser with the page of the password login."""
    visitor = world.visitor(f"203.0.113.{len(world.numbers) + 9}")
    return visitor, await visitor.get("/riviera/password")


async def test_a_huge_user_name_stops_nobody(world: World) -> None:
    """Of an endless user name only a beginning is normalised: the portal must not stand still."""
    assert len(folded(MARKS)) < 1000
    visitor, page = await fresh(world)

    answer = await visitor.submit(page, "/password", user_name=MARKS, password="x" * 20)

    assert answer.status_code == 422


async def test_decomposed_user_names_stay_the_same() -> None:
    """However its accents are typed, a user name is the same one."""
    name = "é" * 100
    assert folded(unicodedata.normalize("NFD", name)) == name


@pytest.mark.parametrize("charset", ["punycode", "utf-7", "unicode_escape", "idna", "UTF-16"])
async def test_forms_speak_utf8(world: World, charset: str) -> None:
    """A form in another codec is refused unread: some take minutes, some give half characters."""
    visitor, page = await fresh(world)
    token = form_of(page, "/password").fields["csrf_token"]
    body = f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n--x--\r\n'
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())

    answer = await world.http.post(
        "/riviera/password",
        content=body,
        headers={
            "Content-Type": f"multipart/form-data; boundary=x; charset={charset}",
            "Cookie": cookies,
        },
    )

    assert answer.status_code == 400


async def test_utf8_forms_may_say_so(world: World) -> None:
    """The usual charset may be named."""
    visitor, page = await fresh(world)
    fields = form_of(page, "/password").fields | {"user_name": "nobody", "password": "x" * 20}
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}

    assert (await visitor.post("/riviera/password", fields, headers=kind)).status_code == 422


@pytest.mark.parametrize("token", ["é", "\x00", "￿", "x" * 100_000])
async def test_strange_form_tokens_are_wrong_ones(world: World, token: str) -> None:
    """A token that is no token is refused like any other wrong one."""
    visitor, page = await fresh(world)

    answer = await visitor.submit(page, "/password", csrf_token=token)

    assert answer.status_code == 403
    assert (await visitor.get("/riviera/password", Cookie=f"{FORM}=%00%ff")).status_code == 200


@pytest.mark.parametrize("path", ["code", "password", "visits", "l/x", "k/x", "holds/x"])
async def test_the_company_is_no_business_unit(world: World, path: str) -> None:
    """Below /company there are no pages of a unit, for nobody."""
    for visitor in (world.visitor(), await world.signed_in_staff()):
        assert (await visitor.get(f"/company/{path}")).status_code == 404


async def test_a_new_address_ends_what_the_old_one_received(world: World) -> None:
    """Staff corrects a wrong e-mail address: invitation and sessions of its reader are over."""
    contact = await world.contact("Gil", email="wrong@example.org")
    gil = await world.signed_in_client(contact)
    portal = world.portal
    token = await portal.database.write(lambda tx: invite(tx, contact, portal.clock()))
    url = invitation_url("", "riviera", token)
    assert (await world.visitor().get(url)).status_code == 200

    staff = await world.signed_in_staff()
    page = await staff.get(f"/company/contacts/{contact}")
    saved = await staff.submit(page, f"/contacts/{contact}", email="right@example.org")

    assert saved.status_code == 303, saved.text
    assert (await world.visitor().get(url)).status_code == 410
    assert (await gil.get("/riviera/visits")).headers["location"].startswith("/riviera/login")


async def test_an_accepted_invitation_ends_other_sessions(world: World) -> None:
    """Who chooses a new password through an invitation is alone: whoever came in before is out."""
    contact = await world.contact("Hal", email="hal@example.org")
    before, portal = await world.signed_in_client(contact), world.portal
    token = await portal.database.write(lambda tx: invite(tx, contact, portal.clock()))
    hal, path = world.visitor(), f"/riviera/invitation/{token}"
    page = await hal.get(path)
    chosen = {"user_name": "hal-9000", "password": PASSWORD}
    answer = await hal.post(path, form_of(page, path).fields | chosen)

    assert answer.headers["location"].endswith("notice=PASSWORD_SET")
    assert (await hal.get("/riviera/visits")).status_code == 200
    assert (await before.get("/riviera/visits")).status_code == 303


async def test_nobody_shuts_staff_out_by_guessing(world: World) -> None:
    """Whoever knows an address only and guesses for hours keeps its owner out nowhere else."""
    portal = world.portal
    _, link = await portal.database.write(
        lambda tx: invite_staff(
            tx, "ada@example.org", "Ada", StaffRole.PLANNER, "cli", portal.clock()
        )
    )
    secret = await enrolled(world, world.visitor(), link)
    for _ in range(PAIR.free + 6):
        await _sign_in(world.visitor("192.0.2.66"), "wrong password", "000000")
        world.clock.pass_(timedelta(minutes=16))
    for _ in range(PAIR.free + 1):
        shut = await _sign_in(world.visitor("192.0.2.66"), "wrong password", "000000")

    assert shut.status_code == 429
    answer = await _sign_in(world.visitor("198.51.100.9"), PASSWORD, code_now(world, secret))
    assert answer.status_code == 303


async def _sign_in(visitor: Visitor, password: str, code: str) -> httpx.Response:
    page = await visitor.get("/company/login")
    return await visitor.submit(
        page, "/company/login", email="ada@example.org", password=password, code=code
    )


async def test_contacts_do_not_give_back_what_they_cannot_see(home: Household) -> None:
    """A contact for one site chooses a time there; the hold of another contact at a site that he
    does not see stays as it is."""
    home = await _later(home)
    garden = await new_site(home.world, "garden", home.client)
    home.world.portal.service.catalogue.forget()
    lea = await home.world.contact("Lea", client=home.client, sites=(garden,))
    review = await _new_hold(home.anna, "home")
    lea_browser = await home.world.signed_in_client(lea)
    page = await lea_browser.get("/riviera/new/slots?type=service&site=garden")
    other = await lea_browser.submit(page, "/new/hold", token=tokens(page)[0])

    assert other.status_code == 409
    confirmed = await home.anna.submit(review, "/confirm")
    assert confirmed.headers["location"].endswith("notice=BOOKED")


async def test_a_link_does_not_confirm_what_needs_a_proof(home: Household) -> None:
    """A new visit that somebody proven holds is not confirmed with the permanent link alone."""
    home = await _later(home)
    review = await _new_hold(home.anna, "home")
    by_link = await home.world.signed_in_client(home.contact, level=Level.LINK)
    page = await by_link.get(review.url.path)

    answer = await by_link.submit(page, "/confirm")

    assert answer.headers["location"] == f"/riviera/proof?next={review.url.path}"
    assert (await home.anna.submit(review, "/confirm")).headers["location"].endswith("BOOKED")


async def test_one_client_searches_once_at_a_time(home: Household) -> None:
    """Fifty searches of one client at once leave the engine to the others."""
    home = await _later(home)
    path, most, now = f"/riviera/visits/{await home.visit()}/slots", 0, 0
    search = ClientCalls.search

    async def counted(self: ClientCalls, asked: Search) -> list[Slot]:
        nonlocal most, now
        now, most = now + 1, max(most, now + 1)
        try:
            return await search(self, asked)
        finally:
            now -= 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientCalls, "search", counted)
        answers = await asyncio.gather(*[home.anna.get(path) for _ in range(8)])

    assert {answer.status_code for answer in answers} == {200}
    assert most == 1


async def test_the_audit_says_which_contact_acted(home: Household) -> None:
    """Booking, moving, cancelling, leaving name the contact: the engine knows only his client."""
    home = await _later(home)
    visit = await home.visit()
    await home.booked(visit, n=9)
    await home.anna.submit(await home.held(visit, n=14), "/confirm")
    question = await home.anna.get(f"/riviera/visits/{visit}/cancel")
    await home.anna.submit(question, "/cancel")
    await home.anna.submit(await home.anna.get("/riviera/account"), "/logout")

    told = await home.world.portal.database.read(lambda tx: newest(tx, 4))
    whats = [entry.what for entry in reversed(told)]
    assert whats == ["VISIT_BOOKED", "VISIT_RESCHEDULED", "VISIT_CANCELLED", "LOGOUT"]
    assert {entry.actor for entry in told} == {f"contacts/{home.contact}"}
    assert told[1].subject == f"visits/{visit}"


async def test_the_audit_cannot_be_replaced(world: World) -> None:
    """REPLACE does not get around the triggers."""
    await world.portal.database.write(lambda tx: tx.execute(_first_entry()))
    replaced = text("REPLACE INTO audit (id, at, actor, what, data) VALUES (1, 0, 'x', 'x', '{}')")

    with pytest.raises(DatabaseError, match="append-only"):
        await world.portal.database.write(lambda tx: tx.execute(replaced))


def _first_entry() -> TextClause:
    return text("INSERT OR IGNORE INTO audit (id, at, actor, what, data) VALUES (1,0,'a','b','{}')")


async def _later(home: Household) -> Household:
    """Another hour: limits of holds begin anew."""
    await home.later(timedelta(hours=1, minutes=1))
    return home


async def _new_hold(visitor: Visitor, site: str) -> httpx.Response:
    page = await visitor.get(f"/riviera/new/slots?type=service&site={site}")
    return await visitor.followed(await visitor.submit(page, "/new/hold", token=tokens(page)[0]))
