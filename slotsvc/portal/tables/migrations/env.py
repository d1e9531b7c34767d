"""Run by Alembic for each command; ``slotsvc.portal.tables.migrate`` hands in a transaction."""

from __future__ import annotations

from alembic import context

from slotsvc.portal.tables.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite's schema changes are transactional once the driver leaves BEGIN to us.
    transactional_ddl=True,
)
context.run_migrations()
