"""How long one call may wait for roads, all its questions together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import TravelTable, TravelTimes, TravelUnavailableError


class RoadTime:
    """``seconds`` by the loop's clock. Questions that are asked at once count once."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._asking = 0
        self._since = 0.0

    @property
    def left(self) -> float:
        """Seconds; 0 or less: none."""
        return self._left - (_now() - self._since if self._asking else 0.0)

    @contextmanager
    def spent(self) -> Iterator[None]:
        """The block waits for roads."""
        if not self._asking:
            self._since = _now()
        self._asking += 1
        try:
            yield
        finally:
            if self._asking == 1:
                self._left = self.left
            self._asking -= 1


_road_time: ContextVar[RoadTime | None] = ContextVar("road_time", default=None)


@contextmanager
def road_time(seconds: float) -> Iterator[RoadTime]:
    """What the block, and every task begun in it, waits for roads is ``seconds`` at most."""
    limit = RoadTime(seconds)
    token = _road_time.set(limit)
    try:
        yield limit
    finally:
        _road_time.reset(token)


class InTimeTravelTimes:
    """``inner`` for as long as the call has time for roads; outside of a call without a limit.

    Sits above the breaker, which sees how long each question was waited for.
    """

    def __init__(self, inner: TravelTimes) -> None:
        self._inner = inner

    @property
    def map_id(self) -> str:
        """The inner map id."""
        return self._inner.map_id

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """The inner table. Raises ``TravelUnavailableError``, in time."""
        limit = _road_time.get()
        if limit is None:
            return await self._inner.table(sources, destinations)
        if limit.left <= 0:
            raise _too_late()
        try:
            with limit.spent():
                async with asyncio.timeout(limit.left):
                    return await self._inner.table(sources, destinations)
        except TimeoutError:
            raise _too_late() from None


def _too_late() -> TravelUnavailableError:
    return TravelUnavailableError("the call has no more time for roads", engine_failed=False)


def _now() -> float:
    return asyncio.get_running_loop().time()
