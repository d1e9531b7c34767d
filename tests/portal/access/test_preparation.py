"""Codes are prepared behind the pages: to whom, in which language, and how many."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Connection, func, select, update

from slotsvc.portal.access import challenges, limits
from slotsvc.portal.access.challenges import Purpose, Wish
from slotsvc.portal.access.identifiers import identifier
from slotsvc.portal.access.preparation import PORTAL_KIND
from slotsvc.portal.languages import words
from slotsvc.portal.tables.schema import ATTEMPTS, BUSINESS_UNITS, CHALLENGES
from tests.portal.access.letter_box import (
    all_prepared,
    ask_for_code,
    code_in,
    letter_to,
    letters_to,
    newcomer,
    type_code,
)
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_letter_speaks_the_contacts_language(world: World) -> None:
    """A contact's own language wins over the page's; without one, the page's counts."""
    await world.contact("Carla", email="carla@example.org", locale="it")
    await world.contact("Chris", email="chris@example.org")
    visitor = newcomer(world)
    visitor.headers["Accept-Language"] = "es"
    for name, locale in (("carla", "it"), ("chris", "es")):
        await ask_for_code(visitor, f"{name}@example.org")
        letter = await letter_to(world, f"{name}@example.org")
        assert words(locale).gettext("This is your code to come in:") in letter.text


async def test_one_that_cannot_be_prepared_does_not_stop_the_others(world: World) -> None:
    """A code that fails for whatever reason is put away; those behind it go out."""
    await world.contact("Lost", email="lost@example.org", unit=await world.unit("nowhere"))
    await world.contact("Found", email="found@example.org")
    unit = update(BUSINESS_UNITS).where(BUSINESS_UNITS.c.id == "nowhere")
    lost = unit.values(time_zone="Nowhere/Land")
    portal, now = world.portal, world.portal.clock()
    wish = Wish(Purpose.LOGIN, identifier("lost@example.org", None), "en")

    def work(connection: Connection) -> None:
        connection.execute(lost)
        challenges.ask(connection, portal.secrets, "nowhere", wish, "192.0.2.0/24", now)

    await portal.database.write(work)
    await ask_for_code(newcomer(world), "found@example.org")
    assert await letter_to(world, "found@example.org")
    await all_prepared(world)
    assert await letters_to(world, "lost@example.org", 0) == []


async def test_one_letter_for_several_contacts(world: World) -> None:
    """S11: several contacts at one address get one letter, which names none of them."""
    await world.contact("Gemma", email="shared@example.org")
    await world.contact("Hugo", email="shared@example.org")
    await ask_for_code(newcomer(world), "shared@example.org")
    letter = await letter_to(world, "shared@example.org")
    assert "Gemma" not in letter.text
    assert "Hugo" not in letter.text


async def test_s7_only_numbers_of_the_base_get_text_messages(world: World) -> None:
    """S7: an unknown number costs nothing; one of a country that is not written to gets none."""
    await world.contact("Afar", phone="+14155552671")
    for number in ("+33612999999", "+14155552671"):
        page = await ask_for_code(newcomer(world), number)
        assert page.status_code == 200
        await all_prepared(world)
        assert await letters_to(world, number, 0) == []


async def test_without_credits_no_text_message_goes_out(world: World) -> None:
    """Out of credits: the page is the same, nothing is sent, and no code would open."""
    await world.contact("Poor", phone="+33612555555")
    key = BUSINESS_UNITS.c.id == "riviera"

    async def credit(tenths: int) -> None:
        query = update(BUSINESS_UNITS).where(key).values(sms_credits=tenths)
        await world.portal.database.write(lambda tx: tx.execute(query))

    await credit(1)
    page = await ask_for_code(newcomer(world), "+33612555555")
    await all_prepared(world)
    await credit(1000)
    assert page.status_code == 200
    assert await letters_to(world, "+33612555555", 0) == []


async def test_s7_ten_a_day_for_a_recipient(world: World) -> None:
    """S7: the eleventh code of a day does not go out, however long the breaks were."""
    await world.contact("Daily", email="daily@example.org")
    for number in range(11):
        await ask_for_code(newcomer(world), "daily@example.org")
        await all_prepared(world)
        await letters_to(world, "daily@example.org", min(number + 1, 10))
        world.clock.pass_(timedelta(minutes=16))
    assert len(await letters_to(world, "daily@example.org", 10)) == 10
    world.clock.pass_(timedelta(days=1))
    await ask_for_code(newcomer(world), "daily@example.org")
    assert len(await letters_to(world, "daily@example.org", 11)) == 11


async def test_s7_five_hundred_a_day_for_the_portal(world: World) -> None:
    """S7: after 500 codes of a day the portal sends no more, whoever asks, and says nothing."""
    await world.contact("Last", email="last@example.org")
    portal, now = world.portal, world.portal.clock()
    key = limits.key_of(portal.secrets, PORTAL_KIND, portal.options.tenant)
    rows = [{"kind": PORTAL_KIND, "key": key, "at": int(now.timestamp())} for _ in range(500)]
    await portal.database.write(lambda tx: tx.execute(ATTEMPTS.insert(), rows))
    page = await ask_for_code(newcomer(world), "last@example.org")
    assert page.status_code == 200
    await all_prepared(world)
    assert await letters_to(world, "last@example.org", 0) == []
    world.clock.pass_(timedelta(days=1, seconds=1))
    await ask_for_code(newcomer(world), "last@example.org")
    assert await letters_to(world, "last@example.org", 1)


async def test_another_code_replaces_the_page_not_the_letter(world: World) -> None:
    """After "Send another code" the new letter's code opens, and the older one does not."""
    await world.contact("Again", email="again@example.org")
    visitor = newcomer(world)
    page = await ask_for_code(visitor, "again@example.org")
    first = code_in(await letter_to(world, "again@example.org"))
    page = await visitor.followed(await visitor.submit(page, "/login"))
    second = code_in(await letter_to(world, "again@example.org", 2))
    if first != second:
        assert (await type_code(visitor, page, first)).status_code == 422
    assert (await type_code(visitor, page, second)).status_code == 303


async def test_every_wish_leaves_one_row(world: World) -> None:
    """S6: a known and an unknown address leave one challenge each."""
    await world.contact("Row", email="row@example.org")

    async def number() -> int:
        query = select(func.count()).select_from(CHALLENGES)
        return await world.portal.database.read(lambda tx: tx.execute(query).scalar_one())

    counts = [await number()]
    for name in ("row", "no-row"):
        await ask_for_code(newcomer(world), f"{name}@example.org")
        counts.append(await number())
    assert [after - before for before, after in pairwise(counts)] == [1, 1]
