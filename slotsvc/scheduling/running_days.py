"""Days under way: time alone makes visits late. Looked at now and then, written when it matters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import batched

from slotsvc.domain.errors import StoreBusyError
from slotsvc.domain.route_violation import Origin, RouteViolation
from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.ports import ReadTx, Store, WriteTx
from slotsvc.scheduling.route_violations import record_violations, route_findings
from slotsvc.solver.checker import Finding

GROWTH_S = 300
"""A violation on record is written anew when it has grown or shrunk by this much."""

AT_ONCE = 100
"""Routes that are read in one snapshot."""

ACTOR = "service"


async def judge_running_days(store: Store) -> int:
    """Records what got late, or sound again, on routes under way; gives how many changed.

    Each change is an event (PROMISE_AT_RISK, PROMISE_SAFE, ROUTE_BROKEN, ROUTE_MENDED). A route
    that cannot be judged keeps none of the others from it, nor one tenant those of all: what stood
    in its way is raised when all were looked at. Raises ``StoreBusyError``, at once where nothing
    can be read.
    """
    running = await store.read(lambda tx: tx.running_routes(tx.now()))
    changed, failed = 0, list[Exception]()
    for keys in batched(running, AT_ONCE):
        for key in await _late(store, keys, failed):
            try:
                changed += await store.write(partial(_judge, key=key))
            except Exception as error:
                failed.append(error)
    if failed:
        raise failed[0]
    return changed


async def _late(
    store: Store, keys: Sequence[RouteKey], failed: list[Exception]
) -> Sequence[RouteKey]:
    """Those with something to record; where not all can be read together, one by one."""
    try:
        return await store.read(partial(_changed, keys=keys))
    except StoreBusyError:
        raise
    except Exception as error:
        if len(keys) == 1:
            failed.append(error)
            return ()
    return [late for key in keys for late in await _late(store, (key,), failed)]


def _changed(tx: ReadTx, keys: Iterable[RouteKey]) -> list[RouteKey]:
    now = tx.now()
    routes = tx.routes_by_key(keys)
    found = ((key, route, route_findings(tx, route, now)) for key, route in routes.items())
    return [
        key for key, route, now_ in found if now_ is not None and _other(route.violations, now_)
    ]


def _judge(tx: WriteTx, key: RouteKey) -> bool:
    """False: somebody else's write has judged it meanwhile, and nothing is left to tell."""
    tx.take_turn(key.tenant)
    if not _changed(tx, [key]):
        return False
    tx.lock_routes([key])
    record_violations(tx, [key], Origin.OVERRUN, ACTOR)
    return True


def _other(stored: Sequence[RouteViolation], found: Sequence[Finding]) -> bool:
    sizes = {(v.kind, v.subject): v.size for v in stored}
    fresh = {(f.kind.value, f.subject): f.size for f in found}
    if sizes.keys() != fresh.keys():
        return True
    return any(abs(fresh[limit] - size) >= GROWTH_S for limit, size in sizes.items())
