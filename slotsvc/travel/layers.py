"""The usual order of the layers over road engines."""

from __future__ import annotations

from collections.abc import Callable

from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.travel.breaker import Breaker, BreakerLimits, BreakerTravelTimes
from slotsvc.travel.cache import CachedTravelTimes
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.fallback import FallbackTravelTimes
from slotsvc.travel.road_time import InTimeTravelTimes

type Sharing = Callable[[TravelTimes], TravelTimes]
"""Puts what replicas share before an engine."""


def guarded(
    engine: TravelTimes, name: str, limits: BreakerLimits | None = None
) -> BreakerTravelTimes:
    """``engine`` behind a breaker of its own, in metrics and log lines called ``name``."""
    return BreakerTravelTimes(engine, Breaker(name, limits or BreakerLimits()))


def cached_engine(engine: TravelTimes, sharing: Sharing | None = None) -> CachedTravelTimes:
    """cache → (``sharing``) → time for roads → ``engine``, which is elsewhere and best ``guarded``.
    Raises ``TravelUnavailableError`` for what it does not remember while the engine is away."""
    asked: TravelTimes = InTimeTravelTimes(engine)
    return CachedTravelTimes(asked if sharing is None else sharing(asked))


def never_failing(
    cached: CachedTravelTimes,
    estimate: TravelTimes | None = None,
    *,
    in_process: TravelTimes | None = None,
) -> FallbackTravelTimes:
    """fallback → (engine in this process, if there is one | ``cached``) | estimate.

    The engine in this process remembers its places itself and is of the same map. It waits for
    nobody, so no call's time for roads is counted.
    """
    live = cached if in_process is None else FallbackTravelTimes(in_process, cached)
    return FallbackTravelTimes(live, estimate or EstimatedTravelTimes())
