"""When days that were judged on estimates are looked at again."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from slotsvc.domain.errors import StoreBusyError
from slotsvc.scheduling.estimated_days import measure_estimated_days
from slotsvc.scheduling.ports import Store
from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.travel.breaker import BreakerState
from slotsvc.travel.road_health import RoadHealth

_log = structlog.get_logger(__name__)

LOOK_AGAIN_EVERY_S = 600.0


async def keep_days_measured(store: Store, travel: TravelTimes, health: RoadHealth) -> None:
    """At the start, whenever a road engine is back, and now and then: a call may have estimated
    for want of time. Runs until cancelled; without roads there is nothing to do."""
    back = asyncio.Event()

    def changed(_: str, state: BreakerState) -> None:
        if state is BreakerState.CLOSED:
            back.set()

    for engine in health.engines:
        engine.tell(changed)
    while health.engines:
        back.clear()
        if not health.estimated:
            await _measure(store, travel)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_AGAIN_EVERY_S):
                await back.wait()


async def _measure(store: Store, travel: TravelTimes) -> None:
    try:
        measured = await measure_estimated_days(store, travel)
    except StoreBusyError:
        return
    except Exception as error:
        _log.exception("estimated days could not be measured", error=type(error).__name__)
        return
    if measured:
        _log.info("estimated days were measured on roads", routes=measured)
