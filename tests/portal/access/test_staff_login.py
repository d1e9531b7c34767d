"""The staff login: both factors, one answer for every refusal, no code twice, throttled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio

from slotsvc.portal.access.refusals import LIMITS
from slotsvc.portal.access.staff import invite, set_disabled
from slotsvc.portal.access.staff_login import ACCOUNT
from slotsvc.portal.tables.audit import newest
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.cookies import STAFF_SESSION
from tests.portal.company.staff_entry import PASSWORD, code_now, enrolled
from tests.portal.portal_fixtures import Visitor, World, running_world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One portal for the whole file."""
    async with running_world(tmp_path_factory.mktemp("portal")) as made:
        yield made


@dataclass
class Person:
    """Somebody who can sign in."""

    world: World
    email: str
    secret: bytes

    async def sign_in(self, visitor: Visitor, **typed: str) -> httpx.Response:
        """Fills in the login form; what is not said is right."""
        page = await visitor.get("/company/login")
        right = {
            "email": self.email,
            "password": PASSWORD,
            "code": code_now(self.world, self.secret),
        }
        return await visitor.submit(page, "/company/login", **right | typed)


async def person(world: World, role: StaffRole = StaffRole.PLANNER) -> Person:
    """Somebody new, ready, two minutes after he set up his login."""
    portal, email = world.portal, f"{world._id('person')}@example.org"
    _, token = await portal.database.write(
        lambda tx: invite(tx, email, "Pat", role, "cli", portal.clock())
    )
    secret = await enrolled(world, world.visitor(), token)
    world.clock.pass_(timedelta(minutes=2))
    return Person(world, email, secret)


async def test_both_factors_are_needed(world: World) -> None:
    """Password and code right: in. The cookie is a host cookie, secure and hidden from scripts."""
    pat = await person(world)
    visitor = world.visitor("192.0.2.1")
    answer = await pat.sign_in(visitor)

    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert STAFF_SESSION.lower() in cookie
    assert all(word in cookie for word in ("secure", "httponly", "samesite=lax", "path=/"))
    assert (await visitor.get("/company/")).status_code == 200


async def test_refusals_say_the_same(world: World) -> None:
    """Wrong password, wrong code, somebody unknown, no address at all: the same page."""
    pat, texts = await person(world), set()
    for wrong in (
        {"password": "x"},
        {"code": "000000"},
        {"email": "nobody@example.org"},
        {"email": "nobody"},
        {"password": "y" * 5000},
    ):
        visitor = world.visitor("192.0.2.2")
        answer = await pat.sign_in(visitor, **wrong)
        assert (answer.status_code, STAFF_SESSION in visitor.cookies) == (422, False)
        said = answer.text.partition('role="alert"')[2].partition("</form>")[0]
        typed = wrong.get("email", pat.email)
        texts.add(
            said.replace(typed, "").replace(answer.text.split('csrf_token" value="')[1][:64], "")
        )
    assert len(texts) == 1


async def test_no_code_works_twice(world: World) -> None:
    """The code of a login is used up, also for the same person at the same moment."""
    pat = await person(world)
    assert (await pat.sign_in(world.visitor("192.0.2.3"))).status_code == 303
    assert (await pat.sign_in(world.visitor("192.0.2.3"))).status_code == 422
    world.clock.pass_(timedelta(seconds=30))
    assert (await pat.sign_in(world.visitor("192.0.2.3"))).status_code == 303


async def test_guessing_costs_growing_time(world: World) -> None:
    """After twenty wrong tries at one account, wherever from, each costs more; even the right one
    waits; never for good (S10)."""
    pat = await person(world)
    for number in range(ACCOUNT.free):
        answer = await pat.sign_in(world.visitor(f"192.0.{number + 10}.4"), password="wrong")
        assert answer.status_code == 422
    assert (await pat.sign_in(world.visitor("203.0.113.4"))).status_code == 429
    world.clock.pass_(timedelta(seconds=2))
    assert (await pat.sign_in(world.visitor("203.0.113.5"))).status_code == 303


async def test_unknown_accounts_are_throttled_alike(world: World) -> None:
    """The wait tells nobody that an account exists."""
    pat = await person(world)
    for number in range(ACCOUNT.free + 1):
        visitor = world.visitor(f"192.0.{number + 30}.4")
        answer = await pat.sign_in(visitor, email="ghost@example.org")
    assert answer.status_code == 429


async def test_signing_out_ends_the_session(world: World) -> None:
    """The cookie that was kept aside opens nothing any more."""
    pat, visitor = await person(world), world.visitor("192.0.2.6")
    await pat.sign_in(visitor)
    kept = dict(visitor.cookies)
    await visitor.submit(await visitor.get("/company/"), "/company/logout")
    visitor.cookies = kept

    answer = await visitor.get("/company/")
    assert answer.headers["location"].startswith("/company/login")


async def test_sessions_end_idle_disabled_and_after_half_a_day(world: World) -> None:
    """30 minutes without a click, or being shut out: signed out with the next click (S13)."""
    pat, visitor = await person(world), world.visitor("192.0.2.7")
    await pat.sign_in(visitor)
    world.clock.pass_(timedelta(minutes=29))
    assert (await visitor.get("/company/")).status_code == 200
    world.clock.pass_(timedelta(minutes=31))
    assert (await visitor.get("/company/")).status_code == 303

    await pat.sign_in(visitor)
    portal = world.portal
    staff = (await portal.database.read(lambda tx: newest(tx, 1)))[0].subject.partition("/")[2]
    await portal.database.write(lambda tx: set_disabled(tx, staff, True, "cli", portal.clock()))
    assert (await visitor.get("/company/")).status_code == 303


async def test_audit_has_logins_and_refusals(world: World) -> None:
    """Who came in and who was refused, from which network; neither address nor code."""
    pat = await person(world)
    await pat.sign_in(world.visitor("192.0.2.8"), code="000000")
    await pat.sign_in(world.visitor("192.0.2.8"))
    entries = await world.portal.database.read(lambda tx: newest(tx, 2))

    assert [each.what for each in entries] == ["STAFF_LOGIN", "STAFF_LOGIN_REFUSED"]
    assert {each.network for each in entries} == {"192.0.2.0/24"}
    assert pat.email not in str(entries)


async def test_strangers_do_not_fill_the_audit(world: World) -> None:
    """From one network, so many refusals an hour have an entry each, delayed ones too; the rest
    have none, since nothing ever leaves the audit."""
    pat, visitor = await person(world), world.visitor("198.51.100.8")

    async def entries() -> int:
        rows = await world.portal.database.read(lambda tx: newest(tx, 1000))
        return sum(each.network == "198.51.100.0/24" for each in rows)

    most = LIMITS[0].count
    for number in range(most + 5):
        await pat.sign_in(visitor, email=f"stranger{number}@example.org")
    assert await entries() == most


async def test_next_page_is_our_own(world: World) -> None:
    """After signing in one comes to the page asked for, never to another host."""
    pat = await person(world)
    for wanted, reached in (("/company/day", "/company/day"), ("//evil.example", "/company/")):
        visitor = world.visitor("192.0.2.9")
        answer = await pat.sign_in(visitor, next=wanted)
        assert answer.headers["location"] == reached
        world.clock.pass_(timedelta(minutes=1))
