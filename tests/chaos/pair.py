"""Two ``slotsvc serve`` on one PostgreSQL, and the judgement of what they left there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.history import Books, History, disagreements
from benchmarks.torture.server_process import PROGRAM, ServerProcess
from slotsvc.bootstrap.verify import Books as Database
from slotsvc.bootstrap.verify import verify
from slotsvc.domain.visit import PlacementState
from slotsvc.scheduling.ports import Event, ReadTx
from slotsvc.store.postgres_store import PostgresStore

NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"
"""The time that counts."""

_END_OTHERS = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Pair:
    """``one``, ``two``: of the same; nothing in common but the database ``url`` and the keys."""

    one: ServerProcess
    two: ServerProcess
    url: str


def settings_file(where: Path, url: str, **more: object) -> Path:
    """A TOML file for replicas on ``url`` that share the key ring in ``where``."""
    where.mkdir(exist_ok=True)
    named = {"database_url": url, "key_ring_path": str(where / "keys.json"), **more}
    file = where / "slotsvc.toml"
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in named.items()))
    return file


async def started(
    where: Path, url: str, programs: Sequence[Sequence[str]] = (PROGRAM, PROGRAM)
) -> Pair:
    """Both answer. The tables must be there. Nobody does background work: it takes turns too.

    ``programs``: what is run as the one and the other.
    """
    config = settings_file(where, url, **{"jobs.at_once": 0})
    places = [where / name for name in ("one", "two")]
    for place in places:
        place.mkdir()
    one, two = (
        ServerProcess(place, config=config, program=program)
        for place, program in zip(places, programs, strict=True)
    )
    await one.start()  # it makes the keys that the other one reads
    await two.start()
    return Pair(one, two, url)


async def stopped(pair: Pair) -> None:
    """Both have ended."""
    await asyncio.gather(pair.one.stop(), pair.two.stop())


def asked(url: str, statement: str, *values: object) -> Any:
    """The only value of the only row, asked past the service."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement, values).fetchone()
        assert row is not None
        return row[0]


def deadlocks(url: str) -> int:
    """That this database ever had. Ends its connections, so that each of them has told."""
    asked(url, _END_OTHERS)
    return int(asked(url, _DEADLOCKS))


async def wrong_with(url: str, tenant: str, history: History, *, alone: bool = True) -> list[str]:
    """What does not fit: clients against events, events against routes, the audit, the referee.

    ``alone`` False: the history does not have every change.
    """
    store = PostgresStore(url)
    try:
        books = await store.read(lambda tx: _books(tx, tenant))
    finally:
        store.close()
    examined = await asyncio.to_thread(verify, Database(None, None, {}, url), {}, _untold)
    return [
        *disagreements(history, books, alone=alone),
        *(str(trouble) for trouble in examined.troubles),
    ]


def _untold(_stage: str, _fraction: float) -> None:
    """Nobody watches."""


def _books(tx: ReadTx, tenant: str) -> Books:
    events: list[Event] = []
    position = ""
    while page := tx.events_after(tenant, position, _PAGE):
        events += [stored.event for stored in page]
        position = page[-1].position
    keys = sorted({event.route for event in events if event.route is not None})
    routes, now = tx.routes_by_key(keys), tx.now()
    return Books(
        events,
        {key: route.version for key, route in routes.items()},
        {key: frozenset(p.id for p in route.live(now)) for key, route in routes.items()},
        _references(tx, tenant),
    )


def _references(tx: ReadTx, tenant: str) -> Mapping[str, str]:
    found = tx.list_visits(
        tenant,
        technicians=None,
        first=None,
        last=None,
        states=tuple(PlacementState),
        client=None,
        after=None,
        limit=1_000_000,
        now=tx.now(),
    )
    return {one.visit.id: one.visit.external_ref for one in found if one.visit.external_ref}
