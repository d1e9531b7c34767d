"""The way to Redis: a budget of time for each question, and nobody asks while it is away.

A caller never connects and never tries out whether Redis is back: a task of the link does, beside
all callers. So a Redis that hangs costs a few budgets, once, and then nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Literal

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

_log = structlog.get_logger(__name__)

BUDGET_S = 0.02
"""What a question may take; within a data centre Redis answers in a fraction of it."""
MOST_FAILURES = 3
"""In a row; then it is away."""
CONNECTIONS = 4
"""Questions at once; one more is not asked."""
PATIENCE_S = 1.0
"""What connecting may take: TLS and a far Redis need longer than a question."""
SHORTEST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
HEALTHY_AFTER_S = 10.0
"""One that was there so long is looked for at once, others after longer and longer pauses."""

type Result = Literal["ok", "slow", "failed", "busy", "away"]
type Count = Callable[[str, Result], None]


def redis_client(url: str) -> Redis:
    """A client that never repeats by itself: whoever asks decides. Connects when it is used."""
    client: Redis = Redis.from_url(
        url,
        # what is sent is understood by Redis 7.0 and Valkey alike
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
        socket_keepalive=True,
    )
    return client


class RedisLink:
    """``url`` as in the settings; it may hold a password and is never shown.

    ``budget_s``: seconds that a question may take. ``count`` is told of each question: what it was
    for, and what came of it: ``ok``, ``slow`` (beyond the budget), ``failed``, ``busy`` (not asked:
    enough are under way), ``away`` (not asked). Belongs to one event loop.
    """

    def __init__(
        self,
        url: str,
        *,
        budget_s: float = BUDGET_S,
        count: Count = lambda _use, _result: None,
    ) -> None:
        self._url = url
        self._client = redis_client(url)
        self._budget_s = budget_s
        self._count = count
        self._failures = self._under_way = 0
        self._tried, self._there, self._gone = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def is_there(self) -> bool:
        """Whether questions are asked now."""
        return self._there.is_set()

    def another_client(self) -> Redis:
        """For who listens: a connection of its own, outside the budget."""
        return redis_client(self._url)

    async def start(self, patience_s: float = PATIENCE_S) -> None:
        """Begin to look for Redis; returns when it was found or could not be, or after
        ``patience_s`` seconds. Never raises."""
        self._keeper = asyncio.create_task(self._keep(), name="redis")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._tried.wait()

    async def ask[T](
        self,
        use: str,
        question: Callable[[Redis], Awaitable[T]],
        budget_s: float | None = None,
    ) -> T | None:
        """What ``question`` gets from Redis; None: go on without. ``use``: what for, one word.

        ``budget_s`` None: the link's. Raises nothing, whatever Redis does.
        """
        if not self.is_there or self._under_way >= CONNECTIONS:
            self._count(use, "busy" if self.is_there else "away")
            return None
        self._under_way += 1
        try:
            async with asyncio.timeout(self._budget_s if budget_s is None else budget_s):
                answer = await question(self._client)
        except TimeoutError:
            self._failed(use, "slow")
        except Exception:
            # whatever it is, down to an answer that is no Redis: a help must not break a call
            self._failed(use, "failed")
        else:
            self._failures = 0
            self._count(use, "ok")
            return answer
        finally:
            self._under_way -= 1
        return None

    async def aclose(self) -> None:
        """Let go. Later questions get None."""
        self._there.clear()
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        await closed(self._client)

    def _failed(self, use: str, result: Result) -> None:
        self._count(use, result)
        self._failures += 1
        if self._failures >= MOST_FAILURES and self.is_there:
            self._there.clear()
            self._gone.set()
            _log.warning("redis is left alone: slower, nothing else", why=result, use=use)

    async def _keep(self) -> None:
        now = asyncio.get_running_loop().time
        pause_s = SHORTEST_PAUSE_S
        while True:
            if await self._answers():
                found = now()
                self._failures = 0
                self._gone.clear()
                self._there.set()
                self._tried.set()
                _log.info("redis answers")
                await self._gone.wait()
                if now() - found > HEALTHY_AFTER_S:
                    pause_s = SHORTEST_PAUSE_S
            self._tried.set()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _answers(self) -> bool:
        """Whether it answers within the budget, once every connection stands."""
        clock = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.gather(*(self._client.ping() for _ in range(CONNECTIONS)))
                begun = clock()
                await self._client.ping()
                return clock() - begun <= self._budget_s
        except Exception:
            with contextlib.suppress(Exception):
                await self._client.connection_pool.disconnect()
            return False


async def closed(client: Redis) -> None:
    """Hang up; a Redis that hangs does not keep us."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(PATIENCE_S):
            await client.aclose()
