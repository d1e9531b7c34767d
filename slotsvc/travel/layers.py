"""The usual order of the layers over a road engine."""

from __future__ import annotations

from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.travel.cache import CachedTravelTimes
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.fallback import FailFastTravelTimes, FallbackTravelTimes


def cached_engine(engine: TravelTimes) -> CachedTravelTimes:
    """cache → fail fast → engine. Raises ``TravelUnavailableError`` for what it does not remember
    while the engine is away."""
    return CachedTravelTimes(FailFastTravelTimes(engine))


def never_failing(engine: TravelTimes, estimate: TravelTimes | None = None) -> FallbackTravelTimes:
    """fallback → (cache → fail fast → engine) | estimate."""
    return FallbackTravelTimes(cached_engine(engine), estimate or EstimatedTravelTimes())
