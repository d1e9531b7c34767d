"""Where work resumes after an absence.

Frozen. The columns are explained in ``slotsvc.store.tables``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """From 0005 to 0006: work resumes where it stopped, as before."""
    for column in (
        sa.Column("resume_home", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("resume_lat_e6", sa.BigInteger, nullable=True),
        sa.Column("resume_lon_e6", sa.BigInteger, nullable=True),
    ):
        op.add_column("absence", column)
