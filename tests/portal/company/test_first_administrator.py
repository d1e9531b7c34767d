"""The one-time link of the command line, as a browser meets it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slotsvc.portal.access.staff import LINK_LASTS, invite
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.cookies import STAFF_SESSION
from tests.portal.company.staff_entry import PASSWORD, code_now, enrolled, secret_on
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def link(world: World, role: StaffRole = StaffRole.ADMINISTRATOR) -> str:
    """The token of a one-time link for somebody new: ada1@example.org, ada2@…"""
    portal = world.portal
    email = f"{world._id('ada')}@example.org"
    _, token = await portal.database.write(
        lambda tx: invite(tx, email, "Ada", role, "cli", portal.clock())
    )
    return token


async def test_link_sets_up_login_and_signs_in(world: World) -> None:
    """Password and authenticator chosen behind the link, she is in, and can come back with both."""
    ada = world.visitor()
    secret = await enrolled(world, ada, await link(world))
    assert "Welcome, Ada" in (await ada.see("/company/")).text

    world.clock.pass_(timedelta(minutes=1))
    again = world.visitor()
    form = await again.see("/company/units")
    answer = await again.submit(
        form,
        "/company/login",
        email="ada-1@example.org",
        password=PASSWORD,
        code=code_now(world, secret),
    )
    assert answer.headers["location"] == "/company/units"
    assert (await again.get("/company/units")).status_code == 200


async def test_opening_the_link_uses_nothing_up(world: World) -> None:
    """Scanners may open it five times, by GET and HEAD, without a write; it still works (S3)."""
    token = await link(world)
    before = world.portal.database.writes
    secrets = {secret_on(await world.visitor().get(f"/company/first/{token}")) for _ in range(5)}
    await world.visitor().head(f"/company/first/{token}")

    assert world.portal.database.writes == before
    assert len(secrets) == 1
    await enrolled(world, world.visitor(), token)


async def test_used_or_old_link_is_a_page_without_a_form(world: World) -> None:
    """The second use, and a day later: 404, what to do, and no session."""
    used, old = await link(world), await link(world)
    late = world.visitor()
    page = await late.get(f"/company/first/{used}")
    secret = await enrolled(world, world.visitor(), used)
    world.clock.pass_(timedelta(minutes=1))
    code = code_now(world, secret)
    answer = await late.submit(page, used, password=PASSWORD, again=PASSWORD, code=code)
    assert (answer.status_code, STAFF_SESSION in late.cookies) == (404, False)

    world.clock.pass_(LINK_LASTS)
    answer = await late.get(f"/company/first/{old}")
    assert answer.status_code == 404
    assert "does not work any more" in answer.text


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", "short", "at least 12 characters"),
        ("passwordpassword", "passwordpassword", "too easy to guess"),
        ("AdaAdaAdaAda", "AdaAdaAdaAda", "too easy to guess"),
        (PASSWORD, PASSWORD + "x", "not the same"),
    ],
)
async def test_weak_or_mistyped_password_is_refused(
    world: World, password: str, again: str, said: str
) -> None:
    """What is short, common, one's own address or typed differently twice is refused, and why."""
    ada, token = world.visitor(), await link(world)
    page = await ada.get(f"/company/first/{token}")
    code = code_now(world, secret_on(page))
    answer = await ada.submit(page, token, password=password, again=again, code=code)

    assert answer.status_code == 422
    assert said in answer.text
    assert STAFF_SESSION not in ada.cookies


async def test_wrong_code_keeps_the_link_alive(world: World) -> None:
    """An authenticator that shows something else is not enrolled; the link can be used again."""
    ada, token = world.visitor(), await link(world)
    page = await ada.get(f"/company/first/{token}")
    answer = await ada.submit(page, token, password=PASSWORD, again=PASSWORD, code="000000")

    assert answer.status_code == 422
    assert "not the code" in answer.text
    await enrolled(world, ada, token)


async def test_qr_code_is_in_the_page_and_allowed(world: World) -> None:
    """The picture comes with the page, so no third party sees the key; the policy lets it show."""
    page = await world.visitor().get(f"/company/first/{await link(world)}")
    assert 'src="data:image/svg+xml;base64,' in page.text
    assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
