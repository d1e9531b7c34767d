"""Sixteen clients write to few routes while others read on: what they saw, and the judgement.

Each client books on one or two of six routes of two tenants, with event, audit entry and stored
answer: four of five mutations come beside others, the fifth alone. A poller of events and one of
changed routes read behind the last thing they saw.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.ports import ReadTx, Store, StoredEvent, WriteTx
from tests.store.samples import ACME, ANA, BEN, MONDAY, NORTH, event, placed, put, visit

CLIENTS = 16
TENANTS = ("acme", "rival")
ROUTES = tuple(
    RouteKey(tenant, who, MONDAY + timedelta(days=ahead))
    for tenant in TENANTS
    for who, ahead in (("ana", 0), ("ben", 0), ("ana", 1))
)


@dataclass(slots=True)
class Seen:
    """``acknowledged``: by route, each version that was told to a client. ``polled``: events, by
    tenant. ``changed``: by route, the last version that a poller of changes read."""

    acknowledged: dict[RouteKey, list[int]] = field(default_factory=dict)
    polled: dict[str, list[StoredEvent]] = field(default_factory=dict)
    changed: dict[RouteKey, int] = field(default_factory=dict)


def found_companies(tx: WriteTx) -> None:
    """Two companies with a team of two."""
    for id in TENANTS:
        for entity in (replace(ACME, id=id), NORTH, ANA, BEN):
            tx.create(id, entity)


def booking(
    tx: WriteTx, keys: Sequence[RouteKey], id: str, *, beside: bool = True
) -> dict[RouteKey, int]:
    """A visit on the first of ``keys``; the others grow with it, as in a move. Once for each id."""
    tenant = keys[0].tenant
    tx.take_turn(tenant, beside=beside)
    told = tx.replay(tenant, "Book", id, id.encode())
    if told is not None:
        return dict(zip(sorted(keys), json.loads(told), strict=True))
    versions = dict(tx.lock_routes(keys))
    put(tx, placed("p" + id, keys[0], visit("v" + id)))
    for key, version in versions.items():
        tx.record(tenant, event("BOOKED", key, version, id), "clerk")
    answer = json.dumps([versions[key] for key in sorted(keys)])
    tx.remember(tenant, "Book", id, id.encode(), answer.encode())
    return versions


async def write_and_poll(stores: Sequence[Store], each: int, seed: int) -> Seen:
    """``each`` bookings by every client, spread over the stores, which share a database."""
    seen, done = Seen(), asyncio.Event()
    pollers = [asyncio.create_task(_poll(stores[-1], tenant, seen, done)) for tenant in TENANTS]
    clients = [_client(stores[n % len(stores)], n, each, seed, seen) for n in range(CLIENTS)]
    try:
        await asyncio.gather(*clients)
    finally:
        done.set()
        await asyncio.gather(*pollers)
    return seen


async def _client(store: Store, number: int, each: int, seed: int, seen: Seen) -> None:
    chance = random.Random(seed * 1000 + number)
    for n in range(each):
        tenant = chance.choice(TENANTS)
        ours = [key for key in ROUTES if key.tenant == tenant]
        keys = chance.sample(ours, chance.choice((1, 2)))
        work = partial(booking, keys=keys, id=f"{number}-{n}", beside=chance.random() < 0.8)
        versions = await store.write(work)
        for key, version in versions.items():
            seen.acknowledged.setdefault(key, []).append(version)


async def _poll(store: Store, tenant: str, seen: Seen, done: asyncio.Event) -> None:
    events = seen.polled.setdefault(tenant, [])
    change, last_look = 0, False
    while not last_look:
        last_look = done.is_set()
        position = events[-1].position if events else ""
        events += await store.read(lambda tx, p=position: tx.events_after(tenant, p, 7))
        change, routes = await store.read(lambda tx, c=change: _changes(tx, tenant, c))
        seen.changed |= routes
        if last_look and events and events[-1].position != position:
            last_look = False  # a page was full: there may be more
        await asyncio.sleep(0.001)


def _changes(tx: ReadTx, tenant: str, change: int) -> tuple[int, dict[RouteKey, int]]:
    newest, keys = tx.changed_routes(tenant, change)
    return newest, {key: route.version for key, route in tx.routes_by_key(keys).items()}


async def check(store: Store, seen: Seen) -> None:
    """Nothing lost, nothing twice, no gaps, nothing skipped, chains whole."""
    routes = await store.read(lambda tx: tx.routes_by_key(ROUTES))
    for key, route in routes.items():
        # a version for each acknowledgement, one after the other
        assert sorted(seen.acknowledged.get(key, [])) == list(range(1, route.version + 1))
        assert [p.position for p in route.placements] == list(range(len(route.placements)))
        assert seen.changed.get(key, 0) == route.version
    booked = [p.visit.id for route in routes.values() for p in route.placements]
    assert len(booked) == len(set(booked))
    for tenant in TENANTS:
        stored = await store.read(lambda tx, t=tenant: tx.events_after(t, "", 100_000))
        assert seen.polled[tenant] == stored
        for key in ROUTES:
            versions = [e.event.version for e in stored if e.event.route == key]
            assert versions == sorted(seen.acknowledged.get(key, []) if versions else [])
        chain = await store.read(lambda tx, t=tenant: tx.verify_audit(t))
        assert (chain.entries, chain.broken_at) == (len(stored), None)
