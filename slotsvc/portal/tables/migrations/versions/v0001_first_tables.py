"""The first tables of the portal, and the audit that nobody rewrites."""

from __future__ import annotations

from alembic import op

from slotsvc.portal.tables.audit import APPEND_ONLY
from slotsvc.portal.tables.schema import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From nothing to revision 0001."""
    METADATA.create_all(op.get_bind())
    for trigger in APPEND_ONLY:
        op.execute(trigger)
