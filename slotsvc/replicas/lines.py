"""Lines of travel times under opaque names: bytes that expire."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

from redis.asyncio import Redis

from slotsvc.replicas.link import RedisLink

KEPT_S = 7 * 86_400
"""Lines of a map that is no longer used are gone after a week."""
WRITE_BUDGET_S = 0.5
"""Nobody waits for a write."""
MOST_WAITING = 64
"""Writes that wait; the oldest make way."""


class RedisLines:
    """What ``slotsvc.travel.shared`` keeps its lines in. ``prefix``: what every key begins with."""

    def __init__(self, link: RedisLink, prefix: str, *, kept_s: int = KEPT_S) -> None:
        self._link = link
        self._prefix = f"{prefix}travel:".encode()
        self._kept_s = kept_s
        self._waiting: deque[Mapping[bytes, bytes]] = deque(maxlen=MOST_WAITING)
        self._writer: asyncio.Task[None] | None = None

    async def read(self, names: Sequence[bytes]) -> Sequence[bytes | None] | None:
        """What stands under each name; None: no answer within the budget."""
        keys = [self._prefix + name for name in names]
        found = await self._link.ask("travel_read", lambda redis: _all_of(redis, keys))
        return found if found is not None and len(found) == len(names) else None

    def write(self, lines: Mapping[bytes, bytes]) -> None:
        """Keep the lines, some time later or never. Called in the event loop."""
        if not self._link.is_there:
            return
        self._waiting.append(lines)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="share-travel-times")

    async def settled(self) -> None:
        """Returns when nothing waits to be written."""
        while self._writer is not None and not self._writer.done():
            await asyncio.wait([self._writer])

    async def aclose(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        if self._writer is not None:
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writer

    async def _write(self) -> None:
        while self._waiting:
            await self._link.ask(
                "travel_write", self._kept(self._waiting.popleft()), WRITE_BUDGET_S
            )

    def _kept(self, lines: Mapping[bytes, bytes]) -> Callable[[Redis], Awaitable[list[object]]]:
        async def kept(redis: Redis) -> list[object]:
            async with redis.pipeline(transaction=False) as pipe:
                for name, line in lines.items():
                    pipe.set(self._prefix + name, line, ex=self._kept_s)
                written: list[object] = await pipe.execute()
            return written

        return kept


async def _all_of(redis: Redis, keys: Sequence[bytes]) -> list[bytes | None]:
    # a server that sends text where bytes were stored has nothing of ours
    return [found if isinstance(found, bytes) else None for found in await redis.mget(keys)]
