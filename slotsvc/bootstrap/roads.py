"""Roads, wired: the engine in this process, OSRM behind it, the estimate behind both."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from slotsvc.config import Settings
from slotsvc.scheduling.travel_port import TravelTimes, TravelUnavailableError
from slotsvc.server.map_backends import CompiledMap, MapBackend, NoMap
from slotsvc.server.measured_travel import CacheCounts
from slotsvc.travel.address_index import AddressIndex
from slotsvc.travel.array_file import ArrayFileError
from slotsvc.travel.breaker import Breaker, BreakerLimits
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.layers import Sharing, cached_engine, guarded, never_failing
from slotsvc.travel.map_info import MapFiles, MapInfo
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.osrm_process import OsrmProcess
from slotsvc.travel.road_check import agree
from slotsvc.travel.road_health import NO_ROADS, RoadHealth
from slotsvc.travel.roads import RoadTravelTimes

_log = structlog.get_logger(__name__)

CHECKED_PLACES = 24
"""The table between them is asked of both engines at the start."""

PROBES_UNTIL_RESTART = 2
"""So many failed probes in a row, and our own OSRM is asked whether it hangs."""

LOOK_FOR_ENGINES_EVERY_S = 1.0
"""Or sooner: how often an engine that is away really is asked is its breaker's to say."""


@dataclass(frozen=True, slots=True)
class Roads:
    """Travel times in use and what draws the map. ``cache``: whose memory is counted, None without.

    ``told``: lines for people. ``health``: which engines answer now.
    """

    travel: TravelTimes
    backend: MapBackend
    info: MapInfo | None
    cache: CacheCounts | None
    told: tuple[str, ...]
    health: RoadHealth = NO_ROADS


async def open_roads(
    settings: Settings, stack: AsyncExitStack, sharing: Sharing | None = None
) -> Roads:
    """Roads from a compiled map, from a given OSRM, or none: then driving is estimated.

    ``stack`` ends what is begun here. ``sharing``: what OSRM told other replicas, used where it
    names its map in every answer: of another map nobody would notice that it was replaced. Raises
    ``MapError``.
    """
    estimate = EstimatedTravelTimes()
    files = MapFiles(settings.map_path) if settings.map_path else None
    info = MapInfo.load(files.info) if files else None
    of_osrm: list[Breaker] = []
    if settings.osrm_url is not None:
        osrm = _remote_engine(settings, info)
        told = f"OSRM at {settings.osrm_url}"
    elif files is not None and info is not None:
        osrm = await _embedded_engine(settings, files, info, of_osrm, stack)
        told = f"{info.name} ({info.map_id}), {info.attribution}"
    else:
        nothing = "none: driving times are estimates"
        return Roads(estimate, NoMap(estimate), None, None, (nothing,))
    stack.push_async_callback(osrm.aclose)
    limits = BreakerLimits(probe_every_s=settings.roads.probe_seconds)
    behind = guarded(osrm, "osrm", limits)
    cache = cached_engine(behind, None if info is None else sharing)
    if files is None or info is None:
        travel = never_failing(cache, estimate)
        health = RoadHealth((behind.breaker,))
        keep_probing([behind.probe], limits, stack)
        return Roads(travel, NoMap(travel, health), None, cache, (told,), health)
    in_process, how = await _engine_in_process(files, info, osrm, stack)
    own = in_process and guarded(in_process, "process", limits)
    engines = [own, behind] if own else [behind]
    travel = never_failing(cache, estimate, in_process=own)
    pictures = Breaker("pictures", limits)
    of_osrm += [behind.breaker, pictures]
    health = RoadHealth(tuple(engine.breaker for engine in engines), pictures)
    backend = CompiledMap(info, osrm, _addresses(files, stack), estimate, health)
    keep_probing([*(engine.probe for engine in engines), backend.probe], limits, stack)
    return Roads(travel, backend, info, in_process or cache, (told, how), health)


type Probe = Callable[[], Awaitable[None]]


def keep_probing(probes: Sequence[Probe], limits: BreakerLimits, stack: AsyncExitStack) -> None:
    """``probes`` run every now and then, one after the other, until ``stack`` ends."""
    every_s = min(LOOK_FOR_ENGINES_EVERY_S, limits.probe_every_s)
    task = asyncio.create_task(_probing(probes, every_s), name="probe-roads")
    stack.push_async_callback(_cancelled, task)


async def _probing(probes: Sequence[Probe], every_s: float) -> None:
    """Looks whether engines that failed are back: no caller has to wait to find out."""
    while True:
        await asyncio.sleep(every_s)
        for probe in probes:
            try:
                await probe()
            except Exception as error:  # else engines that are back would never be used again
                _log.warning("a look for a road engine failed", error=type(error).__name__)


async def _engine_in_process(
    files: MapFiles, info: MapInfo, osrm: OsrmTravelTimes, stack: AsyncExitStack
) -> tuple[RoadTravelTimes | None, str]:
    """The road engine, already used once; None where the map's files do not allow it. And what to
    tell of it."""
    try:
        engine = await asyncio.to_thread(RoadTravelTimes.of_map, files, info)
        stack.callback(engine.close)
        if not await _believable(engine, osrm):
            raise ArrayFileError(f"{files.graph.name} gives other times than OSRM")
    except ArrayFileError as error:
        _log.warning("driving times come from OSRM, which is slower", why=str(error))
        return None, f"driving times by OSRM, since {error}: build the map again"
    return engine, "driving times in this process, OSRM behind them"


async def _believable(engine: RoadTravelTimes, osrm: OsrmTravelTimes) -> bool:
    """False when OSRM says otherwise, or the engine fails; an OSRM that is away says nothing."""
    places = engine.places_on_roads(CHECKED_PLACES)
    try:
        await engine.table(places, places)
    except TravelUnavailableError:
        return False
    try:
        return await agree(engine, osrm, places)
    except TravelUnavailableError:
        return True


def _remote_engine(settings: Settings, info: MapInfo | None) -> OsrmTravelTimes:
    url, limits = settings.osrm_url or "", settings.roads
    seconds, most = limits.timeout_seconds, limits.most_in_flight
    if info is not None:
        return OsrmTravelTimes.of_map(url, info, timeout_s=seconds, max_in_flight=most)
    name = f"osrm:{hashlib.sha256(url.encode()).hexdigest()[:12]}"
    return OsrmTravelTimes(url, name, timeout_s=seconds, max_in_flight=most)


async def _embedded_engine(
    settings: Settings,
    files: MapFiles,
    info: MapInfo,
    breakers: Sequence[Breaker],
    stack: AsyncExitStack,
) -> OsrmTravelTimes:
    """``breakers``: those of its callers, as soon as there are any."""

    def suspected() -> bool:
        return any(breaker.probes_failed >= PROBES_UNTIL_RESTART for breaker in breakers)

    child = OsrmProcess(files.roads, map_id=info.map_id)
    stack.callback(child.stop)
    await child.start_in_loop()
    watch = asyncio.create_task(child.supervise(suspected=suspected), name="osrm-supervisor")
    stack.push_async_callback(_cancelled, watch)
    seconds, most = settings.roads.timeout_seconds, settings.roads.most_in_flight
    return OsrmTravelTimes.of_map(child.base_url, info, timeout_s=seconds, max_in_flight=most)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _addresses(files: MapFiles, stack: AsyncExitStack) -> AddressIndex | None:
    if not files.addresses.exists():
        return None
    index = AddressIndex(files.addresses)
    stack.callback(index.close)
    return index
