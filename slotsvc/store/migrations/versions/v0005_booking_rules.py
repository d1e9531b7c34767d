"""Booking rules, setup and pausable work of activity types.

Frozen. The columns are explained in ``slotsvc.store.tables``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """From 0004 to 0005: nothing is bounded that was not before."""
    for column in (
        sa.Column("rules", sa.Text, nullable=False, server_default="{}"),
        sa.Column("setup_s", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("pausable", sa.BigInteger, nullable=False, server_default="0"),
    ):
        op.add_column("activity_type", column)
