"""What only PostgreSQL needs; on SQLite there is nothing to do.

Frozen. Text is compared byte by byte, as SQLite does and Python does, whatever the language of the
server: page tokens and the order of locks depend on it. Positions of events are 64-bit numbers, and
the audit trail is append-only here too.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_OUR_TABLES = (
    "tenant", "team", "van", "closure", "technician", "site", "activity_type", "shift_exception",
    "absence", "loan", "visit", "placement", "route", "route_violation", "idempotency", "event",
    "audit", "api_key", "meta",
)  # fmt: skip


def upgrade() -> None:
    """From 0008 to 0009."""
    if op.get_bind().dialect.name != "postgresql":
        return
    columns = sa.inspect(op.get_bind()).get_columns
    for table in _OUR_TABLES:
        _byte_order(table, [c["name"] for c in columns(table) if isinstance(c["type"], sa.Text)])
    op.execute("ALTER TABLE event ALTER COLUMN position TYPE bigint")
    op.execute("ALTER SEQUENCE event_position_seq AS bigint")
    _append_only()


def _byte_order(table: str, names: list[str]) -> None:
    changes = ", ".join(f'ALTER COLUMN "{name}" TYPE text COLLATE "C"' for name in names)
    op.execute(f'ALTER TABLE "{table}" {changes}')


def _append_only() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
