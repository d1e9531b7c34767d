"""One watch for many pages: what they are told, and when the watch ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date

from google.type.date_pb2 import Date

from slotsvc.pb.v1.plan_service_pb2 import TeamEvent, WatchTeamResponse
from slotsvc.portal.day.team_feed import RELOAD, WAITING, TeamFeed, TeamFeeds, Told
from slotsvc.portal.service.errors import ErrorKind, ServiceError

TEAM = "tenants/acme/teams/crew"
WITHIN_S = 2.0


class Engine:
    """Answers watches as the engine does: a beat at once, then what happens, from a position on."""

    def __init__(self) -> None:
        self.away = False
        self.knows_positions = True
        self.open = 0
        self.opened: list[str] = []
        self._happened: list[WatchTeamResponse] = []
        self._changed = asyncio.Event()

    def happens(self, visit: str) -> None:
        """A booking on 3 June."""
        event = TeamEvent(kind="VISIT_BOOKED", visit=visit, date=Date(year=2030, month=6, day=3))
        position = str(len(self._happened) + 1)
        self._happened.append(WatchTeamResponse(position=position, event=event))
        self._wake()

    def goes(self, away: bool) -> None:
        """The connection breaks, or can be made again."""
        self.away = away
        self._wake()

    async def watch(self, team: str, position: str) -> AsyncIterator[WatchTeamResponse]:
        assert team == TEAM
        self.opened.append(position)
        self._check(position)
        self.open += 1
        try:
            told = int(position) if position else len(self._happened)
            yield WatchTeamResponse(position=str(told))
            while True:
                for answer in self._happened[told:]:
                    told += 1
                    yield answer
                await self._changed.wait()
                self._check("")
        finally:
            self.open -= 1

    def _check(self, position: str) -> None:
        if self.away:
            raise ServiceError(ErrorKind.UNAVAILABLE, "UNAVAILABLE")
        if position and not self.knows_positions:
            raise ServiceError(ErrorKind.INVALID, "INVALID_REQUEST", field="position")

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def feed_of(engine: Engine) -> TeamFeed:
    return TeamFeed(TEAM, engine.watch, again_after_s=0.01)


async def next_of(queue: asyncio.Queue[Told]) -> Told:
    return await asyncio.wait_for(queue.get(), WITHIN_S)


async def visits_of(queue: asyncio.Queue[Told], number: int) -> list[str]:
    return [(await next_of(queue)).visit for _ in range(number)]


async def until_closed(engine: Engine) -> None:
    async with asyncio.timeout(WITHIN_S):
        while engine.open:
            await asyncio.sleep(0)


async def test_all_listeners_hear_of_it_over_one_watch() -> None:
    """Two pages, one watch: both are told what happened, to what, on which day."""
    engine = Engine()
    feed = feed_of(engine)
    async with feed.listening("") as first, feed.listening("") as second:
        engine.happens("a")
        told = Told("1", "VISIT_BOOKED", "a", "", date(2030, 6, 3))
        assert [await next_of(first), await next_of(second)] == [told, told]
        assert engine.open == 1
    assert engine.opened == [""]


async def test_a_listener_who_is_let_in_misses_nothing() -> None:
    """The watch has begun when the listener is let in: what happens then is told."""
    engine = Engine()
    async with feed_of(engine).listening("") as queue:
        assert engine.open == 1
        engine.happens("a")
        assert await visits_of(queue, 1) == ["a"]


async def test_a_page_that_comes_back_hears_what_it_missed() -> None:
    """Behind its last event, each of the others once, in order."""
    engine = Engine()
    feed = feed_of(engine)
    async with feed.listening("") as queue:
        for visit in "abc":
            engine.happens(visit)
        await visits_of(queue, 3)
        async with feed.listening("1") as back:
            engine.happens("d")
            assert await visits_of(back, 3) == ["b", "c", "d"]
        async with feed.listening("4") as nothing_missed:
            assert nothing_missed.empty()


async def test_a_page_that_was_away_too_long_reloads() -> None:
    """Its last event is not remembered: it has to look at everything again."""
    engine = Engine()
    feed = feed_of(engine)
    async with feed.listening(""), feed.listening("long ago") as back:
        assert await next_of(back) == RELOAD


async def test_nothing_is_remembered_from_before_everybody_left() -> None:
    """While nobody listened nobody watched: whoever comes back then reloads, though its last event
    was the last one that was told."""
    engine = Engine()
    feed = feed_of(engine)
    async with feed.listening("") as queue:
        engine.happens("a")
        await visits_of(queue, 1)
    engine.happens("b")
    async with feed.listening("1") as back:
        assert await next_of(back) == RELOAD


async def test_a_slow_listener_is_told_to_reload() -> None:
    """What it has not read is given up instead of being kept; the others are not held up."""
    engine = Engine()
    feed = feed_of(engine)
    async with feed.listening("") as slow, feed.listening("") as quick:
        for number in range(WAITING + 1):
            engine.happens(str(number))
            await visits_of(quick, 1)
        assert await next_of(slow) == RELOAD
        assert slow.empty()


async def test_the_engine_may_go_away_and_come_back() -> None:
    """The watch goes on behind the last event; pages look again, since they may have looked in
    vain meanwhile."""
    engine = Engine()
    async with feed_of(engine).listening("") as queue:
        engine.happens("a")
        await visits_of(queue, 1)
        engine.goes(away=True)
        await until_closed(engine)
        engine.happens("b")
        engine.goes(away=False)
        assert await next_of(queue) == RELOAD
        assert await visits_of(queue, 1) == ["b"]
        assert engine.opened[-1] == "1"


async def test_nobody_waits_for_an_engine_that_is_away() -> None:
    """The listener is let in, and reloads when the engine is there."""
    engine = Engine()
    engine.goes(away=True)
    async with asyncio.timeout(WITHIN_S), feed_of(engine).listening("") as queue:
        assert queue.empty()
        engine.goes(away=False)
        assert await next_of(queue) == RELOAD


async def test_an_engine_with_an_older_store_is_watched_from_now_on() -> None:
    """It does not know the position: nothing of before is remembered, and pages reload."""
    engine = Engine()
    feed = feed_of(engine)
    async with feed.listening("") as queue:
        engine.happens("a")
        await visits_of(queue, 1)
        engine.knows_positions = False
        engine.goes(away=True)
        await until_closed(engine)
        engine.goes(away=False)
        assert await next_of(queue) == RELOAD
        async with feed.listening("0") as back:
            assert await next_of(back) == RELOAD


async def test_the_watch_ends_with_the_last_listener() -> None:
    """Not before; and the next listener begins another."""
    engine = Engine()
    feed = feed_of(engine)
    async with feed.listening(""):
        async with feed.listening(""):
            pass
        assert engine.open == 1
    assert engine.open == 0
    async with feed.listening(""):
        assert engine.open == 1
    assert engine.open == 0


async def test_one_who_comes_while_the_last_one_leaves_is_served() -> None:
    """The old watch ends, the new one lives, and neither is left over."""
    engine = Engine()
    feed = feed_of(engine)
    for number in range(20):
        leaving = AsyncExitStack()
        await leaving.enter_async_context(feed.listening(""))
        closing = asyncio.create_task(leaving.aclose())
        for _ in range(number % 4):
            await asyncio.sleep(0)
        async with feed.listening("") as queue:
            await closing
            engine.happens(str(number))
            assert await visits_of(queue, 1) == [str(number)]
            assert engine.open == 1
        assert engine.open == 0


async def test_a_listener_who_is_cancelled_leaves_no_watch() -> None:
    """The browser went away in the middle of an answer."""
    engine = Engine()
    feed = feed_of(engine)

    async def listen() -> None:
        async with feed.listening("") as queue:
            await queue.get()

    page = asyncio.create_task(listen())
    while not engine.open:
        await asyncio.sleep(0)
    page.cancel()
    await asyncio.wait({page})
    await until_closed(engine)


async def test_only_so_many_pages_listen_at_once() -> None:
    """The next one is refused until one of them leaves; closing ends every watch."""
    engine = Engine()
    feeds = TeamFeeds(engine.watch, most=2, again_after_s=0.01)
    async with feeds.listening(TEAM, ""):
        async with feeds.listening(TEAM, ""):
            assert feeds.full()
        assert not feeds.full()
        await feeds.close()
        assert engine.open == 0
