"""Restores are numbered, so that nothing of the time that they undid is taken for what came after.

Frozen. The columns are explained in ``slotsvc.store.epoch``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """From 0009 to 0011: nothing was ever restored, as far as the tables know."""
    op.create_table(
        "epoch",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("last_kept", sa.BigInteger, nullable=False),
        sa.Column("first_new", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_epoch"),
    )
