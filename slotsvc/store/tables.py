"""The tables. Every key begins with the tenant; instants are Unix seconds, dates ISO text.

Places are micro-degrees, durations seconds, and lists (tags, weeks, grids) JSON text. The first
migration was written from this module; a test keeps the two the same.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NO_POSITION = -1
"""Stored position of a placement that has no place in the order of its route."""


def _only(condition: str) -> dict[str, Any]:
    where = text(condition)
    return {"sqlite_where": where, "postgresql_where": where}


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _default_text(name: str, default: str = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=text(f"'{default}'"))


def _number(name: str, default: str | None = None) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=default)


def _maybe_number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=True)


def _of_tenant() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant"], ["tenant.id"])


TENANT = Table(
    "tenant",
    METADATA,
    _text("id"),
    _text("display_name"),
    _text("tags"),
    _number("revision"),
    _default_text("sectors", "[]"),
    _default_text("public_holidays"),
    # Grows with every change of the calendar; the etag of each entity is its value at the change.
    _number("calendar_revision"),
    PrimaryKeyConstraint("id"),
)

TEAM = Table(
    "team",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("display_name"),
    _text("zone"),
    _number("revision"),
    _default_text("public_holidays"),
    _number("emergency_reserve_s", "0"),
    PrimaryKeyConstraint("tenant", "id"),
    _of_tenant(),
)

VAN = Table(
    "van",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("display_name"),
    _text("tags"),
    _text("certificates"),
    _number("revision"),
    PrimaryKeyConstraint("tenant", "id"),
    _of_tenant(),
)

CLOSURE = Table(
    "closure",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("team"),  # "": the whole company
    Column("first_day", Text, nullable=True),
    Column("last_day", Text, nullable=True),
    _maybe_number("start_at"),
    _maybe_number("end_at"),
    _text("on_duty"),
    _text("note"),
    _number("revision"),
    PrimaryKeyConstraint("tenant", "id"),
    _of_tenant(),
)

TECHNICIAN = Table(
    "technician",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("display_name"),
    _text("team"),
    _text("zone"),
    _number("start_lat_e6"),
    _number("start_lon_e6"),
    _number("end_lat_e6"),
    _number("end_lon_e6"),
    _text("week"),
    _text("tags"),
    _number("revision"),
    _default_text("certificates", "[]"),
    _default_text("van"),
    _default_text("sectors", "null"),  # null: all, every day
    _maybe_number("max_travel_s"),
    _maybe_number("max_visits"),
    _number("max_overtime_s", "0"),
    _number("unpaid_first_leg", "0"),
    _number("unpaid_last_leg", "0"),
    _number("pace", "100"),
    PrimaryKeyConstraint("tenant", "id"),
    ForeignKeyConstraint(["tenant", "team"], ["team.tenant", "team.id"]),
    Index(None, "tenant", "team", "id"),
)

SITE = Table(
    "site",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("display_name"),
    _number("lat_e6"),
    _number("lon_e6"),
    _text("zone"),
    Column("opening_hours", Text, nullable=True),  # null: always open
    _text("client"),
    _text("address"),
    _number("revision"),
    _default_text("sector"),
    _number("access_s", "0"),
    PrimaryKeyConstraint("tenant", "id"),
    _of_tenant(),
)

ACTIVITY_TYPE = Table(
    "activity_type",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("display_name"),
    _number("service_s"),
    _text("requires"),
    _text("grid"),
    _number("notice_s"),
    _number("horizon_s"),
    _number("revision"),
    _default_text("rules", "{}"),
    _number("setup_s", "0"),
    _number("pausable", "0"),
    PrimaryKeyConstraint("tenant", "id"),
    _of_tenant(),
)


def _of_technician() -> ForeignKeyConstraint:
    columns = ["technician.tenant", "technician.id"]
    return ForeignKeyConstraint(["tenant", "technician"], columns, ondelete="CASCADE")


SHIFT_EXCEPTION = Table(
    "shift_exception",
    METADATA,
    _text("tenant"),
    _text("technician"),
    _text("id"),
    _text("day"),
    _text("hours"),  # null: the usual ones
    _text("note"),
    _number("revision"),
    _default_text("van"),
    PrimaryKeyConstraint("tenant", "technician", "id"),
    UniqueConstraint("tenant", "technician", "day"),
    _of_technician(),
)

ABSENCE = Table(
    "absence",
    METADATA,
    _text("tenant"),
    _text("technician"),
    _text("id"),
    _number("start_at"),
    _number("end_at"),
    _text("category"),
    _text("note"),
    _number("revision"),
    PrimaryKeyConstraint("tenant", "technician", "id"),
    _of_technician(),
    Index(None, "tenant", "technician", "start_at"),
)

LOAN = Table(
    "loan",
    METADATA,
    _text("tenant"),
    _text("technician"),
    _text("id"),
    _text("to_team"),
    _text("first_day"),
    _text("last_day"),
    _number("shared"),
    _number("revision"),
    PrimaryKeyConstraint("tenant", "technician", "id"),
    _of_technician(),
    ForeignKeyConstraint(["tenant", "to_team"], ["team.tenant", "team.id"]),
    Index(None, "tenant", "to_team", "last_day"),
)

VISIT = Table(
    "visit",
    METADATA,
    _text("tenant"),
    _text("id"),
    _number("lat_e6"),
    _number("lon_e6"),
    _number("service_s"),
    _number("access_s"),
    Column("pausable", Boolean, nullable=False),
    _text("requires"),
    _text("sector"),
    _number("priority"),
    _text("commitment"),
    _maybe_number("due"),
    _maybe_number("target_start"),
    _maybe_number("target_end"),
    _text("promises"),
    _text("labels"),
    # No foreign keys to site, type, team and technician: ended visits outlive what they refer to.
    _text("site"),
    _text("activity_type"),
    _text("client"),
    _text("external_ref"),
    _text("note"),
    _text("team"),
    _text("standing"),
    Column("unplaced_reason", Text, nullable=True),
    # The current placement; null: never had one. No foreign key: the two tables would point at
    # each other.
    Column("placement", Text, nullable=True),
    _number("revision"),
    _number("created"),
    _number("updated"),
    PrimaryKeyConstraint("tenant", "id"),
    _of_tenant(),
    Index(None, "tenant", "client"),
    Index(None, "tenant", "external_ref"),
    Index("ix_visit_backlog", "tenant", "team", **_only("standing = 'UNPLACED'")),
)

PLACEMENT = Table(
    "placement",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("visit"),
    # For visits of several days and several technicians; both 0 until those exist.
    _number("segment", "0"),
    _number("seat", "0"),
    _text("technician"),
    _text("day"),
    _number("shift"),
    _number("position"),
    _text("state"),
    _maybe_number("promise_start"),
    _maybe_number("promise_end"),
    _maybe_number("promised_at"),
    _number("start_from"),
    _number("start_until"),
    _maybe_number("service_s"),
    _maybe_number("expires"),
    Column("replaces", Text, nullable=True),
    _text("pin"),
    _maybe_number("pinned_start"),
    _maybe_number("departed"),
    _maybe_number("started"),
    _maybe_number("finished"),
    Column("outcome", Text, nullable=True),
    _text("steps"),
    _text("provenance"),
    _maybe_number("held_since"),
    Column("extended", Boolean, nullable=False),
    PrimaryKeyConstraint("tenant", "id"),
    ForeignKeyConstraint(["tenant", "visit"], ["visit.tenant", "visit.id"]),
    Index(None, "tenant", "visit"),
    Index(None, "tenant", "technician", "day", "shift"),
    # The order in which visits are listed, the shift not in it.
    Index(None, "tenant", "day", "technician", "position"),
    Index(None, "tenant", "expires", **_only("state = 'HELD'")),
    Index(None, "tenant", "replaces", **_only("replaces IS NOT NULL")),
)

# Two alarms, never the mechanism: two visits at one place in the order, and one visit booked twice.
# They need no clock, because ``write_route`` takes lapsed holds out of the order.
Index(
    "alarm_one_position",
    *(PLACEMENT.c[name] for name in ("tenant", "technician", "day", "shift", "position")),
    unique=True,
    **_only("position >= 0 AND state IN ('HELD', 'BOOKED', 'EN_ROUTE', 'STARTED', 'DONE')"),
)
Index(
    "alarm_booked_once",
    *(PLACEMENT.c[name] for name in ("tenant", "visit", "segment", "seat")),
    unique=True,
    **_only("state IN ('BOOKED', 'EN_ROUTE', 'STARTED', 'DONE')"),
)

ROUTE = Table(
    "route",
    METADATA,
    _text("tenant"),
    _text("technician"),
    _text("day"),
    _number("shift"),
    _number("version"),
    _text("state"),
    Column("block", LargeBinary, nullable=True),
    PrimaryKeyConstraint("tenant", "technician", "day", "shift"),
    _of_tenant(),
)

# Numbered, because the same rule may be broken twice by the same subject.
ROUTE_VIOLATION = Table(
    "route_violation",
    METADATA,
    _text("tenant"),
    _text("technician"),
    _text("day"),
    _number("shift"),
    _number("number"),
    _text("kind"),
    _text("subject"),
    _text("visit"),
    _number("size"),
    _text("cause"),
    _number("since"),
    _text("origin"),
    _text("override_reason"),
    PrimaryKeyConstraint("tenant", "technician", "day", "shift", "number"),
    ForeignKeyConstraint(
        ["tenant", "technician", "day", "shift"],
        ["route.tenant", "route.technician", "route.day", "route.shift"],
    ),
)

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    _text("tenant"),
    _text("method"),
    _text("key"),
    Column("request_hash", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=True),  # null while its transaction runs
    _number("created"),
    PrimaryKeyConstraint("tenant", "method", "key"),
    Index(None, "created"),
)

EVENT = Table(
    "event",
    METADATA,
    # SQLite gives growing numbers, never used again, to this type of key only.
    Column("position", Integer, primary_key=True, autoincrement=True),
    _text("tenant"),
    _number("at"),
    _text("kind"),
    _text("subject"),
    Column("technician", Text, nullable=True),
    Column("day", Text, nullable=True),
    _number("version"),
    _text("data"),
    _number("shift", "0"),
    Index(None, "tenant", "position"),
    sqlite_autoincrement=True,
)

AUDIT = Table(
    "audit",
    METADATA,
    _text("tenant"),
    _number("sequence"),
    _text("entry"),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant", "sequence"),
)

# Found by id alone: a call brings nothing else. No tenant: an operator's.
API_KEY = Table(
    "api_key",
    METADATA,
    _text("id"),
    Column("tenant", Text, nullable=True),
    _text("role"),
    _text("display_name"),
    Column("digest", LargeBinary, nullable=False),
    _text("client"),
    _text("technician"),
    _text("methods"),
    _number("created"),
    _maybe_number("expires"),
    _maybe_number("revoked"),
    _maybe_number("last_used"),
    PrimaryKeyConstraint("id"),
    _of_tenant(),
    Index(None, "tenant", "id"),
)

META = Table(
    "meta",
    METADATA,
    _text("name"),
    _text("value"),
    PrimaryKeyConstraint("name"),
)
