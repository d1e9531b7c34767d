"""Days that were booked while no road engine answered: looked at again when roads are back.

The estimate is careful, so nearly all of them then have time to spare, and some turn out to be
broken: better known now than on the day. Whatever comes of it is recorded; nothing is moved.
"""

from __future__ import annotations

import contextlib
from functools import partial

from slotsvc.domain.errors import StoreBusyError, TravelError
from slotsvc.domain.place import Location
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.desk import RouteChangedError, shift_of
from slotsvc.scheduling.ports import Event, ReadTx, Store, StoredRoute, TravelBlock, WriteTx
from slotsvc.scheduling.resuming import route_places
from slotsvc.scheduling.route_violations import record_violations
from slotsvc.scheduling.travel_blocks import block_over
from slotsvc.scheduling.travel_port import Provenance, TravelTimes

ACTOR = "service"


async def measure_estimated_days(store: Store, travel: TravelTimes) -> int:
    """Reads the driving of every day to come that was judged on estimates, and judges it anew;
    gives how many it measured. Each is an event (ROUTE_MEASURED) and no longer flagged.

    A day that roads do not answer for after all, that changes meanwhile, or has no shift, waits
    for the next time. Raises ``StoreBusyError``, and when all days were looked at what stood in the
    way of one.
    """
    measured, failed = 0, list[Exception]()
    for key in await store.read(lambda tx: tx.estimated_routes(tx.now())):
        try:
            measured += await _measured(store, travel, key)
        except StoreBusyError:
            raise
        except Exception as error:  # a damaged row of one tenant is not the others' affair
            failed.append(error)
    if failed:
        raise failed[0]
    return measured


async def _measured(store: Store, travel: TravelTimes, key: RouteKey) -> bool:
    route, block = await _asked(store, travel, key)
    if block is None or block.provenance is Provenance.ESTIMATE:
        return False
    with contextlib.suppress(RouteChangedError):
        await store.write(partial(_write, route=route, block=block))
        return True
    return False


async def _asked(
    store: Store, travel: TravelTimes, key: RouteKey
) -> tuple[StoredRoute, TravelBlock | None]:
    """The route, and its driving as roads have it now; None: nothing can be said of it."""
    route, places = await store.read(partial(_places, key=key))
    if not places:
        return route, None
    try:
        return route, await block_over(travel, places, route.block)
    except TravelError:
        return route, None


def _places(tx: ReadTx, key: RouteKey) -> tuple[StoredRoute, tuple[Location, ...]]:
    route, work = tx.routes_by_key([key])[key], shift_of(tx, key)
    return route, () if work is None else route_places(work.shift, route.live(tx.now()))


def _write(tx: WriteTx, route: StoredRoute, block: TravelBlock) -> None:
    key = route.key
    version = tx.lock_routes([key])[key]
    if version != route.version + 1:
        raise RouteChangedError
    now = tx.now()
    tx.expire_lapsed([key], now)
    tx.write_route(key, [p.id for p in route.live(now)], block)
    tx.set_measured(key)
    tx.record(key.tenant, Event("ROUTE_MEASURED", key.technician, key, version), ACTOR)
    record_violations(tx, [key], Origin.ROADS, ACTOR)
