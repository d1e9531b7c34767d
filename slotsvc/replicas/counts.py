"""Counts that all replicas share: how often something was done in a span of time."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from slotsvc.replicas.link import RedisLink


class RedisCounts:
    """``within_s``: a count is forgotten so many seconds after its first."""

    def __init__(self, link: RedisLink, prefix: str, within_s: int) -> None:
        self._link = link
        self._prefix = f"{prefix}count:"
        self._within_s = within_s

    async def add(self, key: str) -> int | None:
        """One more; how many there were with it. None: Redis does not say."""
        return await self._link.ask("count", lambda redis: self._added(redis, self._prefix + key))

    async def _added(self, redis: Redis, key: str) -> int:
        try:
            async with redis.pipeline() as pipe:
                pipe.incr(key)
                # LT: the first sets the end, later ones keep it, a false one in the far future goes
                pipe.expire(key, self._within_s, lt=True)
                counted, _ = await pipe.execute()
            return int(counted)
        except ResponseError:
            # what stands there is no count: it begins anew
            await redis.delete(key)
            return 1
