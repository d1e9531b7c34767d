"""What is measured, under the names of ``docs/operations.md``. No tenant is ever a label."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

_CALL_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WAIT_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_STAGE_BUCKETS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)


class Metrics:
    """One set of instruments on ``registry`` (None: one of its own, see ``registry``)."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry = registry or CollectorRegistry()
        self.handled = Counter(
            "grpc_server_handled",
            "Calls answered.",
            ("grpc_service", "grpc_method", "grpc_code"),
            registry=registry,
        )
        self.handling_seconds = Histogram(
            "grpc_server_handling_seconds",
            "Time from a call's arrival to its answer.",
            ("grpc_service", "grpc_method"),
            buckets=_CALL_BUCKETS,
            registry=registry,
        )
        self._admission(registry)
        self._slots(registry)
        self._travel(registry)
        self._replicas(registry)
        self._bookings(registry)
        self.refused_keys = Counter(
            "slotsvc_refused_keys",
            "Calls without a valid API key: none, malformed, unknown, wrong, expired, revoked.",
            ("cause",),
            registry=registry,
        )
        self.watches_active = Gauge(
            "slotsvc_watches_active", "Watches that run now.", registry=registry
        )
        self._jobs(registry)
        self.build = Info("slotsvc_build", "Version of the service.", registry=registry)

    def measure_disk(self, wal_bytes: Callable[[], int], free_bytes: Callable[[], int]) -> None:
        """Shows both from now on, asked whenever they are read. Not called where the disk cannot be
        seen: a gauge that says 0 would wake somebody."""
        Gauge(
            "slotsvc_database_wal_bytes",
            "Size of the write-ahead log: it grows while somebody reads for long. SQLite only.",
            registry=self.registry,
        ).set_function(wal_bytes)
        Gauge(
            "slotsvc_database_free_bytes",
            "Room left on the disk of the database. SQLite only.",
            registry=self.registry,
        ).set_function(free_bytes)

    def _admission(self, registry: CollectorRegistry) -> None:
        self.calls_running = Gauge(
            "slotsvc_calls_running", "Calls at work.", ("kind",), registry=registry
        )
        self.calls_waiting = Gauge(
            "slotsvc_calls_waiting", "Calls that wait for a place.", ("kind",), registry=registry
        )
        self.call_wait_seconds = Histogram(
            "slotsvc_call_wait_seconds",
            "Wait for a place, of calls that got one.",
            ("kind",),
            buckets=_WAIT_BUCKETS,
            registry=registry,
        )
        self.calls_shed = Counter(
            "slotsvc_calls_shed",
            "Calls that were not begun, by cause: full, waited, closed.",
            ("kind", "cause"),
            registry=registry,
        )

    def _slots(self, registry: CollectorRegistry) -> None:
        self.slot_search_seconds = Histogram(
            "slotsvc_slot_search_seconds",
            "Time of one stage of a slot search: load, travel, rank.",
            ("stage",),
            buckets=_STAGE_BUCKETS,
            registry=registry,
        )
        self.slots_returned = Histogram(
            "slotsvc_slots_returned",
            "Slots in one answer.",
            buckets=(0, 1, 2, 3, 5, 10, 20, 50),
            registry=registry,
        )

        self.referee_checks = Counter(
            "slotsvc_referee_checks", "Answers the independent checker looked at.",
            registry=registry,
        )  # fmt: skip
        self.referee_disagreements = Counter(
            "slotsvc_referee_disagreements",
            "Offers the independent checker did not accept: defects.",
            registry=registry,
        )

    def _travel(self, registry: CollectorRegistry) -> None:
        self.travel_matrix_seconds = Histogram(
            "slotsvc_travel_matrix_seconds",
            "Time of one table of travel times.",
            ("backend",),
            buckets=_STAGE_BUCKETS,
            registry=registry,
        )
        self.travel_cache_hits = Counter(
            "slotsvc_travel_cache_hits", "Travel times found in the cache.", registry=registry
        )
        self.travel_cache_misses = Counter(
            "slotsvc_travel_cache_misses", "Travel times that had to be asked.", registry=registry
        )
        self.road_engine_state = Gauge(
            "slotsvc_road_engine_state",
            "Whether a road engine is asked: 0 yes (closed), 1 is being tried (half-open), "
            "2 left alone (open).",
            ("engine",),
            registry=registry,
        )
        self.road_engine_changes = Counter(
            "slotsvc_road_engine_changes",
            "Changes of a road engine's state, by the state reached.",
            ("engine", "state"),
            registry=registry,
        )

    def _replicas(self, registry: CollectorRegistry) -> None:
        self.redis_questions = Counter(
            "slotsvc_redis_questions",
            "Questions for Redis: ok, slow, failed, or not asked since it was busy or away.",
            ("use", "result"),
            registry=registry,
        )
        self.shared_travel = Counter(
            "slotsvc_shared_travel",
            "Travel times that another replica had asked (hit) or none (miss); foreign: lines in "
            "Redis that are not ours.",
            ("found",),
            registry=registry,
        )

    def _bookings(self, registry: CollectorRegistry) -> None:
        self.holds_active = Gauge(
            "slotsvc_holds_active", "Holds made and neither booked nor ended.", registry=registry
        )
        self.bookings = Counter(
            "slotsvc_bookings", "Bookings asked for, by result.", ("result",), registry=registry
        )
        self.booking_conflicts = Counter(
            "slotsvc_booking_conflicts", "Slots that somebody else took first.", registry=registry
        )

    def _jobs(self, registry: CollectorRegistry) -> None:
        of_kind = ("kind",)
        self.jobs_due = Gauge(
            "slotsvc_jobs_due", "Jobs to be done now, or in hand.", of_kind, registry=registry
        )
        self.jobs_dead = Gauge(
            "slotsvc_jobs_dead", "Jobs that were given up.", of_kind, registry=registry
        )
        self.jobs_oldest_seconds = Gauge(
            "slotsvc_jobs_oldest_seconds",
            "Since when the oldest job that is due has been.",
            of_kind,
            registry=registry,
        )
        self.job_runs = Counter(
            "slotsvc_job_runs", "Tries of jobs, by result.", ("kind", "result"), registry=registry
        )
