"""The team whose search found a place; cancelled visits by themselves.

Frozen. The columns are explained in ``slotsvc.store.visit_schema``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """From 0006 to 0007: places found before are those of their visit's team."""
    op.add_column("placement", sa.Column("team", sa.Text, nullable=False, server_default=""))
    cancelled = sa.text("standing = 'CANCELLED'")
    op.create_index(
        "ix_visit_cancelled",
        "visit",
        ["tenant", "id"],
        sqlite_where=cancelled,
        postgresql_where=cancelled,
    )
