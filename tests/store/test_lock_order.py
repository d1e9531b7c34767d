"""Routes are locked in one order, whoever asks in whichever: two who want the same never deadlock.

On SQLite there is one writer, so that the order alone can be seen; a deadlock only shows where
there are many.
"""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from slotsvc.domain.visit import RouteKey
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore
from tests.store.samples import ANA_MONDAY, BEN_MONDAY, set_up

TUESDAY = ANA_MONDAY.day + timedelta(days=1)
ROUTES = (ANA_MONDAY, RouteKey("acme", "ana", TUESDAY), BEN_MONDAY)


@pytest.mark.parametrize("asked", list(itertools.permutations(ROUTES)))
async def test_routes_are_locked_in_one_order(tmp_path: Path, asked: tuple[RouteKey, ...]) -> None:
    """By tenant, technician, date and shift."""
    path = tmp_path / "slotsvc.db"
    upgrade(sqlite_url(path))
    store, locked = SqliteStore(path), list[tuple[str, str]]()

    def note(connection, cursor, statement, parameters, context, many):  # type: ignore[no-untyped-def]
        if statement.startswith("INSERT INTO route "):
            locked.append((parameters[1], parameters[2]))

    try:
        await store.write(set_up)
        event.listen(Engine, "before_cursor_execute", note)
        versions = await store.write(lambda tx: tx.lock_routes(asked))
        await asyncio.sleep(0)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        store.close()
    assert locked == [(key.technician, key.day.isoformat()) for key in sorted(ROUTES)]
    assert versions == dict.fromkeys(ROUTES, 1)
