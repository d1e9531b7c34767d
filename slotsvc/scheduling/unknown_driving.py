"""Days that need driving nobody read yet: measured and judged right after the change.

A new home, or an absence after which work resumes elsewhere, brings a place that the stored block
of a booked route does not cover. Roads are never asked inside a transaction, so the transaction of
the change cannot judge such a day; this does, in one of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from slotsvc.domain.errors import TravelError
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.scheduling.changed_days import origin_of, touched
from slotsvc.scheduling.desk import TRIES, RouteChangedError, shift_of
from slotsvc.scheduling.mutation import Mutation
from slotsvc.scheduling.ports import ReadTx, Store, StoredRoute, TravelBlock, WriteTx
from slotsvc.scheduling.resuming import route_places
from slotsvc.scheduling.route_violations import differ, record_violations, route_findings
from slotsvc.scheduling.travel_blocks import block_over
from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.solver.checker import Finding

type Settle = Callable[[Mutation, Entity | None, Entity | None], Awaitable[None]]
"""Told of a change behind its commit: the mutation, what was, what is."""


def judging_unknown_days(store: Store, travel: TravelTimes) -> Settle:
    """Records what is broken on routes whose driving a change made unknown. Where roads do not
    answer, such a route is judged with its next write."""

    async def settle(mutation: Mutation, before: Entity | None, after: Entity | None) -> None:
        keys = await store.read(lambda tx: _unknown(tx, mutation.tenant, before, after))
        for key in keys:
            with contextlib.suppress(TravelError):
                await _judge(store, travel, key, origin_of(before, after), mutation.actor)

    return settle


def _unknown(
    tx: ReadTx, tenant: str, before: Entity | None, after: Entity | None
) -> list[RouteKey]:
    routes = touched(tx, tenant, before, after)
    return [route.key for route in routes if _findings_now(tx, route) is None]


async def _judge(
    store: Store, travel: TravelTimes, key: RouteKey, origin: Origin, actor: str
) -> None:
    for _ in range(TRIES):
        route, block = await _measured(store, travel, key)
        if block is None:
            return
        known = replace(route, block=block)
        found = await store.read(partial(_findings_now, route=known))
        if found is None or not differ(route, found):
            return
        with contextlib.suppress(RouteChangedError):
            await store.write(partial(_record, known=known, origin=origin, actor=actor))
            return


def _findings_now(tx: ReadTx, route: StoredRoute) -> tuple[Finding, ...] | None:
    return route_findings(tx, route, tx.now())


async def _measured(
    store: Store, travel: TravelTimes, key: RouteKey
) -> tuple[StoredRoute, TravelBlock | None]:
    """The route, and the driving among all its places; None: it has no shift any more."""
    route, work, now = await store.read(
        lambda tx: (tx.routes_by_key([key])[key], shift_of(tx, key), tx.now())
    )
    if work is None:
        return route, None
    return route, await block_over(travel, route_places(work.shift, route.live(now)), route.block)


def _record(tx: WriteTx, known: StoredRoute, origin: Origin, actor: str) -> None:
    key = known.key
    if tx.lock_routes([key])[key] != known.version + 1:
        raise RouteChangedError
    now = tx.now()
    tx.expire_lapsed([key], now)
    tx.write_route(key, [p.id for p in known.live(now)], known.block)
    record_violations(tx, [key], origin, actor)
