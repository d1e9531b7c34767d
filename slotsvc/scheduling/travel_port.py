"""The travel port: what the use cases ask of roads. Adapters live in ``slotsvc.travel``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location

UNREACHABLE = 1 << 29
"""Seconds that mean "no road leads there". Infeasible everywhere, never added up to a real time."""


class Provenance(Enum):
    """Where a travel time comes from. ESTIMATE is conservative and flagged to the user."""

    LIVE = "LIVE"
    ESTIMATE = "ESTIMATE"


@dataclass(frozen=True, slots=True)
class TravelTable:
    """Travel times between places.

    ``seconds``: int32 array (sources, destinations), rounded up; ``UNREACHABLE`` = no road.
    ``source_snap_m`` / ``destination_snap_m``: float64 metres from each place to the road it was
    put on; 0 for an estimate, which knows no roads.
    ``map_id``: the map the times were read on; the estimate has one of its own.
    """

    seconds: NDArray[np.int32]
    source_snap_m: NDArray[np.float64]
    destination_snap_m: NDArray[np.float64]
    map_id: str
    provenance: Provenance


class TravelUnavailableError(Exception):
    """The road engine did not answer in time. Callers fall back to the estimate or say so.

    ``engine_failed`` False: it was not at fault. It said that this question has no answer, or was
    not asked at all.
    """

    def __init__(self, message: str, *, engine_failed: bool = True) -> None:
        super().__init__(message)
        self.engine_failed = engine_failed


class TravelTimes(Protocol):
    """Travel times by road. Implementations must be safe for concurrent calls on one event loop."""

    @property
    def map_id(self) -> str:
        """Identity of the compiled map in use now; changes when the map is replaced."""
        ...

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """All pairs from ``sources`` to ``destinations``.

        Raises ``TravelUnavailableError`` when no answer can be had; an unroutable pair is no error.
        """
        ...
