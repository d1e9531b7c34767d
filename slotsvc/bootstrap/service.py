"""The service, wired: roads, store, what answers, tasks."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version

import structlog

from slotsvc.bootstrap.answering import Behind, server_of
from slotsvc.bootstrap.background import Background
from slotsvc.bootstrap.loading import loading
from slotsvc.bootstrap.measured_days import keep_days_measured
from slotsvc.bootstrap.readiness import measure_disk, readiness_checks
from slotsvc.bootstrap.replicas import Replicas, open_replicas
from slotsvc.bootstrap.roads import Roads, open_roads
from slotsvc.bootstrap.stores import OpenStore, database_told, open_store
from slotsvc.config import Settings, split_address
from slotsvc.domain.errors import StoreBusyError
from slotsvc.scheduling.ports import Clock, Store
from slotsvc.scheduling.wake_up import RingingStore, WakeUp
from slotsvc.server.authentication import Authenticator
from slotsvc.server.http_status import HttpStatus
from slotsvc.server.logging import configure_logging
from slotsvc.server.measured_travel import MeasuredTravelTimes, measure_breaker
from slotsvc.server.metrics import Metrics
from slotsvc.server.prover_process import ProverProcess
from slotsvc.travel.map_info import MapInfo

_log = structlog.get_logger(__name__)

COUNT_HOLDS_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A service that answers. ``address``: host:port really bound; ``metrics_address`` "" if off.

    ``map_info`` None: no compiled map. ``summary``: what was chosen, lines to print. ``store`` and
    ``metrics``: those in use, to look at.
    """

    address: str
    metrics_address: str
    map_info: MapInfo | None
    summary: list[str]
    store: OpenStore = field(repr=False)
    metrics: Metrics = field(repr=False)


async def run_server(
    settings: Settings,
    *,
    on_ready: Callable[[RunningServer], Awaitable[None]] | None = None,
    until: asyncio.Event | None = None,
) -> int:
    """Serves until ``until`` is set (None: for ever), drains, gives the exit code.

    Must run on the main thread when a map is used: its engine lives and dies with that thread.
    Raises what stands in the way of starting: ``StoreOpenError``, ``MapError``, ``KeyRingError``,
    ``OSError`` or ``RuntimeError`` for an address that cannot be listened on.
    """
    configure_logging(settings.log.format, settings.log.level, sys.stderr)
    async with running(settings) as server:
        if on_ready is not None:
            await on_ready(server)
        await (until or asyncio.Event()).wait()
    return 0


@asynccontextmanager
async def running(
    settings: Settings, *, clock: Clock | None = None
) -> AsyncIterator[RunningServer]:
    """The service while the block runs; leaving it drains and stops everything.

    ``clock`` None: the database's own.
    """
    async with AsyncExitStack() as stack:
        metrics = Metrics()
        metrics.build.info({"version": version("slotsvc")})
        search = asyncio.create_task(loading(), name="warm-up")
        stack.push_async_callback(_cancelled, search)
        replicas = await open_replicas(settings, metrics, stack)
        roads = await open_roads(settings, stack, replicas.sharing if replicas else None)
        measured = MeasuredTravelTimes(roads.travel, metrics, roads.cache)
        roads = replace(roads, travel=measured)
        for breaker in roads.health.breakers:
            measure_breaker(metrics, breaker)
        store = open_store(settings, clock)
        if settings.database_url is None:
            measure_disk(metrics, settings.database_file)
        stack.callback(store.close)
        background = Background(store, metrics, settings.jobs.at_once)
        ringing = _ringing(background.store, store, replicas)
        jobs = await background.begin(ringing)
        stack.push_async_callback(background.end)
        days = keep_days_measured(ringing, roads.travel, roads.health)
        for work, name in ((days, "measure-days"), (_count_holds(store, metrics), "count-holds")):
            stack.push_async_callback(_cancelled, asyncio.create_task(work, name=name))
        authenticator = Authenticator(store, metrics)
        stack.push_async_callback(authenticator.finish)
        await search
        prover = ProverProcess()
        stack.push_async_callback(prover.aclose)
        counts = replicas.counts if replicas else None
        epoch = await store.read(lambda tx: tx.epoch())
        server = server_of(
            Behind(settings, ringing, roads, metrics, authenticator, prover, jobs, counts, epoch)
        )
        status = _http_status(settings, metrics, store, roads, replicas)
        metrics_address = ""
        if status is not None:
            host, port = split_address(settings.http_addr)
            metrics_address = f"{host}:{await status.start(host, port)}"
            stack.push_async_callback(status.stop)
        port = await server.start()
        stack.push_async_callback(server.drain, settings.drain_seconds)
        address = f"{settings.grpc_addr.rpartition(':')[0]}:{port}"
        yield RunningServer(
            address,
            metrics_address,
            roads.info,
            _summary(settings, roads, replicas),
            store,
            metrics,
        )


def _ringing(working: Store, store: OpenStore, replicas: Replicas | None) -> RingingStore:
    """``working``: the store that wakes background work too."""
    hints = replicas.hints if replicas else None
    ringing = RingingStore(working, WakeUp(store), hints)
    if hints is not None:
        hints.start(ringing.wake_up.committed)
    return ringing


def _summary(settings: Settings, roads: Roads, replicas: Replicas | None) -> list[str]:
    keys = "API keys" if settings.auth == "keys" else "anybody who can connect (auth is off)"
    return [
        f"database  {database_told(settings)}",
        *(f"roads     {line}" for line in roads.told),
        *([f"redis     {replicas.told}"] if replicas else []),
        f"access    {keys}",
    ]


async def _count_holds(store: OpenStore, metrics: Metrics) -> None:
    """Keeps the gauge of live holds: they lapse without anybody telling."""
    while True:
        with contextlib.suppress(StoreBusyError):
            metrics.holds_active.set(await store.read(lambda tx: tx.live_holds()))
        await asyncio.sleep(COUNT_HOLDS_EVERY_S)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _http_status(
    settings: Settings,
    metrics: Metrics,
    store: OpenStore,
    roads: Roads,
    replicas: Replicas | None,
) -> HttpStatus | None:
    if settings.http_addr == "off":
        return None

    told = {"version": version("slotsvc"), "map": roads.info.map_id if roads.info else ""}
    file = settings.database_file if settings.database_url is None else None
    words = {"roads": lambda: roads.health.told}
    if replicas is not None:
        words["redis"] = lambda: replicas.state
    checks = readiness_checks(store, file, words)
    return HttpStatus(metrics.registry, checks, told)
