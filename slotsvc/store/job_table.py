"""The table of background work: one row a job, on every engine."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)

from slotsvc.store.columns import METADATA, number_column, only, text_column

JOB = Table(
    "job",
    METADATA,
    # SQLite gives growing numbers, never used again, to this type of key only.
    Column(
        "id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    ),
    text_column("tenant"),  # "": the service's own
    text_column("kind"),
    text_column("subject"),
    number_column("version"),
    text_column("data"),
    text_column("state"),
    number_column("due"),
    number_column("free"),
    text_column("token"),
    number_column("tries"),
    text_column("error"),
    number_column("created"),
    Column("ended", BigInteger, nullable=True),
    UniqueConstraint("tenant", "kind", "subject", "version"),
    # Those that are done are many, and nobody's business but the sweep's.
    Index("ix_job_free", "kind", "free", **only("state = 'WAITING'")),
    Index("ix_job_lane", "tenant", "kind", "subject", "version", **only("state = 'WAITING'")),
    Index("ix_job_dead", "kind", **only("state = 'DEAD'")),
    Index("ix_job_ended", "ended", **only("state IN ('DONE', 'DROPPED')")),
    sqlite_autoincrement=True,
)
