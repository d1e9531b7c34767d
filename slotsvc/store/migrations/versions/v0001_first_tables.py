"""The first tables: calendar, visits and routes, idempotency, events, audit.

Frozen: what changes later gets a migration of its own. The columns are explained in
``slotsvc.store.tables``.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From nothing to revision 0001."""
    _company()
    _people()
    _offering()
    _dates()
    _visits()
    _placements()
    _routes()
    _bookkeeping()
    _epoch()


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _maybe(kind: type[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=True) for name in names]


def _of(table: str, to: str, *names: str, **options: Any) -> sa.ForeignKeyConstraint:
    here = ["tenant", *names[:1]]
    there = [f"{to}.tenant", f"{to}.id"] if names else [f"{to}.id"]
    return sa.ForeignKeyConstraint(here, there, name=f"fk_{table}_{to}", **options)


def _table(name: str, key: list[str], *parts: Any, **options: Any) -> None:
    op.create_table(name, *parts, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"), **options)


def _index(table: str, *columns: str, only: str | None = None) -> None:
    _named_index(f"ix_{table}_{'_'.join(columns)}", table, *columns, only=only)


def _named_index(
    name: str, table: str, *columns: str, only: str | None = None, unique: bool = False
) -> None:
    where: dict[str, Any] = {}
    if only is not None:
        where = dict.fromkeys(("sqlite_where", "postgresql_where"), sa.text(only))
    op.create_index(name, table, list(columns), unique=unique, **where)


def _company() -> None:
    _table(
        "tenant",
        ["id"],
        *_text("id", "display_name", "tags"),
        *_numbers("revision", "calendar_revision"),
    )
    _table(
        "team",
        ["tenant", "id"],
        *_text("tenant", "id", "display_name", "zone"),
        *_numbers("revision"),
        _of("team", "tenant"),
    )


def _people() -> None:
    _table(
        "technician",
        ["tenant", "id"],
        *_text("tenant", "id", "display_name", "team", "zone"),
        *_numbers("start_lat_e6", "start_lon_e6", "end_lat_e6", "end_lon_e6"),
        *_text("week", "tags"),
        *_numbers("revision"),
        _of("technician", "team", "team"),
    )
    _index("technician", "tenant", "team", "id")


def _offering() -> None:
    _table(
        "site",
        ["tenant", "id"],
        *_text("tenant", "id", "display_name"),
        *_numbers("lat_e6", "lon_e6"),
        *_text("zone"),
        *_maybe(sa.Text, "opening_hours"),
        *_text("client", "address"),
        *_numbers("revision"),
        _of("site", "tenant"),
    )
    _table(
        "activity_type",
        ["tenant", "id"],
        *_text("tenant", "id", "display_name"),
        *_numbers("service_s"),
        *_text("requires", "grid"),
        *_numbers("notice_s", "horizon_s", "revision"),
        _of("activity_type", "tenant"),
    )


def _dates() -> None:
    _table(
        "shift_exception",
        ["tenant", "technician", "id"],
        *_text("tenant", "technician", "id", "day", "hours", "note"),
        *_numbers("revision"),
        sa.UniqueConstraint(
            "tenant", "technician", "day", name="uq_shift_exception_tenant_technician_day"
        ),
        _of("shift_exception", "technician", "technician", ondelete="CASCADE"),
    )
    _table(
        "absence",
        ["tenant", "technician", "id"],
        *_text("tenant", "technician", "id"),
        *_numbers("start_at", "end_at"),
        *_text("category", "note"),
        *_numbers("revision"),
        _of("absence", "technician", "technician", ondelete="CASCADE"),
    )
    _index("absence", "tenant", "technician", "start_at")


def _visits() -> None:
    _table(
        "visit",
        ["tenant", "id"],
        *_text("tenant", "id"),
        *_numbers("lat_e6", "lon_e6", "service_s"),
        *_text("requires", "site", "activity_type", "client", "external_ref", "note", "placement"),
        *_numbers("revision", "created", "updated"),
        _of("visit", "tenant"),
    )
    _index("visit", "tenant", "client")
    _index("visit", "tenant", "external_ref")


def _placements() -> None:
    _table(
        "placement",
        ["tenant", "id"],
        *_text("tenant", "id", "visit"),
        sa.Column("segment", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("seat", sa.BigInteger, nullable=False, server_default="0"),
        *_text("technician", "day"),
        *_numbers("position"),
        *_text("state"),
        *_numbers("promise_start", "promise_end"),
        *_maybe(sa.BigInteger, "promised_at"),
        *_numbers("start_from", "start_until"),
        *_maybe(sa.BigInteger, "expires"),
        *_maybe(sa.Text, "replaces"),
        *_text("pin"),
        *_maybe(sa.BigInteger, "pinned_start"),
        *_text("provenance"),
        *_maybe(sa.BigInteger, "held_since"),
        sa.Column("extended", sa.Boolean, nullable=False),
        _of("placement", "visit", "visit"),
    )
    _index("placement", "tenant", "visit")
    _index("placement", "tenant", "technician", "day")
    _index("placement", "tenant", "day", "technician", "position")
    _index("placement", "tenant", "expires", only="state = 'HELD'")
    _index("placement", "tenant", "replaces", only="replaces IS NOT NULL")
    _named_index(
        "alarm_one_position",
        "placement",
        *("tenant", "technician", "day", "position"),
        only="position >= 0 AND state IN ('HELD', 'BOOKED')",
        unique=True,
    )
    _named_index(
        "alarm_booked_once",
        "placement",
        *("tenant", "visit", "segment", "seat"),
        only="state = 'BOOKED'",
        unique=True,
    )


def _routes() -> None:
    _table(
        "route",
        ["tenant", "technician", "day"],
        *_text("tenant", "technician", "day"),
        *_numbers("version"),
        *_maybe(sa.LargeBinary, "block"),
        _of("route", "tenant"),
    )


def _bookkeeping() -> None:
    _table(
        "idempotency",
        ["tenant", "method", "key"],
        *_text("tenant", "method", "key"),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        *_maybe(sa.LargeBinary, "answer"),
        *_numbers("created"),
    )
    _index("idempotency", "created")
    _table(
        "event",
        ["position"],
        sa.Column("position", sa.Integer, autoincrement=True, nullable=False),
        *_text("tenant"),
        *_numbers("at"),
        *_text("kind", "subject"),
        *_maybe(sa.Text, "technician", "day"),
        *_numbers("version"),
        *_text("data"),
        sqlite_autoincrement=True,
    )
    _index("event", "tenant", "position")
    _table(
        "audit",
        ["tenant", "sequence"],
        *_text("tenant"),
        *_numbers("sequence"),
        *_text("entry"),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":  # elsewhere 0009 makes it
        _append_only()


def _append_only() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
        )


def _epoch() -> None:
    _table("meta", ["name"], *_text("name", "value"))
    # Grows when an older copy is restored, so that versions seen before mean nothing any more.
    op.execute("INSERT INTO meta (name, value) VALUES ('epoch', '1')")
