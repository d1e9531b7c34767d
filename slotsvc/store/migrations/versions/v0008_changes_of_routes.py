"""Changes of routes are numbered, so that only what changed is read again.

Frozen. The columns are explained in ``slotsvc.store.visit_schema``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """From 0007 to 0008: nobody remembers routes across a restart, so all begin at 0."""
    op.add_column("route", sa.Column("change", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("ix_route_tenant_change", "route", ["tenant", "change"])
