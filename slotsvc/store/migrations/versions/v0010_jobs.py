"""Background work.

Frozen. The columns are explained in ``slotsvc.store.job_table``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TEXTS = ("tenant", "kind", "subject", "data", "state", "token", "error")
_NUMBERS = ("version", "due", "free", "tries", "created")


def upgrade() -> None:
    """From 0009 to 0010: no work is waiting."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    # compared byte by byte, as SQLite does and Python does
    words = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "job",
        sa.Column("id", number, primary_key=True, autoincrement=True),
        *(sa.Column(name, words, nullable=False) for name in _TEXTS),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _NUMBERS),
        sa.Column("ended", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint(
            "tenant", "kind", "subject", "version", name="uq_job_tenant_kind_subject_version"
        ),
        sqlite_autoincrement=True,
    )
    _index("ix_job_free", ["kind", "free"], "state = 'WAITING'")
    _index("ix_job_lane", ["tenant", "kind", "subject", "version"], "state = 'WAITING'")
    _index("ix_job_dead", ["kind"], "state = 'DEAD'")
    _index("ix_job_ended", ["ended"], "state IN ('DONE', 'DROPPED')")


def _index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "job", columns, sqlite_where=where, postgresql_where=where)
