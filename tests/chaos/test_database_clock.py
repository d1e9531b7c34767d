"""PostgreSQL's own clock jumps (F25): what the service asks it by is another function for a while.

``clock_timestamp()`` of the test's database comes before PostgreSQL's in the search path, and adds
what a table says. So all that the service and its tasks know of time jumps, in every connection at
once. PostgreSQL's own waits (for locks, for silence) go on by its host's clock, which nobody moves.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from grpc import aio
from psycopg import sql
from pydantic import SecretStr

from benchmarks.calls import Calls, calling, fresh_id, told
from benchmarks.company import Company
from benchmarks.torture.aftermath import Expected, judged
from slotsvc import bootstrap
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.postgres_fixtures import PostgresServer
from tests.service_fixtures import booked, held, offered, refused, settings_for, visit_now

HOUR_S, DAY_S = 3_600, 86_400
WHOLE_DAY = {"seconds": 9 * 3600}
LOST_TO_OTHERS = {"SLOT_GONE", "SLOT_EXPIRED", "HOLD_EXPIRED", "HOLD_LIMIT"}
_JUMPING = """
CREATE TABLE public.ahead (seconds float8 NOT NULL);
INSERT INTO public.ahead VALUES (0);
CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
'SELECT pg_catalog.clock_timestamp() + make_interval(secs => seconds) FROM public.ahead';
"""


@dataclass(frozen=True, slots=True)
class Jumping:
    """A service on a database whose clock jumps, and a company of one technician."""

    url: str
    address: str
    calls: Calls
    company: Company

    async def jump(self, seconds: int) -> None:
        """From now on the clock is ahead by so much."""

        def write() -> None:
            with psycopg.connect(self.url) as connection:
                connection.execute("UPDATE ahead SET seconds = %s", [seconds])

        await asyncio.to_thread(write)

    def whole(self, day: date) -> slots.SuggestSlotsRequest:
        """There is room for one of these."""
        return self.company.search(on=day, service_duration=WHOLE_DAY)

    async def wrong(self) -> list[str]:
        """What is wrong with the books."""
        return await judged(self.url, Expected(self.company.id, alone=False))


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """A database whose clock jumps when it is told to."""
    url = postgres.migrated()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_JUMPING)
        name = sql.Identifier(connection.info.dbname)
        path = sql.SQL("ALTER DATABASE {} SET search_path = public, pg_catalog")
        connection.execute(path.format(name))
    yield url
    postgres.drop(url)


@pytest.fixture
async def it(url: str, tmp_path: Path) -> AsyncIterator[Jumping]:
    settings = settings_for(tmp_path, database_url=SecretStr(url))
    async with bootstrap.running(settings) as server, calling(server.address) as calls:
        company = await Company(calls, "acme").found()
        await company.technician()
        await company.activity()
        yield Jumping(url, server.address, calls, company)


def in_days(count: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=count)


def confirmation(hold: slots.Hold) -> visits.BookVisitRequest:
    return visits.BookVisitRequest(hold=hold.name, request_id=fresh_id())


async def test_who_lost_a_hold_to_a_jump_does_not_get_it_back_from_another(it: Jumping) -> None:
    """An hour forward: the hold is over, and its place somebody else's. Back again: it stays so.
    What is written on both sides of the jump keeps its order."""
    hold = await held(it.calls, (await offered(it.calls, it.whole(in_days(2))))[0])
    await it.jump(HOUR_S)
    late = await refused(it.calls.visits.BookVisit(confirmation(hold)))
    rival = await booked(it.calls, (await offered(it.calls, it.whole(in_days(2))))[0])
    await it.jump(0)
    again = await refused(it.calls.visits.BookVisit(confirmation(hold)))
    assert (late.reason, again.reason) == ("HOLD_EXPIRED", "HOLD_EXPIRED")
    assert await visit_now(it.calls, rival.name) == rival
    assert not (await it.calls.slots.SuggestSlots(it.whole(in_days(2)))).slots
    await booked(it.calls, (await offered(it.calls, it.whole(in_days(3))))[0])
    assert await it.wrong() == []


async def test_a_hold_that_nobody_took_lives_by_the_clock_as_it_is(it: Jumping) -> None:
    """An hour back: the hold lives, and keeps its place. What was answered is answered the same on
    the next day."""
    hold = await held(it.calls, (await offered(it.calls, it.whole(in_days(4))))[0])
    await it.jump(-HOUR_S)
    assert not (await it.calls.slots.SuggestSlots(it.whole(in_days(4)))).slots
    wanted = confirmation(hold)
    done = await it.calls.visits.BookVisit(wanted)
    await it.jump(DAY_S)
    assert await it.calls.visits.BookVisit(wanted) == done
    assert await it.wrong() == []


async def test_while_the_clock_jumps_nobody_is_booked_twice(it: Jumping) -> None:
    """Six clients want the only place of each of ten days, by a hold or at once, while the clock
    jumps back and forth by an hour: each place is one client's, who was told so."""
    days = [in_days(number) for number in range(5, 15)]
    won: dict[str, date] = {}
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(calling(it.address)) for _ in range(6)]
        jumping = asyncio.create_task(_keep_jumping(it))
        clients = [_client(it, n, line, days, won) for n, line in enumerate(lines)]
        await asyncio.gather(*clients)
        jumping.cancel()
        with suppress(asyncio.CancelledError):
            await jumping
    await it.jump(0)
    assert sorted(won.values()) == days
    for name in won:
        assert (await visit_now(it.calls, name)).state == visits.VISIT_STATE_BOOKED
    assert await it.wrong() == []


async def _keep_jumping(it: Jumping) -> None:
    chance = random.Random(6)
    while True:
        await it.jump(chance.choice((-HOUR_S, 0, HOUR_S)))
        await asyncio.sleep(0.02)


async def _client(
    it: Jumping, number: int, calls: Calls, days: list[date], won: dict[str, date]
) -> None:
    """Until every day is somebody's."""
    chance = random.Random(number)
    while len(won) < len(days):
        day = chance.choice(days)
        found = (await calls.slots.SuggestSlots(it.whole(day))).slots
        if not found:
            await asyncio.sleep(0.02)
            continue
        if (visit := await _taken(calls, found[0], by_hold=chance.random() < 0.7)) is not None:
            won[visit.name] = day


async def _taken(calls: Calls, slot: slots.Slot, *, by_hold: bool) -> visits.Visit | None:
    """None: somebody else has it, or the time of the offer or the hold is over."""
    try:
        if not by_hold:
            return await booked(calls, slot)
        hold = await held(calls, slot, hold_duration={"seconds": 600})
        return (await calls.visits.BookVisit(confirmation(hold))).visit
    except aio.AioRpcError as error:
        if told(error).reason not in LOST_TO_OTHERS:
            raise
        return None
