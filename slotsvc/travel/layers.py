"""The usual order of the layers over road engines."""

from __future__ import annotations

from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.travel.cache import CachedTravelTimes
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.fallback import FailFastTravelTimes, FallbackTravelTimes


def cached_engine(engine: TravelTimes) -> CachedTravelTimes:
    """cache → fail fast → engine. Raises ``TravelUnavailableError`` for what it does not remember
    while the engine is away."""
    return CachedTravelTimes(FailFastTravelTimes(engine))


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
