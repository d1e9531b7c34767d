"""What happens to a team, told to many open pages over one watch on the engine.

An event is only a hint: the page asks for the day again. So a page that was away for longer than is
remembered here is told to reload, and misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date

import structlog

from slotsvc.pb.v1.plan_service_pb2 import TeamEvent, WatchTeamResponse
from slotsvc.portal.service.errors import ErrorKind, ServiceError

_log = structlog.get_logger(__name__)

REMEMBERED = 200
WAITING = 100
AGAIN_AFTER_S = 2.0
BEAT_S = 15.0
BEGIN_S = 2.0

type Watch = Callable[[str, str], AsyncIterator[WatchTeamResponse]]
"""Opens a watch: team, position ("" from now on)."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event. ``id``: the engine's position. ``kind`` RELOAD: look at everything again.

    ``day`` None: it is about no route (the backlog, say).
    """

    id: str
    kind: str
    visit: str = ""
    technician: str = ""
    day: date | None = None


RELOAD = Told("", "RELOAD")


class TeamFeed:
    """One watch on one team for as long as somebody listens."""

    def __init__(self, team: str, watch: Watch, again_after_s: float = AGAIN_AFTER_S) -> None:
        self._team = team
        self._watch = watch
        self._again_after_s = again_after_s
        self._past: deque[Told] = deque(maxlen=REMEMBERED)
        self._listeners: set[asyncio.Queue[Told]] = set()
        self._task: asyncio.Task[None] | None = None
        self._position = ""
        self._lost = False
        self._begun = asyncio.Event()

    @contextlib.asynccontextmanager
    async def listening(self, last_id: str) -> AsyncIterator[asyncio.Queue[Told]]:
        """A queue of what happens from now on, and before it what happened behind ``last_id``.

        A listener who does not read is told to reload instead of being kept in memory. Who looks at
        the day behind this has it with all that the queue does not tell.
        """
        queue: asyncio.Queue[Told] = asyncio.Queue(WAITING)
        self._start()
        for told in self._behind(last_id):
            _put(queue, told)
        self._listeners.add(queue)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._begun.wait(), BEGIN_S)
            yield queue
        finally:
            self._listeners.discard(queue)
            if not self._listeners:
                await self.close()

    async def close(self) -> None:
        """Ends the watch."""
        if self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _behind(self, last_id: str) -> list[Told]:
        if not last_id:
            return []
        ids = [told.id for told in self._past]
        if last_id in ids:
            return list(self._past)[ids.index(last_id) + 1 :]
        return [] if last_id == self._position else [RELOAD]

    def _start(self) -> None:
        if self._task is None:
            self._forget()  # nobody listened: what happened meanwhile is not known
            self._lost = False
            self._begun.clear()
            self._task = asyncio.create_task(self._follow(), name="portal-team-feed")

    async def _follow(self) -> None:
        while True:
            try:
                async for answer in self._watch(self._team, self._position):
                    self._take(answer)
            except Exception as error:  # the engine went away: it comes back, or pages say so
                self._lose(error)
            await asyncio.sleep(self._again_after_s)

    def _take(self, answer: WatchTeamResponse) -> None:
        self._position = answer.position
        self._begun.set()
        if self._lost:
            self._lost = False
            self._tell(RELOAD)  # pages may have looked in vain meanwhile
        if answer.HasField("event"):
            told = _told(answer.position, answer.event)
            self._past.append(told)
            self._tell(told)

    def _lose(self, error: Exception) -> None:
        if not self._lost:
            _log.warning("watch ended", error=type(error).__name__, reason=str(error))
        self._lost = True
        self._begun.set()  # nobody should wait for it; what is missed meanwhile is a reload
        if isinstance(error, ServiceError) and error.kind is ErrorKind.INVALID:
            self._forget()  # the engine does not know the position: it has an older store

    def _forget(self) -> None:
        self._past.clear()
        self._position = ""

    def _tell(self, told: Told) -> None:
        for queue in self._listeners:
            _put(queue, told)


def _put(queue: asyncio.Queue[Told], told: Told) -> None:
    try:
        queue.put_nowait(told)
    except asyncio.QueueFull:
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(RELOAD)


def _told(position: str, event: TeamEvent) -> Told:
    at = event.date
    day = date(at.year, at.month, at.day) if event.HasField("date") else None
    return Told(position, event.kind, event.visit, event.technician, day)


class TeamFeeds:
    """The feeds of one portal, by team. ``most``: pages that may listen at once. ``beat_s``: how
    often a page is told that it still does, and its session is looked at again."""

    def __init__(
        self,
        watch: Watch,
        most: int = 100,
        *,
        beat_s: float = BEAT_S,
        again_after_s: float = AGAIN_AFTER_S,
    ) -> None:
        self.beat_s = beat_s
        self._watch = watch
        self._again_after_s = again_after_s
        self._feeds: dict[str, TeamFeed] = {}
        self._most = most
        self._open = 0

    @property
    def listeners(self) -> int:
        """Pages that listen now."""
        return self._open

    def full(self) -> bool:
        """Whether one more page must be refused."""
        return self._open >= self._most

    @contextlib.asynccontextmanager
    async def listening(self, team: str, last_id: str) -> AsyncIterator[asyncio.Queue[Told]]:
        """See ``TeamFeed.listening``."""
        feed = self._feeds.setdefault(team, TeamFeed(team, self._watch, self._again_after_s))
        self._open += 1
        try:
            async with feed.listening(last_id) as queue:
                yield queue
        finally:
            self._open -= 1

    async def close(self) -> None:
        """Ends every watch."""
        for feed in self._feeds.values():
            await feed.close()
