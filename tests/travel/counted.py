"""A ``TravelTimes`` around another that counts calls, fails and changes maps on request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import (
    Provenance,
    TravelTable,
    TravelTimes,
    TravelUnavailableError,
)


class CountedTravelTimes:
    """``inner`` with LIVE answers from ``map_id``; raises while ``down``."""

    def __init__(self, inner: TravelTimes, map_id: str = "first") -> None:
        self._inner = inner
        self.map_id = map_id
        self.answers_from: str | None = None
        self.provenance = Provenance.LIVE
        self.down = False
        self.asked: list[tuple[int, int]] = []

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        self.asked.append((len(sources), len(destinations)))
        if self.down:
            raise TravelUnavailableError("down")
        table = await self._inner.table(sources, destinations)
        map_id = self.answers_from or self.map_id
        return replace(table, map_id=map_id, provenance=self.provenance)
