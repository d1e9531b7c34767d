"""The books after the torture, read off the database while nobody serves it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.history import DOUBLED, LOST, Books, History, disagreements
from slotsvc.bootstrap.verify import Books as Database
from slotsvc.bootstrap.verify import verify
from slotsvc.domain.visit import Placement, PlacementState, RouteKey
from slotsvc.scheduling.desk import shift_of
from slotsvc.scheduling.ports import Event, StoredRoute, StoredVisit
from slotsvc.scheduling.travel_blocks import legs_among
from slotsvc.solver.checker import CheckedVisit, check_route, removal_safe
from slotsvc.store.postgres_store import PostgresStore
from slotsvc.store.read_tx import ReadTransaction
from slotsvc.store.sqlite_store import SqliteStore

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Expected:
    """What clients hold the service to. ``booked``: by external reference, whether the visit is.
    ``alone`` False: the history does not have every change."""

    tenant: str
    team: str = "crew"
    booked: dict[str, bool] = field(default_factory=dict)
    history: History = field(default_factory=History)
    alone: bool = True


async def judged(url: str, *expected: Expected) -> list[str]:
    """Clients of several companies of a PostgreSQL database against its books, and these against
    themselves, as ``slotsvc verify`` does it."""
    found = [line for one in expected for line in await check_books(url, one)]
    examined = await asyncio.to_thread(
        verify, Database(None, None, {}, url), {}, lambda _stage, _fraction: None
    )
    return [*found, *(str(trouble) for trouble in examined.troubles)]


async def check_books(database: Path | str, expected: Expected) -> list[str]:
    """Everything that is wrong; empty: nothing lost, nothing doubled, nobody overlaps.

    ``database``: a SQLite file, or the address of a PostgreSQL database.
    """
    store = PostgresStore(database) if isinstance(database, str) else SqliteStore(database)
    try:
        return await store.read(lambda tx: list(_wrong(tx, expected)))  # type: ignore[arg-type]
    finally:
        store.close()


def _wrong(tx: ReadTransaction, expected: Expected) -> Iterator[str]:
    if tx._connection.dialect.name == "sqlite":
        told = tx._connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        if list(told) != ["ok"]:
            yield f"integrity_check: {told}"
    if tx.verify_audit(expected.tenant).broken_at is not None:
        yield "the audit chain is broken"
    routes = _routes(tx, expected)
    visits = _visits(tx, expected.tenant)
    yield from _wrong_references(visits, expected)
    for route in routes.values():
        yield from _unserved(tx, route)
    books = Books(
        _events(tx, expected.tenant),
        {key: route.version for key, route in routes.items()},
        {key: frozenset(p.id for p in route.live(tx.now())) for key, route in routes.items()},
        {v.visit.id: v.visit.external_ref for v in visits if v.visit.external_ref},
    )
    yield from disagreements(expected.history, books, alone=expected.alone)


def _wrong_references(visits: Sequence[StoredVisit], expected: Expected) -> Iterator[str]:
    """Each reference is booked once, exactly when its client was told so."""
    for reference, booked in expected.booked.items():
        mine = [v for v in visits if v.visit.external_ref == reference]
        standing = [v for v in mine if v.placement.state is PlacementState.BOOKED]
        if len(standing) != int(booked):
            what = LOST if len(standing) < booked else DOUBLED
            told = f"booked {len(standing)} times, the client was told {int(booked)}"
            yield f"{reference}: {told}: {what}"


def _unserved(tx: ReadTransaction, route: StoredRoute) -> Iterator[str]:
    """The referee's word on a route as it stands, by the driving stored with it."""
    live = route.live(tx.now())
    if not live:
        return
    work = shift_of(tx, route.key)
    if work is None or route.block is None:
        yield f"{route.key}: visits without a shift or without driving"
        return
    shift = work.shift
    places = [shift.start_place, *(p.visit.location for p in live), shift.end_place]
    legs, checked = legs_among(route.block, places), [_checked(p) for p in live]
    for finding in check_route(shift, checked, legs):
        yield f"{route.key}: {finding}"
    unsafe = removal_safe(shift, checked, legs)
    if unsafe is not None:
        yield f"{route.key}: {unsafe}"


def _checked(placement: Placement) -> CheckedVisit:
    """The referee judges the *promise*: the client waits in that window."""
    return CheckedVisit(
        placement.id, placement.promise, placement.visit.service, placement.visit.requires
    )


def _routes(tx: ReadTransaction, expected: Expected) -> dict[RouteKey, StoredRoute]:
    technicians = [who.id for who in tx.technicians(expected.tenant, expected.team)]
    days = {e.route.day for e in _events(tx, expected.tenant) if e.route is not None}
    if not days:
        return {}
    found = tx.routes(expected.tenant, technicians, min(days), max(days))
    return {route.key: route for route in found.values()}


def _visits(tx: ReadTransaction, tenant: str) -> list[StoredVisit]:
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
    return list(found)


def _events(tx: ReadTransaction, tenant: str) -> list[Event]:
    events: list[Event] = []
    position = ""
    while page := tx.events_after(tenant, position, _PAGE):
        events.extend(stored.event for stored in page)
        position = page[-1].position
    return events
