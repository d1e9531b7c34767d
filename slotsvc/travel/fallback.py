"""When the road engine does not answer: the estimate, flagged; and not asking it for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import TravelTable, TravelTimes, TravelUnavailableError


class FailFastTravelTimes:
    """``inner``, but after ``max_failures`` in a row it is not asked for ``pause_s`` seconds.

    During the pause ``table`` raises ``TravelUnavailableError`` at once; after it one call goes
    through as a probe: success ends the pause, failure begins another. Sits *below* the cache, so
    that remembered times keep being served while the engine is away. ``clock``: monotonic seconds.
    """

    def __init__(
        self,
        inner: TravelTimes,
        *,
        max_failures: int = 3,
        pause_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._max_failures = max_failures
        self._pause_s = pause_s
        self._clock = clock
        self._failures = 0
        self._asleep_until = 0.0

    @property
    def map_id(self) -> str:
        """The inner map id."""
        return self._inner.map_id

    @property
    def is_open(self) -> bool:
        """Whether the engine is being left alone now."""
        return self._failures >= self._max_failures and self._clock() < self._asleep_until

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """The inner table. Raises ``TravelUnavailableError``, at once during a pause."""
        if self.is_open:
            raise TravelUnavailableError("the road engine failed and is left alone for a moment")
        if self._failures >= self._max_failures:
            # This call is the probe: whoever comes while it runs must not queue behind it.
            self._asleep_until = self._clock() + self._pause_s
        try:
            answer = await self._inner.table(sources, destinations)
        except TravelUnavailableError:
            self._count_failure()
            raise
        self._failures = 0
        return answer

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= self._max_failures:
            self._asleep_until = self._clock() + self._pause_s


class FallbackTravelTimes:
    """``live`` where it answers, ``estimate`` where it does not. One answer never mixes the two.

    ``map_id`` is always that of ``live``: the map in use. The table of an estimate carries the
    estimate's own map id and Provenance.ESTIMATE.
    """

    def __init__(self, live: TravelTimes, estimate: TravelTimes) -> None:
        self._live = live
        self._estimate = estimate
        self.estimated_tables = 0

    @property
    def map_id(self) -> str:
        """The live map id."""
        return self._live.map_id

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """All pairs from one source; raises only what the estimate raises."""
        try:
            return await self._live.table(sources, destinations)
        except TravelUnavailableError:
            self.estimated_tables += 1
            return await self._estimate.table(sources, destinations)
