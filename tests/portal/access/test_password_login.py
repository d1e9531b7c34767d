"""User name and password: one answer for all that is wrong, slower and slower, never for good."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest
from argon2 import PasswordHasher

from slotsvc.portal.access.contacts import contact_by_id
from slotsvc.portal.access.invitations import set_password
from slotsvc.portal.access.password_login import check_password, enter
from slotsvc.portal.tables.units import unit_by_id
from slotsvc.portal.web.cookies import CLIENT_SESSION
from tests.portal.access.letter_box import come_in, letter_to, newcomer
from tests.portal.portal_fixtures import Visitor, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = "four blue bicycles in the rain"


async def user(world: World, name: str, **row: object) -> str:
    """A contact with this user name and the good password."""
    stored = await world.portal.passwords.hashed(GOOD)
    return await world.contact(name, user_name=name, password_hash=stored, **row)


async def try_in(visitor: Visitor, name: str, password: str) -> httpx.Response:
    """Types both."""
    page = await visitor.get("/riviera/password")
    return await visitor.submit(page, "/password", user_name=name, password=password)


async def test_s8_one_answer_for_all_that_is_wrong(world: World) -> None:
    """S8, S6: an unknown name, a wrong password, a contact without a password, one who may not come
    in: the same status and the same words; the name is kept, the password is not."""
    await user(world, "known")
    await user(world, "closed", portal_user=False)
    await world.contact("Without", user_name="without")
    tried = [("known", "some other password"), ("nobody", GOOD), ("closed", GOOD), ("without", "")]
    texts = set()
    for name, password in tried:
        visitor = newcomer(world)
        answer = await try_in(visitor, name, password)
        assert answer.status_code == 422
        assert "User name or password is not right." in answer.text
        assert f'value="{name}"' in answer.text
        assert CLIENT_SESSION not in visitor.cookies
        form = visitor.cookies["__Host-csrf"]
        assert form not in answer.text
        token = answer.text.split('name="csrf_token" value="')[1][:64]
        texts.add(answer.text.replace(name, "NAME").replace(token, "TOKEN"))
    assert len(texts) == 1


async def test_s8_the_hash_is_renewed_at_login(world: World) -> None:
    """S8: a hash of older parameters is replaced by one of today's when its owner comes in."""
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(GOOD)
    contact = await world.contact("Renewed", user_name="renewed", password_hash=old)
    answer = await try_in(newcomer(world), "renewed", GOOD)
    assert answer.headers["location"] == "/riviera/"
    found = await world.portal.database.read(lambda tx: contact_by_id(tx, contact))
    assert found is not None
    assert found.password_hash not in (None, old)
    assert (await try_in(newcomer(world), "renewed", GOOD)).status_code == 303


async def test_s8_a_password_changed_meanwhile_stays_changed(world: World) -> None:
    """S8: a login that is judged while its password is changed is refused, and undoes nothing."""
    contact, portal = await user(world, "raced"), world.portal
    changed = await portal.passwords.hashed("five red kites above the hill")
    bu = await portal.database.read(lambda tx: unit_by_id(tx, "riviera"))
    assert bu is not None
    login = asyncio.create_task(check_password(portal, bu, "raced", GOOD, "198.51.100.0/24"))
    await asyncio.sleep(0)  # its first transaction stands in line
    now = portal.clock()
    await portal.database.write(lambda tx: set_password(tx, contact, "raced", changed, now))
    checked = await login
    found = await portal.database.read(lambda tx: contact_by_id(tx, contact))
    assert found is not None
    assert (checked.contact, checked.suspect, found.password_hash) == (None, contact, changed)


async def test_s8_a_password_changed_before_the_session_begins(world: World) -> None:
    """S8: the password was right, and is another one by now: no session."""
    contact, portal = await user(world, "late"), world.portal
    bu = await portal.database.read(lambda tx: unit_by_id(tx, "riviera"))
    assert bu is not None
    checked = await check_password(portal, bu, "late", GOOD, "198.51.100.0/24")
    assert checked.contact == contact
    now = portal.clock()
    await portal.database.write(lambda tx: set_password(tx, contact, "late", "other", now))
    session = await portal.database.write(lambda tx: enter(tx, bu, checked, "", now))
    assert session is None


async def test_s10_delays_grow_for_a_guesser(world: World) -> None:
    """S10: five wrong passwords are free, then even the right one waits 1, 2, 4 … seconds; the page
    says how long."""
    await user(world, "guessed")
    guesser = newcomer(world)
    for _ in range(5):
        assert (await try_in(guesser, "guessed", "some other password")).status_code == 422
    waits = []
    for _ in range(3):
        refused = await try_in(guesser, "guessed", GOOD)
        assert refused.status_code == 429
        waits.append(int(refused.headers["retry-after"]))
        world.clock.pass_(timedelta(seconds=waits[-1]))
        assert (await try_in(guesser, "guessed", "some other password")).status_code == 422
    assert waits == [1, 2, 4]
    world.clock.pass_(timedelta(seconds=8))
    assert (await try_in(guesser, "guessed", GOOD)).status_code == 303
    assert (await try_in(newcomer(world), "guessed", "some other password")).status_code == 422


async def test_s10_nobody_locks_somebody_else_out(world: World) -> None:
    """S10: after 25 wrong passwords from one network, the owner comes in from his own within
    half a minute, and by code at once."""
    await user(world, "victim", email="victim@example.org")
    guesser, failures = newcomer(world), 0
    while failures < 25:
        answer = await try_in(guesser, "victim", "some other password")
        if answer.status_code == 429:
            world.clock.pass_(timedelta(seconds=int(answer.headers["retry-after"])))
        else:
            failures += 1
    answer = await come_in(world, newcomer(world), "victim@example.org")
    assert answer.status_code == 303
    owner = newcomer(world)
    answer = await try_in(owner, "victim", GOOD)
    if answer.status_code == 429:
        assert int(answer.headers["retry-after"]) <= 30
        world.clock.pass_(timedelta(seconds=30))
        answer = await try_in(owner, "victim", GOOD)
    assert answer.headers["location"] == "/riviera/"


async def test_s10_a_network_that_tries_many_names_slows_down(world: World) -> None:
    """S10: thirty names from one network, each once, and the next waits, whoever it is."""
    sprayer = newcomer(world)
    for number in range(30):
        assert (await try_in(sprayer, f"name{number}", "password1234")).status_code == 422
    assert (await try_in(sprayer, "somebody", "password1234")).status_code == 429
    assert (await try_in(newcomer(world), "somebody", "password1234")).status_code == 422


async def test_a_forgotten_password_is_chosen_anew_after_a_code(world: World) -> None:
    """Forgotten: in by code, a new password on the account page; other sessions end, a letter says
    so, and the new one opens."""
    contact = await user(world, "forgot", email="forgot@example.org")
    other = await world.signed_in_client(contact)
    visitor = newcomer(world)
    await come_in(world, visitor, "forgot@example.org")
    page = await visitor.get("/riviera/account/password")
    assert 'value="forgot"' in page.text
    before = visitor.cookies[CLIENT_SESSION]
    new = "five red kites above the hill"
    answer = await visitor.submit(page, "/account/password", user_name="forgot", password=new)
    assert "PASSWORD_SET" in answer.headers["location"]
    assert visitor.cookies[CLIENT_SESSION] != before
    assert (await other.get("/riviera/account")).status_code == 303
    assert (await visitor.get("/riviera/account")).status_code == 200
    assert (await letter_to(world, "forgot@example.org", 2)).kind == "PASSWORD_CHANGED"
    assert (await try_in(newcomer(world), "forgot", GOOD)).status_code == 422
    assert (await try_in(newcomer(world), "forgot", new)).status_code == 303


async def test_the_password_proves_as_well(world: World) -> None:
    """Who has a password steps up with it; a wrong one does not."""
    contact = await user(world, "prover")
    visitor = await world.signed_in_client(contact, proven=False)
    page = await visitor.see("/riviera/account/name")
    page = await visitor.submit(page, "/proof/password", password="some other password")
    assert page.status_code == 422
    assert "That is not your password." in page.text
    answer = await visitor.submit(page, "/proof/password", password=GOOD)
    assert answer.headers["location"] == "/riviera/account/name"
    assert (await visitor.get("/riviera/account/name")).status_code == 200
