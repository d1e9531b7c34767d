"""The tables of visits, their placements, the routes, and what is broken on them."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from slotsvc.store.columns import (
    METADATA,
    default_text_column,
    maybe_number_column,
    number_column,
    of_tenant,
    only,
    text_column,
)

NO_POSITION = -1
"""Stored position of a placement that has no place in the order of its route."""

VISIT = Table(
    "visit",
    METADATA,
    text_column("tenant"),
    text_column("id"),
    number_column("lat_e6"),
    number_column("lon_e6"),
    number_column("service_s"),
    number_column("access_s"),
    Column("pausable", Boolean, nullable=False),
    text_column("requires"),
    text_column("sector"),
    number_column("priority"),
    text_column("commitment"),
    maybe_number_column("due"),
    maybe_number_column("target_start"),
    maybe_number_column("target_end"),
    text_column("promises"),
    text_column("labels"),
    # No foreign keys to site, type, team and technician: ended visits outlive what they refer to.
    text_column("site"),
    text_column("activity_type"),
    text_column("client"),
    text_column("external_ref"),
    text_column("note"),
    text_column("team"),
    text_column("standing"),
    Column("unplaced_reason", Text, nullable=True),
    # The current placement; null: never had one. No foreign key: the two tables would point at
    # each other.
    Column("placement", Text, nullable=True),
    number_column("revision"),
    number_column("created"),
    number_column("updated"),
    PrimaryKeyConstraint("tenant", "id"),
    of_tenant(),
    Index(None, "tenant", "client"),
    Index(None, "tenant", "external_ref"),
    Index("ix_visit_backlog", "tenant", "team", **only("standing = 'UNPLACED'")),
    # Those cancelled while they had no place; the others are found by their placement.
    Index("ix_visit_cancelled", "tenant", "id", **only("standing = 'CANCELLED'")),
)

PLACEMENT = Table(
    "placement",
    METADATA,
    text_column("tenant"),
    text_column("id"),
    text_column("visit"),
    # For visits of several days and several technicians; both 0 until those exist.
    number_column("segment", "0"),
    number_column("seat", "0"),
    text_column("technician"),
    text_column("day"),
    number_column("shift"),
    number_column("position"),
    text_column("state"),
    maybe_number_column("promise_start"),
    maybe_number_column("promise_end"),
    maybe_number_column("promised_at"),
    number_column("start_from"),
    number_column("start_until"),
    maybe_number_column("service_s"),
    maybe_number_column("expires"),
    Column("replaces", Text, nullable=True),
    text_column("pin"),
    maybe_number_column("pinned_start"),
    maybe_number_column("departed"),
    maybe_number_column("started"),
    maybe_number_column("finished"),
    Column("outcome", Text, nullable=True),
    text_column("steps"),
    text_column("provenance"),
    maybe_number_column("held_since"),
    Column("extended", Boolean, nullable=False),
    default_text_column("team"),
    PrimaryKeyConstraint("tenant", "id"),
    ForeignKeyConstraint(["tenant", "visit"], ["visit.tenant", "visit.id"]),
    Index(None, "tenant", "visit"),
    Index(None, "tenant", "technician", "day", "shift"),
    # The order in which visits are listed, the shift not in it.
    Index(None, "tenant", "day", "technician", "position"),
    Index(None, "tenant", "expires", **only("state = 'HELD'")),
    Index(None, "tenant", "replaces", **only("replaces IS NOT NULL")),
)

# Two alarms, never the mechanism: two visits at one place in the order, and one visit booked twice.
# They need no clock, because ``write_route`` takes lapsed holds out of the order.
Index(
    "alarm_one_position",
    *(PLACEMENT.c[name] for name in ("tenant", "technician", "day", "shift", "position")),
    unique=True,
    **only("position >= 0 AND state IN ('HELD', 'BOOKED', 'EN_ROUTE', 'STARTED', 'DONE')"),
)
Index(
    "alarm_booked_once",
    *(PLACEMENT.c[name] for name in ("tenant", "visit", "segment", "seat")),
    unique=True,
    **only("state IN ('BOOKED', 'EN_ROUTE', 'STARTED', 'DONE')"),
)

ROUTE = Table(
    "route",
    METADATA,
    text_column("tenant"),
    text_column("technician"),
    text_column("day"),
    number_column("shift"),
    number_column("version"),
    text_column("state"),
    Column("block", LargeBinary, nullable=True),
    # Number of the route's last change among all changes of the tenant's routes, in the order in
    # which they were committed: who remembers routes asks for what changed since.
    number_column("change", "0"),
    PrimaryKeyConstraint("tenant", "technician", "day", "shift"),
    of_tenant(),
    Index(None, "tenant", "change"),
    Index("ix_route_running", "day", **only("state = 'RUNNING'")),
)

# Numbered, because the same rule may be broken twice by the same subject.
ROUTE_VIOLATION = Table(
    "route_violation",
    METADATA,
    text_column("tenant"),
    text_column("technician"),
    text_column("day"),
    number_column("shift"),
    number_column("number"),
    text_column("kind"),
    text_column("subject"),
    text_column("visit"),
    number_column("size"),
    text_column("cause"),
    number_column("since"),
    text_column("origin"),
    text_column("override_reason"),
    PrimaryKeyConstraint("tenant", "technician", "day", "shift", "number"),
    ForeignKeyConstraint(
        ["tenant", "technician", "day", "shift"],
        ["route.tenant", "route.technician", "route.day", "route.shift"],
    ),
)
