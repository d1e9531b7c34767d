"""The own account of the company's people: another password, proven with the one of now."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from slotsvc.portal.access.staff import invite
from slotsvc.portal.tables.audit import newest
from slotsvc.portal.visitor import StaffRole
from tests.portal.company.staff_entry import PASSWORD, code_now, enrolled
from tests.portal.portal_fixtures import Visitor, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEW = "lighthouse cucumber velvet torque"
A_STEP = timedelta(seconds=30)


async def somebody(world: World, email: str) -> tuple[Visitor, bytes]:
    """A planner who has set up his login and is signed in; his TOTP secret."""
    now = world.clock.now()
    _, token = await world.portal.database.write(
        lambda tx: invite(tx, email, "Pia", StaffRole.PLANNER, "cli", now)
    )
    visitor = world.visitor()
    return visitor, await enrolled(world, visitor, token)


async def changed(world: World, visitor: Visitor, secret: bytes, **fields: str) -> httpx.Response:
    """The answer to the form of the account page, sent with a fresh code."""
    world.clock.pass_(A_STEP)
    told = {"current": PASSWORD, "password": NEW, "again": NEW, "code": code_now(world, secret)}
    page = await visitor.get("/company/account")
    assert page.status_code == 200
    return await visitor.submit(page, "/company/account/password", **told | fields)


async def login(world: World, email: str, secret: bytes, password: str) -> httpx.Response:
    """The answer to the login form, elsewhere."""
    world.clock.pass_(A_STEP)
    other = world.visitor()
    page = await other.get("/company/login")
    told = {"email": email, "password": password, "code": code_now(world, secret)}
    return await other.submit(page, "/company/login", **told)


async def test_a_new_password_ends_the_other_sessions(world: World) -> None:
    """It counts at once; this browser stays in under a new token, the other one is out."""
    pia, secret = await somebody(world, "new@example.org")
    other = world.visitor()
    world.clock.pass_(A_STEP)
    form = await other.get("/company/login")
    code = code_now(world, secret)
    await other.submit(
        form, "/company/login", email="new@example.org", password=PASSWORD, code=code
    )
    assert (await other.get("/company/clients")).status_code == 200

    answer = await changed(world, pia, secret)
    assert answer.headers["location"] == "/company/account?notice=STAFF_PASSWORD_SET"
    assert (await pia.get("/company/clients")).status_code == 200
    assert (await other.get("/company/clients")).status_code == 303
    assert (await login(world, "new@example.org", secret, PASSWORD)).status_code == 422
    assert (await login(world, "new@example.org", secret, NEW)).status_code == 303
    entries = await world.portal.database.read(lambda tx: newest(tx, 20))
    assert "STAFF_PASSWORD_CHANGED" in [each.what for each in entries]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"current": "not the password"}, "did not match"),
        ({"code": "000000"}, "did not match"),
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"again": "something else again"}, "not the same"),
    ],
)
async def test_nothing_changes_without_both_proofs(
    world: World, fields: dict[str, str], said: str
) -> None:
    """A wrong password or code, a bad new password: 422 and why; the old one stays."""
    email = f"{len(said)}-{next(iter(fields))}@example.org"
    pia, secret = await somebody(world, email)
    answer = await changed(world, pia, secret, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert (await login(world, email, secret, PASSWORD)).status_code == 303
