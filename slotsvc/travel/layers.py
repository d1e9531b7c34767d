"""The usual order of the layers over road engines."""

from __future__ import annotations

from collections.abc import Callable

from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.travel.cache import CachedTravelTimes
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.fallback import FailFastTravelTimes, FallbackTravelTimes

type Sharing = Callable[[TravelTimes], TravelTimes]
"""Puts what replicas share before an engine."""


def cached_engine(engine: TravelTimes, sharing: Sharing | None = None) -> CachedTravelTimes:
    """cache → (``sharing``) → fail fast → engine. Raises ``TravelUnavailableError`` for what it
    does not remember while the engine is away."""
    asked: TravelTimes = FailFastTravelTimes(engine)
    return CachedTravelTimes(asked if sharing is None else sharing(asked))


def never_failing(
    cached: CachedTravelTimes,
    estimate: TravelTimes | None = None,
    *,
    in_process: TravelTimes | None = None,
) -> FallbackTravelTimes:
    """fallback → (fail fast → engine in this process, if there is one | ``cached``) | estimate.

    The engine in this process remembers its places itself and is of the same map.
    """
    live: TravelTimes = cached
    if in_process is not None:
        live = FallbackTravelTimes(FailFastTravelTimes(in_process), cached)
    return FallbackTravelTimes(live, estimate or EstimatedTravelTimes())
