"""Layered calendars: vans, closures, loans, certificates, sectors, limits of a shift.

Frozen. The columns are explained in ``slotsvc.store.tables``.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From 0002 to 0003: everybody keeps the calendar they had."""
    _wider_tables()
    _vans()
    _closures()
    _loans()


def _wider_tables() -> None:
    wider: dict[str, list[sa.Column[Any]]] = {
        "tenant": [_text("sectors", "[]"), _text("public_holidays", "")],
        "team": [_text("public_holidays", ""), _number("emergency_reserve_s", "0")],
        "site": [_text("sector", ""), _number("access_s", "0")],
        "shift_exception": [_text("van", "")],
        "technician": _of_people(),
    }
    for table, columns in wider.items():
        for column in columns:
            op.add_column(table, column)


def _of_people() -> list[sa.Column[Any]]:
    return [
        _text("certificates", "[]"),
        _text("van", ""),
        _text("sectors", "null"),
        sa.Column("max_travel_s", sa.BigInteger, nullable=True),
        sa.Column("max_visits", sa.BigInteger, nullable=True),
        _number("max_overtime_s", "0"),
        _number("unpaid_first_leg", "0"),
        _number("unpaid_last_leg", "0"),
        _number("pace", "100"),
    ]


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    value = None if default is None else sa.text(f"'{default}'")
    return sa.Column(name, sa.Text, nullable=False, server_default=value)


def _number(name: str, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=default)


def _vans() -> None:
    op.create_table(
        "van",
        *map(_text, ("tenant", "id", "display_name", "tags", "certificates")),
        _number("revision"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_van"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name="fk_van_tenant"),
    )


def _closures() -> None:
    op.create_table(
        "closure",
        *map(_text, ("tenant", "id", "team")),
        *(sa.Column(name, sa.Text, nullable=True) for name in ("first_day", "last_day")),
        *(sa.Column(name, sa.BigInteger, nullable=True) for name in ("start_at", "end_at")),
        *map(_text, ("on_duty", "note")),
        _number("revision"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_closure"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name="fk_closure_tenant"),
    )


def _loans() -> None:
    op.create_table(
        "loan",
        *map(_text, ("tenant", "technician", "id", "to_team", "first_day", "last_day")),
        _number("shared"),
        _number("revision"),
        sa.PrimaryKeyConstraint("tenant", "technician", "id", name="pk_loan"),
        sa.ForeignKeyConstraint(
            ["tenant", "technician"],
            ["technician.tenant", "technician.id"],
            name="fk_loan_technician",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "to_team"], ["team.tenant", "team.id"], name="fk_loan_team"
        ),
    )
    op.create_index("ix_loan_tenant_to_team_last_day", "loan", ["tenant", "to_team", "last_day"])
