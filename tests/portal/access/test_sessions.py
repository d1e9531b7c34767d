"""Sessions: a new token at each proof, half an hour idle, half a day in all, over with access."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from slotsvc.portal.access import sessions
from slotsvc.portal.secrets import hashed
from slotsvc.portal.tables.schema import BUSINESS_UNITS, CLIENTS, CONTACTS, SESSIONS
from slotsvc.portal.web.cookies import CLIENT_SESSION, FORM
from tests.portal.access.letter_box import (
    ask_for_code,
    code_to,
    come_in,
    newcomer,
    type_code,
)
from tests.portal.portal_fixtures import Visitor, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = "/riviera/account"


async def is_in(visitor: Visitor) -> bool:
    """Whether the session still opens pages."""
    answer = await visitor.get(PAGE)
    return answer.status_code == 200


async def change(world: World, table: Any, key: Any, **values: Any) -> None:
    """Changes one row, as company pages would."""
    query = update(table).where(key).values(values)
    await world.portal.database.write(lambda tx: tx.execute(query))


async def test_s12_the_cookie_is_of_this_host_only(world: World) -> None:
    """S12: the session's cookie is __Host-, Secure, HttpOnly, SameSite=Lax, 256 bits, and hashed at
    rest; the challenge's cookie too."""
    await world.contact("Cookie", email="cookie@example.org")
    visitor = newcomer(world)
    page = await ask_for_code(visitor, "cookie@example.org")
    answer = await type_code(visitor, page, await code_to(world, "cookie@example.org"))
    lines = [line for line in answer.headers.get_list("set-cookie") if CLIENT_SESSION in line]
    assert len(lines) == 1
    told = {part.strip().lower() for part in lines[0].split(";")[1:]}
    assert told == {"path=/", "secure", "httponly", "samesite=lax"}
    token = visitor.cookies[CLIENT_SESSION]
    assert len(token) == 43
    query = select(SESSIONS.c.id).where(SESSIONS.c.id.in_([token, hashed(token)]))
    ids = await world.portal.database.read(lambda tx: tx.execute(query).scalars().all())
    assert ids == [hashed(token)]


async def test_s12_a_planted_session_is_not_taken_over(world: World) -> None:
    """S12: a session or form cookie that somebody planted before the login is not the session after
    it, and the planted session is over in this browser."""
    thief = await world.contact("Thief")
    planted = await world.signed_in_client(thief)
    await world.contact("Fixed", email="fixed@example.org")
    visitor = newcomer(world)
    visitor.cookies[FORM] = "known-to-the-thief"
    page = await ask_for_code(visitor, "fixed@example.org")
    visitor.cookies[CLIENT_SESSION] = planted.cookies[CLIENT_SESSION]
    await type_code(visitor, page, await code_to(world, "fixed@example.org"))
    assert visitor.cookies[CLIENT_SESSION] != planted.cookies[CLIENT_SESSION]
    assert "Fixed" in (await visitor.get(PAGE)).text
    assert not await is_in(planted)


async def test_s13_thirty_minutes_idle(world: World) -> None:
    """S13: each use keeps the session for half an hour, without a write; then it is over."""
    visitor = await world.signed_in_client(await world.contact("Idle"))
    writes = world.portal.database.writes
    for _ in range(4):
        world.clock.pass_(timedelta(minutes=29, seconds=59))
        assert await is_in(visitor)
    assert world.portal.database.writes == writes
    await world.portal.activity.flush(world.portal.database)
    world.clock.pass_(timedelta(minutes=29, seconds=59))
    assert await is_in(visitor)
    world.clock.pass_(timedelta(minutes=30))
    assert not await is_in(visitor)


async def test_s13_twelve_hours_in_all(world: World) -> None:
    """S13: however often it is used, even stepped up, a session ends after twelve hours."""
    contact = await world.contact("Absolute", email="absolute@example.org")
    visitor = await world.signed_in_client(contact, proven=False)
    begun = world.clock.now()
    while world.clock.now() - begun < timedelta(hours=11):
        world.clock.pass_(timedelta(minutes=25))
        assert await is_in(visitor)
    page = await visitor.see("/riviera/account/name")
    page = await visitor.followed(await visitor.submit(page, "/proof/send", way="MAIL"))
    code = await code_to(world, "absolute@example.org")
    assert (await visitor.submit(page, "/proof", code=code)).status_code == 303
    assert await is_in(visitor)
    while world.clock.now() - begun < timedelta(hours=12) - timedelta(minutes=20):
        world.clock.pass_(timedelta(minutes=20))
        assert await is_in(visitor)
    world.clock.pass_(timedelta(minutes=20))
    assert not await is_in(visitor)


async def test_s13_out_everywhere_else_at_once(world: World) -> None:
    """S13: the list names the sessions; one, or all others, are over with the next click."""
    contact = await world.contact("Everywhere", email="everywhere@example.org")
    phone = newcomer(world)
    phone.headers["User-Agent"] = "Mozilla/5.0 (Linux; Android 15; Mobile) Gecko Firefox/140.0"
    await come_in(world, phone, "everywhere@example.org")
    here, other = await world.signed_in_client(contact), await world.signed_in_client(contact)
    page = await here.get(PAGE)
    assert "Firefox, Android" in page.text
    assert page.text.count("Sign out there") == 2
    one = hashed(other.cookies[CLIENT_SESSION])
    await here.submit(page, "/sessions/end", session=one)
    assert not await is_in(other)
    assert await is_in(phone)
    page = await here.get(PAGE)
    await here.submit(page, "/sessions/end", session="")
    assert not await is_in(phone)
    assert await is_in(here)


async def test_s13_nobody_ends_sessions_of_others(world: World) -> None:
    """S13: the id of somebody else's session ends nothing."""
    victim = await world.signed_in_client(await world.contact("Victim"))
    attacker = await world.contact("Attacker")
    here, _ = await world.signed_in_client(attacker), await world.signed_in_client(attacker)
    page = await here.get(PAGE)
    await here.submit(page, "/sessions/end", session=hashed(victim.cookies[CLIENT_SESSION]))
    assert await is_in(victim)


@pytest.mark.parametrize(
    ("table", "closed", "opened"),
    [
        (CLIENTS, {"access": False}, {"access": True}),
        (CONTACTS, {"portal_user": False}, {"portal_user": True}),
        (CONTACTS, {"access_until": "2030-06-01"}, {"access_until": None}),
        (CONTACTS, {"access_from": "2031-06-01"}, {"access_from": None}),
    ],
)
async def test_s13_access_is_asked_with_every_click(
    world: World, table: Any, closed: dict[str, object], opened: dict[str, object]
) -> None:
    """S13: switched off while somebody is in, the next click does not open any more."""
    client = await world.client()
    contact = await world.contact("Asked", client=client)
    key = CLIENTS.c.id == client if table is CLIENTS else CONTACTS.c.id == contact
    visitor = await world.signed_in_client(contact)
    assert await is_in(visitor)
    await change(world, table, key, **closed)
    assert not await is_in(visitor)
    await change(world, table, key, **opened)
    assert await is_in(visitor)


async def test_s13_switching_off_ends_for_good(world: World) -> None:
    """S13: what company pages call ends sessions for good: switching on again revives none."""
    client = await world.client()
    contact = await world.contact("Ended", client=client)
    now = world.portal.clock()
    for end in (
        lambda tx: sessions.end_all(tx, contact, now),
        lambda tx: sessions.end_all_of_client(tx, client, now),
        lambda tx: sessions.end_all_of_unit(tx, "riviera", now),
    ):
        visitor = await world.signed_in_client(contact)
        assert await is_in(visitor)
        await world.portal.database.write(end)
        assert not await is_in(visitor)


async def test_dates_are_the_units_days_both_included(world: World) -> None:
    """Access from Tuesday to Tuesday opens when it is Tuesday where the unit is, not in UTC."""
    contact = await world.contact("Dates", access_from="2032-07-06", access_until="2032-07-06")
    for at, opens in [
        ("2032-07-05T21:59:59+00:00", False),  # Monday 23:59 in Monaco
        ("2032-07-05T22:00:00+00:00", True),
        ("2032-07-06T21:59:59+00:00", True),
        ("2032-07-06T22:00:00+00:00", False),
    ]:
        world.clock.instant = type(world.clock.instant).fromisoformat(at)
        visitor = await world.signed_in_client(contact)
        assert await is_in(visitor) is opens


async def test_a_session_opens_its_own_unit_only(world: World) -> None:
    """The cookie of one business unit is nobody in another, nor after the unit was switched off."""
    await world.unit("alps")
    visitor = await world.signed_in_client(await world.contact("Own"))
    assert (await visitor.get("/alps/account")).headers["location"].startswith("/alps/login")
    query = select(BUSINESS_UNITS.c.live).where(BUSINESS_UNITS.c.id == "riviera")
    live = await world.portal.database.read(lambda tx: tx.execute(query).scalar_one())
    key = BUSINESS_UNITS.c.id == "riviera"
    await change(world, BUSINESS_UNITS, key, live=live | {"active": False})
    assert (await visitor.get(PAGE)).status_code == 404
    await change(world, BUSINESS_UNITS, key, live=live)
    assert await is_in(visitor)


async def test_s21_nothing_of_a_session_comes_from_the_browser(world: World) -> None:
    """S21: fields named like the session's own, in forms, addresses or cookies, change nothing."""
    victim = await world.contact("Victim", email="s21-victim@example.org")
    contact = await world.contact("Writer", email="s21@example.org")
    visitor = await world.signed_in_client(contact, proven=False)
    session = hashed(visitor.cookies[CLIENT_SESSION])
    page = await visitor.get(f"{PAGE}?contact={victim}&level=2&proven_until=9999999999")
    extra = {
        "contact": victim,
        "subject": victim,
        "level": "2",
        "proven_until": "9999999999",
        "email": "evil@example.org",
        "business_unit": "alps",
    }
    await visitor.submit(page, "/account/language", language="fr", **extra)
    query = select(SESSIONS).where(SESSIONS.c.id == session)
    row = await world.portal.database.read(lambda tx: tx.execute(query).one())
    assert (row.subject, row.proven_until, row.business_unit) == (contact, 0, "riviera")
    mail = select(CONTACTS.c.email).where(CONTACTS.c.id == contact)
    assert await world.portal.database.read(lambda tx: tx.execute(mail).scalar()) == (
        "s21@example.org"
    )
    assert "Writer" in (await visitor.get(PAGE)).text
    answer = await visitor.get("/riviera/account/name")
    assert answer.headers["location"].startswith("/riviera/proof")


async def test_s22_nobody_reads_nothing(world: World) -> None:
    """S22: without a session, no page of access says anything of anybody: names, addresses and
    numbers of the base are on none of them."""
    await world.contact("Zebedee Secret", email="zebedee@example.org", phone="+33699999999")
    guest = newcomer(world)
    for path in (
        "login", "code", "password", "proof", "account", "account/name", "account/email",
        "account/phone", "account/confirm", "account/password", "l/" + "x" * 43, "k/" + "x" * 43,
        "invitation/" + "x" * 43,
    ):  # fmt: skip
        answer = await guest.get(f"/riviera/{path}")
        assert answer.status_code in (200, 303, 410), path
        for told in ("Zebedee", "zebedee", "+33699999999"):
            assert told not in answer.text + answer.headers.get("location", "")
