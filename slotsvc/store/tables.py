"""The tables. Every key begins with the tenant; instants are Unix seconds, dates ISO text.

Places are micro-degrees, durations seconds, and lists (tags, weeks, grids) JSON text. The
migrations make the same tables; a test sees to it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from slotsvc.store import job_table, visit_schema
from slotsvc.store.columns import METADATA as METADATA
from slotsvc.store.columns import (
    default_text_column,
    maybe_number_column,
    number_column,
    of_tenant,
    text_column,
)

VISIT, PLACEMENT = visit_schema.VISIT, visit_schema.PLACEMENT
JOB = job_table.JOB
ROUTE, ROUTE_VIOLATION = visit_schema.ROUTE, visit_schema.ROUTE_VIOLATION

TENANT = Table(
    "tenant",
    METADATA,
    text_column("id"),
    text_column("display_name"),
    text_column("tags"),
    number_column("revision"),
    default_text_column("sectors", "[]"),
    default_text_column("public_holidays"),
    # Grows with every change of the calendar; the etag of each entity is its value at the change.
    number_column("calendar_revision"),
    PrimaryKeyConstraint("id"),
)

TEAM = Table(
    "team",
    METADATA,
    text_column("tenant"),
    text_column("id"),
    text_column("display_name"),
    text_column("zone"),
    number_column("revision"),
    default_text_column("public_holidays"),
    number_column("emergency_reserve_s", "0"),
    PrimaryKeyConstraint("tenant", "id"),
    of_tenant(),
)

VAN = Table(
    "van",
    METADATA,
    text_column("tenant"),
    text_column("id"),
    text_column("display_name"),
    text_column("tags"),
    text_column("certificates"),
    number_column("revision"),
    PrimaryKeyConstraint("tenant", "id"),
    of_tenant(),
)

CLOSURE = Table(
    "closure",
    METADATA,
    text_column("tenant"),
    text_column("id"),
    text_column("team"),  # "": the whole company
    Column("first_day", Text, nullable=True),
    Column("last_day", Text, nullable=True),
    maybe_number_column("start_at"),
    maybe_number_column("end_at"),
    text_column("on_duty"),
    text_column("note"),
    number_column("revision"),
    PrimaryKeyConstraint("tenant", "id"),
    of_tenant(),
)

TECHNICIAN = Table(
    "technician",
    METADATA,
    text_column("tenant"),
    text_column("id"),
    text_column("display_name"),
    text_column("team"),
    text_column("zone"),
    number_column("start_lat_e6"),
    number_column("start_lon_e6"),
    number_column("end_lat_e6"),
    number_column("end_lon_e6"),
    text_column("week"),
    text_column("tags"),
    number_column("revision"),
    default_text_column("certificates", "[]"),
    default_text_column("van"),
    default_text_column("sectors", "null"),  # null: all, every day
    maybe_number_column("max_travel_s"),
    maybe_number_column("max_visits"),
    number_column("max_overtime_s", "0"),
    number_column("unpaid_first_leg", "0"),
    number_column("unpaid_last_leg", "0"),
    number_column("pace", "100"),
    PrimaryKeyConstraint("tenant", "id"),
    ForeignKeyConstraint(["tenant", "team"], ["team.tenant", "team.id"]),
    Index(None, "tenant", "team", "id"),
)

SITE = Table(
    "site",
    METADATA,
    text_column("tenant"),
    text_column("id"),
    text_column("display_name"),
    number_column("lat_e6"),
    number_column("lon_e6"),
    text_column("zone"),
    Column("opening_hours", Text, nullable=True),  # null: always open
    text_column("client"),
    text_column("address"),
    number_column("revision"),
    default_text_column("sector"),
    number_column("access_s", "0"),
    PrimaryKeyConstraint("tenant", "id"),
    of_tenant(),
)

ACTIVITY_TYPE = Table(
    "activity_type",
    METADATA,
    text_column("tenant"),
    text_column("id"),
    text_column("display_name"),
    number_column("service_s"),
    text_column("requires"),
    text_column("grid"),
    number_column("notice_s"),
    number_column("horizon_s"),
    number_column("revision"),
    default_text_column("rules", "{}"),
    number_column("setup_s", "0"),
    number_column("pausable", "0"),
    PrimaryKeyConstraint("tenant", "id"),
    of_tenant(),
)


def _of_technician() -> ForeignKeyConstraint:
    columns = ["technician.tenant", "technician.id"]
    return ForeignKeyConstraint(["tenant", "technician"], columns, ondelete="CASCADE")


SHIFT_EXCEPTION = Table(
    "shift_exception",
    METADATA,
    text_column("tenant"),
    text_column("technician"),
    text_column("id"),
    text_column("day"),
    text_column("hours"),  # null: the usual ones
    text_column("note"),
    number_column("revision"),
    default_text_column("van"),
    PrimaryKeyConstraint("tenant", "technician", "id"),
    UniqueConstraint("tenant", "technician", "day"),
    _of_technician(),
)

ABSENCE = Table(
    "absence",
    METADATA,
    text_column("tenant"),
    text_column("technician"),
    text_column("id"),
    number_column("start_at"),
    number_column("end_at"),
    text_column("category"),
    text_column("note"),
    number_column("revision"),
    number_column("resume_home", "0"),
    maybe_number_column("resume_lat_e6"),
    maybe_number_column("resume_lon_e6"),
    PrimaryKeyConstraint("tenant", "technician", "id"),
    _of_technician(),
    Index(None, "tenant", "technician", "start_at"),
)

LOAN = Table(
    "loan",
    METADATA,
    text_column("tenant"),
    text_column("technician"),
    text_column("id"),
    text_column("to_team"),
    text_column("first_day"),
    text_column("last_day"),
    number_column("shared"),
    number_column("revision"),
    PrimaryKeyConstraint("tenant", "technician", "id"),
    _of_technician(),
    ForeignKeyConstraint(["tenant", "to_team"], ["team.tenant", "team.id"]),
    Index(None, "tenant", "to_team", "last_day"),
)

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    text_column("tenant"),
    text_column("method"),
    text_column("key"),
    Column("request_hash", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=True),  # null while its transaction runs
    number_column("created"),
    PrimaryKeyConstraint("tenant", "method", "key"),
    Index(None, "created"),
)

EVENT = Table(
    "event",
    METADATA,
    # SQLite gives growing numbers, never used again, to this type of key only. On PostgreSQL a
    # sequence gives them, to a tenant's writers in the order of their turns.
    Column(
        "position",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    text_column("tenant"),
    number_column("at"),
    text_column("kind"),
    text_column("subject"),
    Column("technician", Text, nullable=True),
    Column("day", Text, nullable=True),
    number_column("version"),
    text_column("data"),
    number_column("shift", "0"),
    Index(None, "tenant", "position"),
    sqlite_autoincrement=True,
)

AUDIT = Table(
    "audit",
    METADATA,
    text_column("tenant"),
    number_column("sequence"),
    text_column("entry"),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant", "sequence"),
)

# Found by id alone: a call brings nothing else. No tenant: an operator's.
API_KEY = Table(
    "api_key",
    METADATA,
    text_column("id"),
    Column("tenant", Text, nullable=True),
    text_column("role"),
    text_column("display_name"),
    Column("digest", LargeBinary, nullable=False),
    text_column("client"),
    text_column("technician"),
    text_column("methods"),
    number_column("created"),
    maybe_number_column("expires"),
    maybe_number_column("revoked"),
    maybe_number_column("last_used"),
    PrimaryKeyConstraint("id"),
    of_tenant(),
    Index(None, "tenant", "id"),
)

META = Table(
    "meta",
    METADATA,
    text_column("name"),
    text_column("value"),
    PrimaryKeyConstraint("name"),
)
