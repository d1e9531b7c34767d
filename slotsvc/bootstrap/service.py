"""The service, wired: roads, store, use cases, gRPC, tasks."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib.metadata import version

import structlog

from slotsvc.bootstrap.admission import open_door
from slotsvc.bootstrap.background import Background
from slotsvc.bootstrap.loading import loading
from slotsvc.bootstrap.measured_days import keep_days_measured
from slotsvc.bootstrap.readiness import measure_disk, readiness_checks
from slotsvc.bootstrap.replicas import Replicas, open_replicas
from slotsvc.bootstrap.roads import Roads, open_roads
from slotsvc.bootstrap.stores import OpenStore, database_told, open_store
from slotsvc.config import Settings, split_address
from slotsvc.domain.errors import StoreBusyError
from slotsvc.scheduling.api_keys import ApiKeys
from slotsvc.scheduling.calendars import Calendars
from slotsvc.scheduling.changed_days import judge_changed_days
from slotsvc.scheduling.desk import Desk, HoldLimits
from slotsvc.scheduling.jobs import Jobs
from slotsvc.scheduling.live_calendar import LiveCalendar
from slotsvc.scheduling.ports import Clock, Store
from slotsvc.scheduling.prover_port import Prover
from slotsvc.scheduling.suggest_batch import SuggestBatch
from slotsvc.scheduling.suggest_slots import SearchLimits, SuggestSlots
from slotsvc.scheduling.unknown_driving import judging_unknown_days
from slotsvc.scheduling.wake_up import RingingStore, WakeUp
from slotsvc.scheduling.watch_team import TeamWatch
from slotsvc.scheduling.why_not import WhyNot
from slotsvc.server.access_service import AccessService
from slotsvc.server.app import GrpcServer, ServerOptions, ServerTls
from slotsvc.server.authentication import Authenticator
from slotsvc.server.calendar_service import calendar_servicer
from slotsvc.server.execution_service import ExecutionService
from slotsvc.server.http_status import HttpStatus
from slotsvc.server.interceptors import DeadlineLimits, call_interceptor
from slotsvc.server.interceptors.access import AccessGuard
from slotsvc.server.interceptors.searches import CountedSearches
from slotsvc.server.job_service import JobService
from slotsvc.server.key_ring import KeyRing
from slotsvc.server.logging import configure_logging
from slotsvc.server.map_service import MapService
from slotsvc.server.measured_travel import MeasuredTravelTimes, measure_breaker
from slotsvc.server.metrics import Metrics
from slotsvc.server.object_access import ObjectAccess
from slotsvc.server.plan_service import PlanService
from slotsvc.server.prover_process import ProverProcess
from slotsvc.server.search_limit import ClientSearches, SharedCounts
from slotsvc.server.slot_service import MoreSearches, SlotService
from slotsvc.server.slot_tokens import SlotSealer
from slotsvc.server.visit_service import VisitService
from slotsvc.server.watch import TeamWatcher
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
        server = _server(
            settings, ringing, roads, metrics, authenticator, prover, jobs, counts, epoch
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


def _server(
    settings: Settings,
    store: RingingStore,
    roads: Roads,
    metrics: Metrics,
    authenticator: Authenticator,
    prover: Prover,
    jobs: Jobs,
    counts: SharedCounts | None,
    epoch: int,
) -> GrpcServer:
    limits = HoldLimits(
        timedelta(seconds=settings.holds.default_seconds),
        timedelta(seconds=settings.holds.longest_seconds),
        settings.holds.day_share_percent,
        settings.holds.most_per_client,
    )
    desk = Desk(store, roads.travel, _new_id, limits)
    search = SearchLimits(
        settings.snap_limit_m,
        timedelta(seconds=settings.holds.offer_seconds),
        timedelta(days=settings.search.max_horizon_days),
        settings.search.node_budget,
    )
    suggest = SuggestSlots(store, roads.travel, LiveCalendar(store, roads.travel), search, prover)
    ring = KeyRing.open_or_create(settings.key_ring_file)
    sealer = SlotSealer(ring, epoch)
    more = MoreSearches(
        WhyNot(store, suggest),
        SuggestBatch(store, suggest),
        settings.search.deadline_cap_seconds,
    )
    slots = SlotService(desk, suggest, sealer, metrics, more)
    watch = TeamWatch(store, store.wake_up, settings.watch.heartbeat_seconds)
    # positions outlive a restore: the store knows which of them still lead somewhere
    watcher = TeamWatcher(watch, SlotSealer(ring), metrics, settings.watch.most_streams)
    deadlines = DeadlineLimits(
        settings.search.deadline_seconds,
        settings.search.deadline_cap_seconds,
        settings.roads.deadline_percent / 100,
    )
    keys = settings.auth == "keys"
    guard = CountedSearches(
        AccessGuard(authenticator, ObjectAccess(store), needs_key=keys),
        ClientSearches(settings.search.most_per_client, ring.newest.secret, counts),
    )
    admission, door = open_door(settings, authenticator, metrics)
    return GrpcServer(
        [
            AccessService(ApiKeys(store, authenticator.forget)),
            calendar_servicer(
                Calendars(store, judge_changed_days, judging_unknown_days(store, roads.travel))
            ),
            slots,
            VisitService(desk, slots, sealer, metrics),
            PlanService(desk, watcher),
            ExecutionService(desk),
            JobService(jobs),
            MapService(roads.backend),
        ],
        [call_interceptor(metrics, deadlines, guard, door)],
        ServerOptions(settings.grpc_addr, _tls(settings), settings.reflection),
        [admission.close, suggest.end_soon, watcher.drain],
    )


def _tls(settings: Settings) -> ServerTls | None:
    certificate, key = settings.tls.certificate_path, settings.tls.key_path
    if certificate is None or key is None:
        return None
    return ServerTls(certificate, key, settings.tls.client_ca_path)


def _new_id(kind: str) -> str:
    """Ids are public, never secrets: 100 random bits after a letter that says what it is."""
    return f"{kind}-{secrets.randbits(100):025x}"


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
