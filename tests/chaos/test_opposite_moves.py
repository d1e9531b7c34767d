"""Many visits change places at once, each between two routes, at two processes (F9)."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.calls import calling
from benchmarks.company import Company
from benchmarks.torture.aftermath import Expected, judged
from benchmarks.torture.bed import NO_JOBS, bed
from benchmarks.torture.bookers import Booker, Tally
from tests.postgres_fixtures import PostgresServer

MOVERS, MOVES = 16, 2


class Mover(Booker):
    """Books one visit, and sends it from route to route."""

    async def work(self) -> None:
        """In whatever order the others come."""
        visit = await self._book(next(self.orders))
        for _ in range(MOVES):
            await self._move(visit)


@pytest.mark.timeout(120)
async def test_moves_in_opposite_orders_never_deadlock(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    """Sixteen clients at two processes move visits among six routes, at once or by a hold: each
    move is done as a whole, once, and PostgreSQL never had to end a deadlock."""
    tally = Tally()
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(bed(tmp_path, postgres, **NO_JOBS))
        began = ground.deadlocks()
        lines = [
            await stack.enter_async_context(calling(ground.replicas[number % 2].address))
            for number in range(MOVERS)
        ]
        company = await Company(lines[0], "opposite").found()
        await company.activity(minutes=30, horizon=timedelta(days=4))
        for number in range(2):
            await company.technician(f"tech-{number}")
        first_day = datetime.now(UTC).date() + timedelta(days=1)
        movers = [
            Mover(
                number,
                line,
                company,
                iter([f"order-{number}"]),
                tally,
                first_day,
                random.Random(number),
                lambda: None,
            )
            for number, line in enumerate(lines)
        ]
        await asyncio.gather(*(mover.work() for mover in movers))

    moved = [change for change in tally.history.changes if change.kind == "VISIT_MOVED"]
    assert len(moved) > MOVERS
    assert ground.deadlocks() == began
    assert await judged(ground.url, Expected("opposite", history=tally.history)) == []
    assert not ground.incidents()
