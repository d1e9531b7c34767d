"""The first administrator: no default account, one link from the command line, once (S47)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slotsvc.portal.access.staff import (
    StaffProblem,
    StaffRefusedError,
    first_administrator,
)
from slotsvc.portal.tables.audit import newest
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.cookies import STAFF_SESSION
from tests.portal.company.staff_entry import PASSWORD, code_now, enrolled, secret_on
from tests.portal.portal_fixtures import World


async def link(world: World, email: str = "Ada@Example.org", name: str = "Ada") -> str:
    """The token that the command line prints."""
    portal = world.portal
    return await portal.database.write(
        lambda tx: first_administrator(tx, portal.secrets, email, name, portal.clock())
    )


async def test_link_sets_up_login_and_signs_in(world: World) -> None:
    """Password and authenticator chosen behind the link, she is in, and can come back with both."""
    token = await link(world)
    ada = world.visitor()
    secret = await enrolled(world, ada, token)
    page = await ada.see("/company/")
    assert "Welcome, Ada" in page.text

    world.clock.pass_(timedelta(minutes=1))
    again = world.visitor()
    form = await again.see("/company/units")
    answer = await again.submit(
        form,
        "/company/login",
        email="ada@example.org",
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


async def test_link_works_once(world: World) -> None:
    """The second use finds a dead link, and no form."""
    token = await link(world)
    late = world.visitor()
    page = await late.get(f"/company/first/{token}")
    secret = await enrolled(world, world.visitor(), token)
    world.clock.pass_(timedelta(minutes=1))
    code = code_now(world, secret)
    answer = await late.submit(page, token, password=PASSWORD, again=PASSWORD, code=code)

    assert answer.status_code == 404
    assert STAFF_SESSION not in late.cookies


async def test_link_ends_after_a_day(world: World) -> None:
    """24 hours after it was made it is dead."""
    token = await link(world)
    world.clock.pass_(timedelta(hours=24))

    assert (await world.visitor().get(f"/company/first/{token}")).status_code == 404


async def test_newer_link_kills_the_older(world: World) -> None:
    """Asked again before she is ready, the command line gives a new link; the old one is dead."""
    first, second = await link(world), await link(world)

    assert (await world.visitor().get(f"/company/first/{first}")).status_code == 404
    assert (await world.visitor().get(f"/company/first/{second}")).status_code == 200


async def test_refused_once_an_administrator_is_ready(world: World) -> None:
    """With an enabled administrator there is nothing to make from the command line."""
    await enrolled(world, world.visitor(), await link(world))

    with pytest.raises(StaffRefusedError) as refused:
        await link(world, "eve@example.org", "Eve")
    assert refused.value.problem is StaffProblem.ADMINISTRATOR_EXISTS


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", "short", "at least 12 characters"),
        ("passwordpassword", "passwordpassword", "too easy to guess"),
        ("ada@example.org!", "ada@example.org!", "too easy to guess"),
        (PASSWORD, PASSWORD + "x", "not the same"),
    ],
)
async def test_weak_or_mistyped_password_is_refused(
    world: World, password: str, again: str, said: str
) -> None:
    """What is short, common, one's own address or typed differently twice is refused, and why."""
    ada = world.visitor()
    token = await link(world)
    page = await ada.get(f"/company/first/{token}")
    code = code_now(world, secret_on(page))
    answer = await ada.submit(page, token, password=password, again=again, code=code)

    assert answer.status_code == 422
    assert said in answer.text
    assert STAFF_SESSION not in ada.cookies


async def test_wrong_code_keeps_the_link_alive(world: World) -> None:
    """An authenticator that shows something else is not enrolled; the link can be used again."""
    token = await link(world)
    ada = world.visitor()
    page = await ada.get(f"/company/first/{token}")
    answer = await ada.submit(page, token, password=PASSWORD, again=PASSWORD, code="000000")

    assert answer.status_code == 422
    assert "not the code" in answer.text
    await enrolled(world, ada, token)


async def test_audit_tells_the_story_without_secrets(world: World) -> None:
    """Link and enrolment are in the audit; token, password and code are not."""
    token = await link(world)
    await enrolled(world, world.visitor(), token)
    entries = await world.portal.database.read(lambda tx: newest(tx, 10))

    assert [each.what for each in entries] == ["STAFF_ENROLLED", "FIRST_ADMINISTRATOR"]
    assert token not in str(entries)
    assert PASSWORD not in str(entries)


async def test_role_is_administrator(world: World) -> None:
    """She may open the settings; a planner may not."""
    ada = world.visitor()
    await enrolled(world, ada, await link(world))
    planner = await world.signed_in_staff(role=StaffRole.PLANNER)

    assert (await ada.get("/company/units")).status_code == 200
    assert (await planner.get("/company/units")).status_code == 403
