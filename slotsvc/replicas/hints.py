"""A commit here wakes who waits for events at the other replicas, by publish and subscribe.

A hint says "there may be news" and nothing else. One that is lost costs a second: every replica
looks by itself (``slotsvc.scheduling.wake_up``). One too many costs a look.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

import structlog
from redis.asyncio.client import PubSub

from slotsvc.replicas.link import LONGEST_PAUSE_S, PATIENCE_S, SHORTEST_PAUSE_S, RedisLink, closed

_log = structlog.get_logger(__name__)

APART_S = 0.02
"""Commits this close together are told of once."""
QUIET_S = 10.0
"""After that the line is tried out; after as long again without an answer it is taken for dead."""


class CommitHints:
    """``prefix``: what the channel begins with, of who shares a database."""

    def __init__(self, link: RedisLink, prefix: str, *, quiet_s: float = QUIET_S) -> None:
        self._link = link
        self._channel = f"{prefix}commits"
        self._quiet_s = quiet_s
        self._me = secrets.token_bytes(8)
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.listening = asyncio.Event()
        """Set while hints of others are heard."""

    def committed(self) -> None:
        """This process changed something: the others will hear of it, perhaps. Never waits."""
        self._news.set()

    def start(self, heard: Callable[[], None]) -> None:
        """Begin to tell and to listen. ``heard``: called in the loop for each hint of another, and
        when hints may have been missed."""
        self._tasks = [
            asyncio.create_task(self._tell(), name="tell-replicas"),
            asyncio.create_task(self._listen(heard), name="hear-replicas"),
        ]

    async def aclose(self) -> None:
        """Neither tell nor listen any more."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._link.ask("hint", lambda redis: redis.publish(self._channel, self._me))
            await asyncio.sleep(APART_S)

    async def _listen(self, heard: Callable[[], None]) -> None:
        pause_s = SHORTEST_PAUSE_S
        while True:
            try:
                await self._hear(heard)
            except Exception as error:
                if self.listening.is_set():
                    _log.warning("hints of other replicas stop", error=type(error).__name__)
                    pause_s = SHORTEST_PAUSE_S
            self.listening.clear()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _hear(self, heard: Callable[[], None]) -> None:
        """Listens until the line breaks; raises then."""
        async with AsyncExitStack() as stack:
            client = self._link.another_client()
            stack.push_async_callback(closed, client)
            line = client.pubsub()
            stack.push_async_callback(_left, line)
            async with asyncio.timeout(PATIENCE_S):
                await line.subscribe(self._channel)
                await line.get_message(timeout=PATIENCE_S)
            self.listening.set()
            _log.info("hints of other replicas are heard")
            # whatever was told while nobody listened
            heard()
            while True:
                message = await self._next(line)
                if message.get("type") == "message" and message.get("data") != self._me:
                    heard()

    async def _next(self, line: PubSub) -> dict[str, object]:
        """The next message. Raises ``TimeoutError`` when the line is dead."""
        message = await line.get_message(timeout=self._quiet_s)
        if message is None:
            async with asyncio.timeout(self._quiet_s):
                await line.ping()
                while message is None:
                    message = await line.get_message(timeout=self._quiet_s)
        return dict(message)


async def _left(line: PubSub) -> None:
    with contextlib.suppress(Exception):
        async with asyncio.timeout(PATIENCE_S):
            await line.aclose()  # type: ignore[no-untyped-call]
