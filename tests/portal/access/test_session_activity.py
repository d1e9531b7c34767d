"""The last use of sessions: in memory, written by a task."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from slotsvc.portal import housekeeping
from slotsvc.portal.secrets import hashed
from slotsvc.portal.tables.schema import CHALLENGES, SESSIONS
from slotsvc.portal.web.cookies import CLIENT_SESSION
from tests.portal.access.letter_box import ask_for_code, newcomer
from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_uses_are_written_once_by_the_flush(world: World) -> None:
    """Pages only remember; the flush writes the last use, and a second flush nothing."""
    visitor = await world.signed_in_client(await world.contact("Seen"))
    session = hashed(visitor.cookies[CLIENT_SESSION])

    async def stored() -> datetime:
        query = select(SESSIONS.c.seen_at).where(SESSIONS.c.id == session)
        seconds = await world.portal.database.read(lambda tx: tx.execute(query).scalar_one())
        return datetime.fromtimestamp(seconds, UTC)

    before = await stored()
    now = world.clock.pass_(timedelta(minutes=5))
    await visitor.get("/riviera/account")
    assert await stored() == before
    await world.portal.activity.flush(world.portal.database)
    assert await stored() == now
    writes = world.portal.database.writes
    await world.portal.activity.flush(world.portal.database)
    assert world.portal.database.writes == writes


async def test_what_ran_out_is_swept(world: World) -> None:
    """Old challenges and sessions leave the tables; live ones stay."""
    await ask_for_code(newcomer(world), "swept@example.org")
    old = await world.signed_in_client(await world.contact("Old"))
    world.clock.pass_(timedelta(hours=37))
    await ask_for_code(newcomer(world), "kept@example.org")
    await housekeeping.tidy(world.portal)
    asked = await world.portal.database.read(
        lambda tx: tx.execute(select(CHALLENGES.c.identifier)).scalars().all()
    )
    assert asked == ["kept@example.org"]
    ids = await world.portal.database.read(
        lambda tx: tx.execute(select(SESSIONS.c.id)).scalars().all()
    )
    assert hashed(old.cookies[CLIENT_SESSION]) not in ids
