"""What is measured, under the names of ``docs/operations.md``. No tenant is ever a label."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

_CALL_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
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
        self._slots(registry)
        self._travel(registry)
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
        self.wal_bytes = Gauge(
            "slotsvc_database_wal_bytes",
            "Size of the write-ahead log: it grows while somebody reads for long.",
            registry=registry,
        )
        self.free_bytes = Gauge(
            "slotsvc_database_free_bytes",
            "Room left on the disk of the database.",
            registry=registry,
        )
        self.build = Info("slotsvc_build", "Version of the service.", registry=registry)

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
