"""When no road engine answers: the estimate, flagged."""

from __future__ import annotations

from collections.abc import Sequence

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import TravelTable, TravelTimes, TravelUnavailableError


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
