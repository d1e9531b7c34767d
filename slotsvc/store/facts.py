"""What a database is, for a manifest: read from a copy, of any revision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.exc import DBAPIError

from slotsvc.store.engine import reader_engine
from slotsvc.store.epoch import current_epoch
from slotsvc.store.errors import StoreOpenError
from slotsvc.store.heads import Heads, heads_of
from slotsvc.store.migrate import revision_of
from slotsvc.store.tables import EPOCH, EVENT


@dataclass(frozen=True, slots=True)
class Facts:
    """``revision``: of the tables. ``epoch``: 0 also where there was no such thing yet.
    ``position``: of the newest event, 0 when there is none."""

    revision: str
    epoch: int
    position: int
    heads: Heads


def facts_of(database: Path) -> Facts:
    """Of a SQLite file. Raises ``StoreOpenError`` when it has not our tables."""
    engine = reader_engine(database, 1)
    try:
        with engine.begin() as connection:
            return read_facts(connection)
    except DBAPIError as error:
        raise StoreOpenError(f"{database} cannot be read: {error.orig}") from error
    finally:
        engine.dispose()


def read_facts(connection: Connection) -> Facts:
    """In the running transaction. Raises ``StoreOpenError`` for a database without our tables."""
    revision = revision_of(connection)
    if revision is None:
        raise StoreOpenError("the database has no tables of slotsvc")
    has_epochs = inspect(connection).has_table(EPOCH.name)
    last = connection.execute(select(func.coalesce(func.max(EVENT.c.position), 0))).scalar_one()
    epoch = current_epoch(connection) if has_epochs else 0
    return Facts(revision, epoch, int(last), heads_of(connection))
