"""Travel times with a stopwatch: one histogram by where the answer came from, and cache counts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import TravelTable, TravelTimes
from slotsvc.server.metrics import Metrics
from slotsvc.travel.breaker import Breaker, BreakerState

_STATES = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


class CacheCounts(Protocol):
    """Answers found, and answers that had to be asked."""

    hits: int
    misses: int


class MeasuredTravelTimes:
    """``TravelTimes`` around others. ``cache`` None: there is none to count."""

    def __init__(self, inner: TravelTimes, metrics: Metrics, cache: CacheCounts | None) -> None:
        self._inner, self._metrics, self._cache = inner, metrics, cache
        self._hits = self._misses = 0

    @property
    def map_id(self) -> str:
        """The inner one's."""
        return self._inner.map_id

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """The inner one's."""
        begun = time.perf_counter()
        table = await self._inner.table(sources, destinations)
        backend = table.provenance.value.lower()
        seconds = time.perf_counter() - begun
        self._metrics.travel_matrix_seconds.labels(backend=backend).observe(seconds)
        if self._cache is not None:
            self._metrics.travel_cache_hits.inc(self._cache.hits - self._hits)
            self._metrics.travel_cache_misses.inc(self._cache.misses - self._misses)
            self._hits, self._misses = self._cache.hits, self._cache.misses
        return table


def measure_breaker(metrics: Metrics, breaker: Breaker) -> None:
    """Keeps the gauge of its state and counts its changes from now on."""
    changes = metrics.road_engine_changes
    for state in BreakerState:
        changes.labels(engine=breaker.name, state=state.value)

    def changed(name: str, state: BreakerState) -> None:
        metrics.road_engine_state.labels(engine=name).set(_STATES[state])
        changes.labels(engine=name, state=state.value).inc()

    metrics.road_engine_state.labels(engine=breaker.name).set(_STATES[breaker.state])
    breaker.tell(changed)
