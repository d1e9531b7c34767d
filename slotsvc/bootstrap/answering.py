"""What answers calls: use cases behind servicers, these behind the guard and the door."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from slotsvc.bootstrap.admission import open_door
from slotsvc.bootstrap.roads import Roads
from slotsvc.config import Settings
from slotsvc.scheduling.api_keys import ApiKeys
from slotsvc.scheduling.calendars import Calendars
from slotsvc.scheduling.changed_days import judge_changed_days
from slotsvc.scheduling.desk import Desk, HoldLimits
from slotsvc.scheduling.jobs import Jobs
from slotsvc.scheduling.live_calendar import LiveCalendar
from slotsvc.scheduling.prover_port import Prover
from slotsvc.scheduling.suggest_batch import SuggestBatch
from slotsvc.scheduling.suggest_slots import SearchLimits, SuggestSlots
from slotsvc.scheduling.unknown_driving import judging_unknown_days
from slotsvc.scheduling.wake_up import RingingStore
from slotsvc.scheduling.watch_team import TeamWatch
from slotsvc.scheduling.why_not import WhyNot
from slotsvc.server.access_service import AccessService
from slotsvc.server.app import GrpcServer, ServerOptions, ServerTls
from slotsvc.server.authentication import Authenticator
from slotsvc.server.calendar_service import calendar_servicer
from slotsvc.server.execution_service import ExecutionService
from slotsvc.server.interceptors import DeadlineLimits, call_interceptor
from slotsvc.server.interceptors.access import AccessGuard
from slotsvc.server.interceptors.searches import CountedSearches
from slotsvc.server.job_service import JobService
from slotsvc.server.key_ring import KeyRing
from slotsvc.server.map_service import MapService
from slotsvc.server.metrics import Metrics
from slotsvc.server.object_access import ObjectAccess
from slotsvc.server.plan_service import PlanService
from slotsvc.server.search_limit import ClientSearches, SharedCounts
from slotsvc.server.slot_service import MoreSearches, SlotService
from slotsvc.server.slot_tokens import SlotSealer
from slotsvc.server.visit_service import VisitService
from slotsvc.server.watch import TeamWatcher


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind the answers. ``counts``: searches of clients at all replicas; None: this
    process counts for itself. ``epoch``: of the store, which its offers are bound to."""

    settings: Settings
    store: RingingStore
    roads: Roads
    metrics: Metrics
    authenticator: Authenticator
    prover: Prover
    jobs: Jobs
    counts: SharedCounts | None
    epoch: int


def server_of(behind: Behind) -> GrpcServer:
    """The gRPC server, not yet started. Raises ``KeyRingError``."""
    settings, metrics = behind.settings, behind.metrics
    ring = KeyRing.open_or_create(settings.key_ring_file)
    suggest, watcher = _suggest(behind), _watcher(behind, ring)
    admission, door = open_door(settings, behind.authenticator, metrics)
    return GrpcServer(
        _servicers(behind, ring, suggest, watcher),
        [call_interceptor(metrics, _deadlines(settings), _guard(behind, ring), door)],
        ServerOptions(settings.grpc_addr, _tls(settings), settings.reflection),
        [admission.close, suggest.end_soon, watcher.drain],
    )


def _servicers(
    behind: Behind, ring: KeyRing, suggest: SuggestSlots, watcher: TeamWatcher
) -> list[object]:
    store, metrics, desk = behind.store, behind.metrics, _desk(behind)
    sealer = SlotSealer(ring, behind.epoch)
    slots = SlotService(desk, suggest, sealer, metrics, _more_searches(behind, suggest))
    return [
        AccessService(ApiKeys(store, behind.authenticator.forget)),
        calendar_servicer(
            Calendars(store, judge_changed_days, judging_unknown_days(store, behind.roads.travel))
        ),
        slots,
        VisitService(desk, slots, sealer, metrics),
        PlanService(desk, watcher),
        ExecutionService(desk),
        JobService(behind.jobs),
        MapService(behind.roads.backend),
    ]


def _desk(behind: Behind) -> Desk:
    holds = behind.settings.holds
    limits = HoldLimits(
        timedelta(seconds=holds.default_seconds),
        timedelta(seconds=holds.longest_seconds),
        holds.day_share_percent,
        holds.most_per_client,
    )
    return Desk(behind.store, behind.roads.travel, _new_id, limits)


def _suggest(behind: Behind) -> SuggestSlots:
    settings, store, travel = behind.settings, behind.store, behind.roads.travel
    limits = SearchLimits(
        settings.snap_limit_m,
        timedelta(seconds=settings.holds.offer_seconds),
        timedelta(days=settings.search.max_horizon_days),
        settings.search.node_budget,
    )
    return SuggestSlots(store, travel, LiveCalendar(store, travel), limits, behind.prover)


def _more_searches(behind: Behind, suggest: SuggestSlots) -> MoreSearches:
    return MoreSearches(
        WhyNot(behind.store, suggest),
        SuggestBatch(behind.store, suggest),
        behind.settings.search.deadline_cap_seconds,
    )


def _watcher(behind: Behind, ring: KeyRing) -> TeamWatcher:
    store, chosen = behind.store, behind.settings.watch
    watch = TeamWatch(store, store.wake_up, chosen.heartbeat_seconds)
    # positions outlive a restore: the store knows which of them still lead somewhere
    return TeamWatcher(watch, SlotSealer(ring), behind.metrics, chosen.most_streams)


def _deadlines(settings: Settings) -> DeadlineLimits:
    return DeadlineLimits(
        settings.search.deadline_seconds,
        settings.search.deadline_cap_seconds,
        settings.roads.deadline_percent / 100,
    )


def _guard(behind: Behind, ring: KeyRing) -> CountedSearches:
    settings = behind.settings
    access = AccessGuard(
        behind.authenticator, ObjectAccess(behind.store), needs_key=settings.auth == "keys"
    )
    return CountedSearches(
        access,
        ClientSearches(settings.search.most_per_client, ring.newest.secret, behind.counts),
    )


def _tls(settings: Settings) -> ServerTls | None:
    certificate, key = settings.tls.certificate_path, settings.tls.key_path
    if certificate is None or key is None:
        return None
    return ServerTls(certificate, key, settings.tls.client_ca_path)


def _new_id(kind: str) -> str:
    """Ids are public, never secrets: 100 random bits after a letter that says what it is."""
    return f"{kind}-{secrets.randbits(100):025x}"
