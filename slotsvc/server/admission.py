"""Which calls are begun, which wait, and which are told to come again."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import lru_cache, partial
from operator import attrgetter

from slotsvc.domain.errors import OverloadedError, ServiceStoppingError, SlotsvcError
from slotsvc.server.call_classes import CallClass
from slotsvc.server.fair_queue import Cause, FairQueue, Limits, TurnedAwayError
from slotsvc.server.metrics import Metrics

LONG_AFTER_S = 0.25
"""A search that takes longer is a hard one, and does not keep short ones from beginning."""
MOST_LONG = 12
LONGEST_PUSHBACK_S = 5.0
PUSHBACK_STEP_S = 0.05
SILENCE_S = 0.2
"""Who was told to come again does so after a second: if nobody comes for so long, all know."""

_WAITING, _RUNNING = attrgetter("waiting"), attrgetter("running")


def limits_of(
    places: Mapping[CallClass, int],
    *,
    room: int = 256,
    burst_s: float = 1.0,
    standing_s: float = 0.05,
) -> dict[CallClass, Limits]:
    """The same room and patience for every class in ``places``; hard searches step aside."""
    return {
        kind: Limits(count, room, burst_s, standing_s, LONG_AFTER_S, MOST_LONG)
        if kind is CallClass.SEARCH
        else Limits(count, room, burst_s, standing_s)
        for kind, count in places.items()
    }


class Admission:
    """A queue for each class in ``limits``; calls of other classes are begun at once.

    ``pushback_s``: when a call that is sent away may come again, longer the longer its line stands.
    ``linger_s``: longest that ``close`` waits until nobody comes any more.
    """

    def __init__(
        self,
        limits: Mapping[CallClass, Limits],
        metrics: Metrics,
        pushback_s: float = 0.5,
        linger_s: float = 0.0,
    ) -> None:
        self._queues = {kind: FairQueue(limit) for kind, limit in limits.items()}
        self._pushback_s = pushback_s
        self._linger_s = linger_s
        self._closed, self._came = False, 0.0
        self._waits = {kind: metrics.call_wait_seconds.labels(kind) for kind in limits}
        shed = metrics.calls_shed
        self._shed = {(kind, why): shed.labels(kind, why) for kind in CallClass for why in Cause}
        for kind, queue in self._queues.items():
            metrics.calls_waiting.labels(kind).set_function(partial(_WAITING, queue))
            metrics.calls_running.labels(kind).set_function(partial(_RUNNING, queue))

    def refusal(self, kind: CallClass, tenant: str) -> SlotsvcError | None:
        """What a call would be told at once, without any work for it; None: it may ask.

        Not to be raised: many calls are told the same one.
        """
        queue = self._queues.get(kind)
        if queue is None:
            return self._told_closed(kind) if self._closed else None
        away = queue.refusal(tenant)
        return None if away is None else self._told(kind, away, _overloaded_once)

    @asynccontextmanager
    async def place(self, kind: CallClass, tenant: str) -> AsyncIterator[None]:
        """A place for one call; waits for its turn.

        Raises ``OverloadedError`` and ``ServiceStoppingError``: nothing was begun then.
        """
        queue = self._queues.get(kind)
        if queue is None:
            if self._closed:
                raise self._told_closed(kind)
            yield
            return
        came = time.monotonic()
        try:
            place = await queue.enter(tenant)
        except TurnedAwayError as away:
            raise self._told(kind, away, _overloaded) from None
        self._waits[kind].observe(time.monotonic() - came)
        try:
            yield
        finally:
            place.leave()

    async def close(self) -> None:
        """Nothing more is begun: who waits or comes is told to ask elsewhere, or again.

        Returns when nobody has come for a moment, ``linger_s`` later at the latest: a server that
        stops while calls arrive ends some of them as CANCELLED, which no client repeats.
        """
        self._closed, self._came = True, time.monotonic()
        for queue in self._queues.values():
            queue.close()
        until = time.monotonic() + self._linger_s
        while (now := time.monotonic()) < until and now - self._came < SILENCE_S:
            await asyncio.sleep(SILENCE_S / 4)

    def _told(
        self,
        kind: CallClass,
        away: TurnedAwayError,
        overloaded: Callable[[CallClass, int], OverloadedError],
    ) -> SlotsvcError:
        if away.cause is Cause.CLOSED:
            return self._told_closed(kind)
        self._shed[kind, away.cause].inc()
        longest = min(LONGEST_PUSHBACK_S, self._pushback_s * (1 + away.overloaded_s))
        # spread, so that not all come again at once; in steps, so that few answers differ
        return overloaded(kind, 1 + int(longest * random.uniform(0.5, 1.5) / PUSHBACK_STEP_S))

    def _told_closed(self, kind: CallClass) -> ServiceStoppingError:
        self._came = time.monotonic()
        self._shed[kind, Cause.CLOSED].inc()
        return ServiceStoppingError("this process ends and begins nothing more")


def _overloaded(kind: CallClass, steps: int) -> OverloadedError:
    again = timedelta(seconds=steps * PUSHBACK_STEP_S)
    return OverloadedError(f"too many calls of the kind {kind} at once", again)


_overloaded_once = lru_cache(1024)(_overloaded)
