"""Visits without a place, several shifts a day, reports from the road, violations of routes.

Frozen; the columns are explained in ``slotsvc.store.tables``. Visits, placements and routes are
written anew, because SQLite changes neither a key nor a column's NOT NULL in place.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SAME_OF_VISIT = (
    "tenant, id, lat_e6, lon_e6, service_s, requires, site, activity_type, client, external_ref, "
    "note, placement, revision, created, updated"
)
_SAME_OF_PLACEMENT = (
    "tenant, id, visit, segment, seat, technician, day, position, state, promise_start, "
    "promise_end, promised_at, start_from, start_until, expires, replaces, pin, pinned_start, "
    "provenance, held_since, extended"
)
_STOOD = "'BOOKED', 'EN_ROUTE', 'STARTED', 'DONE'"


def upgrade() -> None:
    """From revision 0003."""
    for table in ("placement", "visit", "route"):  # the child before its parent
        op.execute(f"CREATE TABLE old_{table} AS SELECT * FROM {table}")
        op.drop_table(table)
    _visits()
    _placements()
    _routes()
    _violations()
    _fill()
    for table in ("placement", "visit", "route"):
        op.drop_table(f"old_{table}")
    op.add_column("event", sa.Column("shift", sa.BigInteger, nullable=False, server_default="0"))


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str, default: str | None = None) -> list[sa.Column[int]]:
    return [
        sa.Column(name, sa.BigInteger, nullable=False, server_default=default) for name in names
    ]


def _maybe(kind: type[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=True) for name in names]


def _table(name: str, key: list[str], *parts: Any) -> None:
    op.create_table(name, *parts, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"))


def _index(
    table: str, *columns: str, name: str = "", only: str | None = None, unique: bool = False
) -> None:
    where: dict[str, Any] = {}
    if only is not None:
        where = dict.fromkeys(("sqlite_where", "postgresql_where"), sa.text(only))
    name = name or f"ix_{table}_{'_'.join(columns)}"
    op.create_index(name, table, list(columns), unique=unique, **where)


def _visits() -> None:
    _table(
        "visit",
        ["tenant", "id"],
        *_text("tenant", "id"),
        *_numbers("lat_e6", "lon_e6", "service_s", "access_s"),
        sa.Column("pausable", sa.Boolean, nullable=False),
        *_text("requires", "sector"),
        *_numbers("priority"),
        *_text("commitment"),
        *_maybe(sa.BigInteger, "due", "target_start", "target_end"),
        *_text("promises", "labels", "site", "activity_type", "client", "external_ref", "note"),
        *_text("team", "standing"),
        *_maybe(sa.Text, "unplaced_reason", "placement"),
        *_numbers("revision", "created", "updated"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name="fk_visit_tenant"),
    )
    _index("visit", "tenant", "client")
    _index("visit", "tenant", "external_ref")
    _index("visit", "tenant", "team", name="ix_visit_backlog", only="standing = 'UNPLACED'")


def _placements() -> None:
    _table(
        "placement",
        ["tenant", "id"],
        *_text("tenant", "id", "visit"),
        *_numbers("segment", "seat", default="0"),
        *_text("technician", "day"),
        *_numbers("shift", "position"),
        *_text("state"),
        *_maybe(sa.BigInteger, "promise_start", "promise_end", "promised_at"),
        *_numbers("start_from", "start_until"),
        *_maybe(sa.BigInteger, "service_s", "expires"),
        *_maybe(sa.Text, "replaces"),
        *_text("pin"),
        *_maybe(sa.BigInteger, "pinned_start", "departed", "started", "finished"),
        *_maybe(sa.Text, "outcome"),
        *_text("steps", "provenance"),
        *_maybe(sa.BigInteger, "held_since"),
        sa.Column("extended", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "visit"], ["visit.tenant", "visit.id"], name="fk_placement_visit"
        ),
    )
    _placement_indexes()


def _placement_indexes() -> None:
    _index("placement", "tenant", "visit")
    _index("placement", "tenant", "technician", "day", "shift")
    _index("placement", "tenant", "day", "technician", "position")
    _index("placement", "tenant", "expires", only="state = 'HELD'")
    _index("placement", "tenant", "replaces", only="replaces IS NOT NULL")
    _index(
        "placement",
        *("tenant", "technician", "day", "shift", "position"),
        name="alarm_one_position",
        only=f"position >= 0 AND state IN ('HELD', {_STOOD})",
        unique=True,
    )
    _index(
        "placement",
        *("tenant", "visit", "segment", "seat"),
        name="alarm_booked_once",
        only=f"state IN ({_STOOD})",
        unique=True,
    )


def _routes() -> None:
    _table(
        "route",
        ["tenant", "technician", "day", "shift"],
        *_text("tenant", "technician", "day"),
        *_numbers("shift", "version"),
        *_text("state"),
        *_maybe(sa.LargeBinary, "block"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name="fk_route_tenant"),
    )
    _index("route", "day", name="ix_route_running", only="state = 'RUNNING'")


def _violations() -> None:
    key = ["tenant", "technician", "day", "shift"]
    _table(
        "route_violation",
        [*key, "number"],
        *_text("tenant", "technician", "day"),
        *_numbers("shift", "number"),
        *_text("kind", "subject", "visit"),
        *_numbers("size"),
        *_text("cause"),
        *_numbers("since"),
        *_text("origin", "override_reason"),
        sa.ForeignKeyConstraint(
            key, [f"route.{column}" for column in key], name="fk_route_violation_route"
        ),
    )


def _fill() -> None:
    team = (
        "coalesce((SELECT technician.team FROM technician JOIN old_placement "
        "ON technician.tenant = old_placement.tenant AND technician.id = old_placement.technician "
        "WHERE old_placement.tenant = v.tenant AND old_placement.id = v.placement), '')"
    )
    op.execute(
        f"INSERT INTO visit ({_SAME_OF_VISIT}, access_s, pausable, sector, priority, commitment, "
        "promises, labels, team, standing) "
        f"SELECT {_SAME_OF_VISIT}, 0, false, '', 0, 'APPOINTMENT', '[]', '{{}}', {team}, 'PLACED' "
        "FROM old_visit v"
    )
    op.execute(
        f"INSERT INTO placement ({_SAME_OF_PLACEMENT}, shift, steps) "
        f"SELECT {_SAME_OF_PLACEMENT}, 0, '[]' FROM old_placement"
    )
    op.execute(
        "INSERT INTO route (tenant, technician, day, shift, version, state, block) "
        "SELECT tenant, technician, day, 0, version, 'DRAFT', block FROM old_route"
    )
    _fill_promises()


def _fill_promises() -> None:
    """What clients were told so far stood with the placements; each telling ended the one before.

    One read, one write for each visit that was promised anything.
    """
    connection = op.get_bind()
    told = connection.execute(
        sa.text(
            "SELECT tenant, visit, promise_start, promise_end, promised_at FROM old_placement "
            "WHERE promised_at IS NOT NULL ORDER BY tenant, visit, promised_at, id"
        )
    ).all()
    write = sa.text("UPDATE visit SET promises = :promises WHERE tenant = :tenant AND id = :id")
    rows = [
        {"tenant": tenant, "id": id, "promises": _promises(list(of_visit))}
        for (tenant, id), of_visit in groupby(told, key=lambda row: (row.tenant, row.visit))
    ]
    if rows:
        connection.execute(write, rows)


def _promises(told: list[sa.Row[Any]]) -> str:
    ended = [*(row.promised_at for row in told[1:]), None]
    promises = [
        {
            "windows": [[row.promise_start, row.promise_end]],
            "told": row.promised_at,
            "channel": "",
            "superseded": end,
        }
        for row, end in zip(told, ended, strict=True)
    ]
    return json.dumps(promises, separators=(",", ":"))
