"""What replicas share through Redis, wired. Without ``redis_url`` there is none of it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from slotsvc.config import Settings
from slotsvc.config.redis_url import shown_redis_url
from slotsvc.replicas.counts import RedisCounts
from slotsvc.replicas.hints import CommitHints
from slotsvc.replicas.lines import RedisLines
from slotsvc.replicas.link import RedisLink, Result
from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.server.key_ring import KeyRing
from slotsvc.server.metrics import Metrics
from slotsvc.server.search_limit import WITHIN_S
from slotsvc.travel.shared import Found, SharedTravelTimes
from slotsvc.travel.shared_line import LineSeal

AWAY = "away: answers are right, only slower"


@dataclass(frozen=True, slots=True)
class Replicas:
    """``hints`` is not started. ``where``: the address, without a password."""

    hints: CommitHints
    counts: RedisCounts
    lines: RedisLines
    link: RedisLink
    seal: LineSeal
    metrics: Metrics
    where: str

    @property
    def state(self) -> str:
        """For ``/readyz``: it never says that calls cannot be answered. Where nobody asks Redis
        anything, the line that listens is the first to notice that it is away."""
        return "ok" if self.link.is_there and self.hints.listening.is_set() else AWAY

    @property
    def told(self) -> str:
        """For people."""
        return self.where if self.link.is_there else f"{self.where}, {AWAY}"

    def sharing(self, engine: TravelTimes) -> TravelTimes:
        """What ``engine`` answers, known to all replicas."""

        def count(found: Found, n: int) -> None:
            self.metrics.shared_travel.labels(found).inc(n)

        return SharedTravelTimes(engine, self.lines, self.seal, count=count)


async def open_replicas(
    settings: Settings, metrics: Metrics, stack: AsyncExitStack
) -> Replicas | None:
    """None where no Redis is set. One that is away is looked for until it is there.

    ``stack`` ends what is begun here. Raises ``KeyRingError``.
    """
    if settings.redis_url is None:
        return None

    def count(use: str, result: Result) -> None:
        metrics.redis_questions.labels(use, result).inc()

    link = RedisLink(settings.redis_url.get_secret_value(), count=count)
    stack.push_async_callback(link.aclose)
    await link.start()
    lines = RedisLines(link, settings.redis_prefix)
    stack.push_async_callback(lines.aclose)
    hints = CommitHints(link, settings.redis_prefix)
    stack.push_async_callback(hints.aclose)
    seal = LineSeal(KeyRing.open_or_create(settings.key_ring_file).newest.secret)
    counts = RedisCounts(link, settings.redis_prefix, WITHIN_S)
    return Replicas(hints, counts, lines, link, seal, metrics, shown_redis_url(settings.redis_url))
