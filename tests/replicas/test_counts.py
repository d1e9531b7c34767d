"""Replicas count together; what stands wrongly in Redis is no count for longer than a minute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from slotsvc.replicas.counts import RedisCounts
from slotsvc.replicas.link import RedisLink
from tests.replicas.valkey import Valkey


@asynccontextmanager
async def counts(url: str, prefix: str, within_s: int = 60) -> AsyncIterator[RedisCounts]:
    """One replica's."""
    link = RedisLink(url, budget_s=2.0)
    await link.start()
    try:
        yield RedisCounts(link, prefix, within_s)
    finally:
        await link.aclose()


async def test_replicas_count_together(redis_url: str, prefix: str) -> None:
    """Each number is given once, whoever asks; other things have counts of their own."""
    async with counts(redis_url, prefix) as one, counts(redis_url, prefix) as other:
        told = []
        for _ in range(10):
            told += await asyncio.gather(one.add("pia"), other.add("pia"))

        assert sorted(told) == list(range(1, 21))
        assert await one.add("ron") == 1


async def test_a_count_ends_after_its_span(redis_url: str, prefix: str, redis: Redis) -> None:
    """The first says when; later ones do not put it off."""
    async with counts(redis_url, prefix, within_s=1) as one:
        assert [await one.add("pia") for _ in range(3)] == [1, 2, 3]
        (key,) = await redis.keys(f"{prefix}*")
        before = await redis.pexpiretime(key)
        await asyncio.sleep(0.05)
        await one.add("pia")
        assert await redis.pexpiretime(key) <= before + 1

        async with asyncio.timeout(10.0):
            while await redis.exists(key):
                await asyncio.sleep(0.05)
        assert await one.add("pia") == 1


@pytest.mark.parametrize("poison", [b"not a number", b"9223372036854775807", b""])
async def test_what_is_no_count_begins_anew(
    redis_url: str, prefix: str, redis: Redis, poison: bytes
) -> None:
    """Text, a number that cannot grow, and a list under the name."""
    async with counts(redis_url, prefix) as one:
        await one.add("pia")
        (key,) = await redis.keys(f"{prefix}*")
        await redis.set(key, poison)
        assert await one.add("pia") == 1
        assert await one.add("pia") == 1

        await redis.delete(key)
        await redis.rpush(key, poison)
        assert await one.add("pia") == 1


async def test_a_false_count_does_not_last(redis_url: str, prefix: str, redis: Redis) -> None:
    """Without an end, or with one in the far future: gone after the span."""
    async with counts(redis_url, prefix) as one:
        await one.add("pia")
        (key,) = await redis.keys(f"{prefix}*")
        for far in (None, 10**6):
            await redis.set(key, 1000, ex=far)
            assert await one.add("pia") == 1001
            assert 0 < await redis.ttl(key) <= 60


async def test_without_redis_nobody_knows(valkey: Valkey, prefix: str) -> None:
    """None, at once, and nothing is raised."""
    async with counts(valkey.url, prefix) as one:
        valkey.kill()

        assert [await one.add("pia") for _ in range(10)] == [None] * 10
