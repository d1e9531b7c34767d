"""Login by code: six digits to an address that the company knows, typed where it was asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from slotsvc.portal.secrets import hashed
from slotsvc.portal.tables.schema import CHALLENGES, CLIENTS, CONTACTS, OUTBOX, SESSIONS
from slotsvc.portal.web.cookies import CHALLENGE, CLIENT_SESSION
from tests.portal.access.letter_box import (
    all_prepared,
    ask_for_code,
    code_to,
    come_in,
    letter_to,
    letters_to,
    newcomer,
    type_code,
)
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


async def test_comes_in_with_the_code_of_the_letter(world: World) -> None:
    """A known e-mail address, whatever its capitals, gets a code, and the code opens the portal."""
    await world.contact("Anna", email="anna@example.org")
    anna = newcomer(world)
    page = await ask_for_code(anna, " Anna@Example.ORG ")
    letter = await letter_to(world, "anna@example.org")
    assert letter.kind == "LOGIN_CODE"
    answer = await type_code(anna, page, await code_to(world, "anna@example.org"))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/riviera/"
    account = await anna.see("/riviera/account")
    assert account.status_code == 200
    assert "Anna" in account.text
    assert "anna@example.org" in account.text  # proven: nothing is masked


async def test_a_phone_number_gets_a_text_message(world: World) -> None:
    """A number typed as people of the country write it finds the contact, by SMS."""
    await world.contact("Paul", phone="+33612345678")
    paul = newcomer(world)
    page = await ask_for_code(paul, "+33 (0)6 12 34 56 78")
    answer = await type_code(paul, page, await code_to(world, "+33612345678"))
    assert answer.headers["location"] == "/riviera/"


async def test_goes_on_to_the_page_that_was_wanted(world: World) -> None:
    """Who was sent to sign in comes back to his page; addresses elsewhere are not followed."""
    await world.contact("Next", email="next@example.org")
    visitor = newcomer(world)
    sent = await visitor.get("/riviera/account")
    assert sent.headers["location"] == "/riviera/login?next=/riviera/account"
    page = await visitor.followed(sent)
    code_page = await visitor.followed(
        await visitor.submit(page, "/login", identifier="next@example.org")
    )
    answer = await type_code(visitor, code_page, await code_to(world, "next@example.org"))
    assert answer.headers["location"] == "/riviera/account"
    stranger = newcomer(world)
    for elsewhere in ("https://evil.example/", "//evil.example", "/company/", "/riviera\\..\\x"):
        answer = await stranger.get(f"/riviera/login?next={elsewhere}")
        assert 'name="next" value="/riviera/"' in answer.text


async def test_s1_no_usable_secret_is_stored(world: World) -> None:
    """S1: neither code nor token stands in the tables: only HMAC and hashes, and sealed letters."""
    await world.contact("Dump", email="dump@example.org")
    visitor = newcomer(world)
    page = await ask_for_code(visitor, "dump@example.org")
    code = await code_to(world, "dump@example.org")
    token = visitor.cookies[CHALLENGE]
    row = await world.portal.database.read(
        lambda tx: tx.execute(select(CHALLENGES).where(CHALLENGES.c.id == hashed(token))).one()
    )
    assert len(token) == 43  # 256 bits
    assert code not in str(row)
    assert token not in str(row)
    await type_code(visitor, page, code)
    session = visitor.cookies[CLIENT_SESSION]
    rows = await world.portal.database.read(
        lambda tx: str(tx.execute(select(SESSIONS)).all() + tx.execute(select(OUTBOX)).all())
    )
    assert len(session) == 43
    assert hashed(session) in rows
    assert session not in rows


async def test_s2_a_code_works_once(world: World) -> None:
    """S2: the same code in the same browser does not open a second time."""
    await world.contact("Once", email="once@example.org")
    visitor = newcomer(world)
    page = await ask_for_code(visitor, "once@example.org")
    code, token = await code_to(world, "once@example.org"), visitor.cookies[CHALLENGE]
    await type_code(visitor, page, code)
    again = newcomer(world)
    other = await ask_for_code(again, "nobody-once@example.org")
    again.cookies[CHALLENGE] = token
    answer = await type_code(again, other, code)
    assert answer.headers["location"].startswith("/riviera/login")
    assert CLIENT_SESSION not in again.cookies


async def test_s2_a_code_ends_after_ten_minutes(world: World) -> None:
    """S2: ten minutes after it was asked for, the right code is too late."""
    await world.contact("Late", email="late@example.org")
    visitor = newcomer(world)
    page = await ask_for_code(visitor, "late@example.org")
    code = await code_to(world, "late@example.org")
    world.clock.pass_(timedelta(minutes=10))
    answer = await type_code(visitor, page, code)
    assert "CODE_GONE" in answer.headers["location"]


async def test_s2_five_tries_for_a_code(world: World) -> None:
    """S2: wrong codes are told with the tries left; after the fifth even the right one fails."""
    await world.contact("Five", email="five@example.org")
    visitor = newcomer(world)
    page = await ask_for_code(visitor, "five@example.org")
    code = await code_to(world, "five@example.org")
    for left in (4, 3, 2, 1):
        page = await type_code(visitor, page, wrong(code))
        assert page.status_code == 422
        assert (f"{left} more tries" if left > 1 else "one more try") in page.text
    last = await type_code(visitor, page, wrong(code))
    assert "CODE_GONE" in last.headers["location"]
    after = await type_code(visitor, page, code)
    assert "CODE_GONE" in after.headers["location"]


async def test_s2_the_browser_that_asked(world: World) -> None:
    """S2: the right code typed in another browser does not open."""
    await world.contact("Bound", email="bound@example.org")
    asking, other = newcomer(world), newcomer(world)
    await ask_for_code(asking, "bound@example.org")
    code = await code_to(world, "bound@example.org")
    page = await ask_for_code(other, "nobody-bound@example.org")
    answer = await type_code(other, page, code)
    assert answer.status_code == 422
    assert CLIENT_SESSION not in other.cookies


async def test_s2_a_hundred_wrong_codes_in_a_row(world: World) -> None:
    """S2: after a hundred consecutive failures a letter says whom to call, and no code is made; a
    right code before starts the count anew."""
    contact = await world.contact("Hundred", email="hundred@example.org")

    async def fail(number: int) -> None:
        query = update(CONTACTS).where(CONTACTS.c.id == contact).values(failures=number)
        await world.portal.database.write(lambda tx: tx.execute(query))

    await fail(99)
    await come_in(world, newcomer(world), "hundred@example.org")
    query = select(CONTACTS.c.failures).where(CONTACTS.c.id == contact)
    assert await world.portal.database.read(lambda tx: tx.execute(query).scalar_one()) == 0
    await fail(99)
    visitor = newcomer(world)
    page = await ask_for_code(visitor, "hundred@example.org")
    await type_code(visitor, page, wrong(await code_to(world, "hundred@example.org", 2)))
    await ask_for_code(newcomer(world), "hundred@example.org")
    letter = await letter_to(world, "hundred@example.org", 3)
    assert letter.kind == "LOGIN_BLOCKED"
    assert "+377 97 00 00 00" in letter.text


async def test_wishes_over_the_limit_shut_nobody_out(world: World) -> None:
    """Wrong codes count against the account only where there was a code to guess."""
    contact = await world.contact("Bombed", email="bombed@example.org")
    query = select(CONTACTS.c.failures).where(CONTACTS.c.id == contact)
    for failures in (1, 2, 3, 3):
        visitor = newcomer(world)
        page = await ask_for_code(visitor, "bombed@example.org")
        await all_prepared(world)
        await type_code(visitor, page, "not it")
        found = await world.portal.database.read(lambda tx: tx.execute(query).scalar_one())
        assert found == failures


async def test_s7_three_codes_in_a_quarter_of_an_hour(world: World) -> None:
    """S7: the fourth wish gets the same page, and no letter; a quarter of an hour later one goes
    out again."""
    await world.contact("Often", email="often@example.org")
    pages = [await ask_for_code(newcomer(world), "often@example.org") for _ in range(4)]
    assert {page.status_code for page in pages} == {200}
    await all_prepared(world)
    assert len(await letters_to(world, "often@example.org", 3)) == 3
    world.clock.pass_(timedelta(minutes=15, seconds=1))
    await ask_for_code(newcomer(world), "often@example.org")
    assert len(await letters_to(world, "often@example.org", 4)) == 4


async def test_s7_twenty_wishes_of_a_network_in_an_hour(world: World) -> None:
    """S7: the 21st wish of one network, whichever of its addresses, is refused with a time to wait;
    other networks and IPv6 neighbours of another /48 go on."""
    for number in range(20):
        await ask_for_code(world.visitor(f"203.0.113.{number}"), f"n{number}@example.org")
    refused = world.visitor("203.0.113.200")
    page = await refused.get("/riviera/login")
    answer = await refused.submit(page, "/login", identifier="n@example.org")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 3600
    assert "60 minutes" in answer.text
    await ask_for_code(world.visitor("203.0.114.1"), "n@example.org")


async def test_s11_a_shared_address_is_told_apart_after_proof_only(world: World) -> None:
    """S11: no name is shown before the code; after it, each contact can be chosen, nobody else."""
    first = await world.client(name="Villa Rosa")
    second = await world.client(name="Hotel Azur")
    rosa = await world.contact("Rosa", client=first, email="both@example.org")
    azur = await world.contact("Rosa", client=second, email="both@example.org")
    other = await world.contact("Other", email="other-both@example.org")
    visitor = newcomer(world)
    page = await ask_for_code(visitor, "both@example.org")
    assert "Villa" not in page.text
    answer = await type_code(visitor, page, await code_to(world, "both@example.org"))
    assert CLIENT_SESSION not in visitor.cookies
    chooser = await visitor.followed(answer)
    assert "Villa Rosa" in chooser.text
    assert "Hotel Azur" in chooser.text
    refused = await visitor.submit(chooser, "/choose", contact=other)
    assert CLIENT_SESSION not in visitor.cookies
    assert "CODE_GONE" in refused.headers["location"]
    chosen = await visitor.submit(chooser, "/choose", contact=azur)
    assert chosen.headers["location"] == "/riviera/"
    assert "Hotel Azur" in (await visitor.see("/riviera/account")).text
    again = await visitor.submit(chooser, "/choose", contact=rosa)
    assert again.status_code in (303, 403)
    assert "Hotel Azur" in (await visitor.see("/riviera/account")).text


@pytest.mark.parametrize(
    "closed",
    [
        {"portal_user": False},
        {"access_from": "2031-01-01"},
        {"access_until": "2029-12-31"},
    ],
)
async def test_s23_nobody_is_let_in_who_may_not(world: World, closed: dict[str, object]) -> None:
    """S23: who is no portal user, or outside of his dates, gets the same page and no letter."""
    address = f"closed-{next(iter(closed))}@example.org"
    await world.contact("Closed", email=address, **closed)
    page = await ask_for_code(newcomer(world), address)
    assert page.status_code == 200
    await all_prepared(world)
    assert await letters_to(world, address, 0) == []


async def test_s23_an_unknown_address_makes_no_client(world: World) -> None:
    """S23: asking and typing with an unknown address leaves clients and contacts alone."""

    def everybody(tx: object) -> list[object]:
        return [*tx.execute(select(CLIENTS)).all(), *tx.execute(select(CONTACTS)).all()]  # type: ignore[attr-defined]

    before = await world.portal.database.read(everybody)
    visitor = newcomer(world)
    page = await ask_for_code(visitor, "unknown@example.org")
    await all_prepared(world)
    assert (await type_code(visitor, page, "123456")).status_code == 422
    assert await letters_to(world, "unknown@example.org", 0) == []
    assert await world.portal.database.read(everybody) == before


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Please enter your e-mail address or phone number."),
        ("anna", "This is not an e-mail address."),
        ("a\r\nb@example.org", "This is not an e-mail address."),
        ("12", "Please check this phone number"),
    ],
)
async def test_what_is_no_address_is_said_beside_the_field(
    world: World, typed: str, words: str
) -> None:
    """Bad input comes back with words at the field, and what was typed is kept."""
    visitor = newcomer(world)
    page = await visitor.get("/riviera/login")
    answer = await visitor.submit(page, "/login", identifier=typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    if typed.isprintable():
        assert f'value="{typed}"' in answer.text


async def test_signing_out_ends_the_session(world: World) -> None:
    """The session is over for every copy of its cookie."""
    visitor = await world.signed_in_client(await world.contact("Out"))
    token = visitor.cookies[CLIENT_SESSION]
    page = await visitor.see("/riviera/account")
    answer = await visitor.submit(page, "/logout")
    assert answer.headers["location"] == "/riviera/?notice=SIGNED_OUT"
    assert CLIENT_SESSION not in visitor.cookies
    visitor.cookies[CLIENT_SESSION] = token
    assert (await visitor.get("/riviera/account")).status_code == 303
