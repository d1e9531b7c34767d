"""What ran out leaves the tables, once a minute."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from slotsvc.portal.housekeeping import tidy
from slotsvc.portal.tables.schema import ATTEMPTS, HOLDS, OUTBOX
from tests.portal.booking_fixtures import running_household


async def test_old_holds_letters_and_attempts_leave(tmp_path: Path) -> None:
    """A hold goes a week after its end, a letter after 32 days, attempts after two."""
    async with running_household(tmp_path) as home:
        await home.booked(await home.visit())
        await home.letters(tmp_path / "letters", 1)

        async def left() -> list[int]:
            return await home.world.portal.database.read(
                lambda tx: [len(tx.execute(select(t)).all()) for t in (HOLDS, ATTEMPTS, OUTBOX)]
            )

        await tidy(home.world.portal)
        holds, attempts, letters = await left()
        assert (holds, letters) == (1, 1)
        assert attempts > 0
        home.world.clock.pass_(timedelta(days=6))
        await tidy(home.world.portal)
        assert await left() == [1, 0, 1]
        home.world.clock.pass_(timedelta(days=2))
        await tidy(home.world.portal)
        assert await left() == [0, 0, 1]
        home.world.clock.pass_(timedelta(days=26))
        await tidy(home.world.portal)
        assert await left() == [0, 0, 0]
