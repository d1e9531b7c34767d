"""What all tables are made of: their collection, and the kinds of columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, MetaData, Text, text

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def only(condition: str) -> dict[str, Any]:
    """Options of an index of the rows that meet the condition."""
    where = text(condition)
    return {"sqlite_where": where, "postgresql_where": where}


def text_column(name: str) -> Column[str]:
    """Text, never null."""
    return Column(name, Text, nullable=False)


def default_text_column(name: str, default: str = "") -> Column[str]:
    """Text, never null; what rows got that were older than the column."""
    return Column(name, Text, nullable=False, server_default=text(f"'{default}'"))


def number_column(name: str, default: str | None = None) -> Column[int]:
    """A whole number, never null."""
    return Column(name, BigInteger, nullable=False, server_default=default)


def maybe_number_column(name: str) -> Column[int]:
    """A whole number or null."""
    return Column(name, BigInteger, nullable=True)


def of_tenant() -> ForeignKeyConstraint:
    """The row belongs to a tenant."""
    return ForeignKeyConstraint(["tenant"], ["tenant.id"])
