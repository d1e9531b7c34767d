"""Reading routes.

The statements are built once, with parameters: building them anew costs more than running them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Row,
    Table,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    tuple_,
)

from slotsvc.domain.route_violation import RouteViolation
from slotsvc.domain.visit import Placement, RouteKey, RouteState
from slotsvc.scheduling.epochs import VERSIONS, untouched
from slotsvc.scheduling.ports import StoredRoute
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.store.calendar_tables import Columns
from slotsvc.store.epoch import current_epoch
from slotsvc.store.prepared import Prepared
from slotsvc.store.transaction import Question, Transaction
from slotsvc.store.travel_block import from_bytes
from slotsvc.store.violation_rows import violation_from
from slotsvc.store.visit_schema import PLACEMENT, ROUTE, ROUTE_VIOLATION
from slotsvc.store.visit_tables import STANDS, placed_visits, placement_from

type _Key = tuple[str, str, str, int]


def on_routes(table: Table) -> ColumnElement[bool]:
    """Condition: the row belongs to one of the routes in the parameter ``routes``."""
    key: ColumnElement[Any] = tuple_(table.c.tenant, table.c.technician, table.c.day, table.c.shift)
    return key.in_(bindparam("routes", expanding=True))


def named(keys: Iterable[RouteKey]) -> Columns:
    """The parameter of ``on_routes``."""
    return {"routes": [row_key(key) for key in keys]}


def row_key(key: RouteKey) -> _Key:
    """The key as its columns, in their order."""
    return key.tenant, key.technician, key.day.isoformat(), key.shift


def _in_span(table: Table) -> ColumnElement[bool]:
    return and_(
        table.c.tenant == bindparam("tenant"),
        table.c.technician.in_(bindparam("technicians", expanding=True)),
        table.c.day.between(bindparam("first"), bindparam("last")),
    )


def _span(tenant: str, technicians: Iterable[str], first: date, last: date) -> Columns:
    return {
        "tenant": tenant,
        "technicians": list(technicians),
        "first": first.isoformat(),
        "last": last.isoformat(),
    }


# One route after the other, as their index has them.
_ORDER = (
    *(PLACEMENT.c[name] for name in ("tenant", "technician", "day", "shift", "position", "id")),
)
# Few routes have violations: whether one has any comes with it, and only those are asked for.
_SAME_ROUTE = (column == ROUTE_VIOLATION.c[column.name] for column in ROUTE.primary_key)
_ROUTES = select(ROUTE, exists().where(*_SAME_ROUTE).label("broken"))
_NAMED_ROUTES = Prepared(_ROUTES.where(on_routes(ROUTE)))
_NAMED_PLACED = Prepared(placed_visits().where(on_routes(PLACEMENT), STANDS).order_by(*_ORDER))
_SPAN_ROUTES = _ROUTES.where(_in_span(ROUTE))
_SPAN_PLACED = placed_visits().where(_in_span(PLACEMENT), STANDS).order_by(*_ORDER)
_VIOLATIONS = Prepared(
    select(ROUTE_VIOLATION).where(on_routes(ROUTE_VIOLATION)).order_by(ROUTE_VIOLATION.c.number)
)
_NEAR = timedelta(days=2)
# The state is written out, not bound: only so does SQLite see that its index will do.
_RUNNING = (
    select(ROUTE.c.tenant, ROUTE.c.technician, ROUTE.c.day, ROUTE.c.shift)
    .where(
        ROUTE.c.state == literal_column(f"'{RouteState.RUNNING.value}'"),
        ROUTE.c.day.between(bindparam("first"), bindparam("last")),
    )
    .order_by(*ROUTE.primary_key)
)
# Few are flagged for long, and it is asked rarely: no index of its own.
_ESTIMATED = (
    select(PLACEMENT.c.tenant, PLACEMENT.c.technician, PLACEMENT.c.day, PLACEMENT.c.shift)
    .where(
        PLACEMENT.c.provenance == Provenance.ESTIMATE.value,
        PLACEMENT.c.day >= bindparam("first"),
        STANDS,
    )
    .distinct()
    .order_by(*(PLACEMENT.c[name] for name in ("tenant", "technician", "day", "shift")))
)
_CHANGES = Prepared(
    select(ROUTE.c.technician, ROUTE.c.day, ROUTE.c.shift, ROUTE.c.change)
    .where(ROUTE.c.tenant == bindparam("tenant"), ROUTE.c.change > bindparam("after"))
    .order_by(ROUTE.c.change)
)
_LAST_CHANGE = Prepared(
    select(func.max(ROUTE.c.change)).where(ROUTE.c.tenant == bindparam("tenant"))
)
_SPAN_VERSIONS = select(ROUTE.c.technician, ROUTE.c.day, ROUTE.c.shift, ROUTE.c.version).where(
    _in_span(ROUTE)
)

FIRST_VERSION = f"(SELECT coalesce(max(number), 0) * {VERSIONS} + 1 FROM epoch)"
"""SQL for the version of a route after its first change: not lower than any it had before a
restore."""


def routes_of(keys: Sequence[RouteKey]) -> list[Question]:
    """What gives these routes, and what stands on them."""
    which = named(keys)
    return [(_NAMED_PLACED, which), (_NAMED_ROUTES, which)] if keys else []


class RouteReads(Transaction):
    """``slotsvc.scheduling.ports.RouteRead``, the routes."""

    def routes(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[RouteKey, StoredRoute]:
        """Touched routes, for first <= date <= last."""
        return self._routes(_SPAN_ROUTES, _SPAN_PLACED, _span(tenant, technicians, first, last))

    def route_versions(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[RouteKey, int]:
        """Versions only, of touched routes."""
        span = _span(tenant, technicians, first, last)
        rows = self._connection.execute(_SPAN_VERSIONS, span)
        return {
            RouteKey(tenant, technician, date.fromisoformat(day), shift): version
            for technician, day, shift, version in rows
        }

    def last_change(self, tenant: str) -> int:
        """Number of the last change of any route; 0: none was ever changed."""
        newest = self._connection.execute(_LAST_CHANGE, {"tenant": tenant}).scalar_one()
        return int(newest or 0)

    def changed_routes(self, tenant: str, after: int) -> tuple[int, Sequence[RouteKey]]:
        """The number of the last change, and the routes changed since the one of ``after``."""
        rows = self._connection.execute(_CHANGES, {"tenant": tenant, "after": after}).all()
        keys = [
            RouteKey(tenant, technician, date.fromisoformat(day), shift)
            for technician, day, shift, _ in rows
        ]
        return (rows[-1].change if rows else after), keys

    def running_routes(self, now: datetime) -> Sequence[RouteKey]:
        """Routes under way: RUNNING, with a service date at most two days from ``now``."""
        near = {
            "first": (now - _NEAR).date().isoformat(),
            "last": (now + _NEAR).date().isoformat(),
        }
        return [
            RouteKey(row.tenant, row.technician, date.fromisoformat(row.day), row.shift)
            for row in self._connection.execute(_RUNNING, near)
        ]

    def estimated_routes(self, now: datetime) -> Sequence[RouteKey]:
        """Routes with a placement that was judged on estimated driving, with a service date no
        earlier than two days before ``now``, of all tenants, in order."""
        found = self._connection.execute(_ESTIMATED, {"first": (now - _NEAR).date().isoformat()})
        return [
            RouteKey(row.tenant, row.technician, date.fromisoformat(row.day), row.shift)
            for row in found
        ]

    def routes_by_key(self, keys: Iterable[RouteKey]) -> Mapping[RouteKey, StoredRoute]:
        """The named routes, in this order; untouched ones are empty, at version 0 of the epoch."""
        wanted = list(dict.fromkeys(keys))
        found = self._routes(_NAMED_ROUTES, _NAMED_PLACED, named(wanted))
        if len(found) == len(wanted):
            return {key: found[key] for key in wanted}
        before = untouched(current_epoch(self._connection))
        return {key: found.get(key) or StoredRoute(key, before) for key in wanted}

    def _routes(
        self, routes: Executable, placed: Executable, which: Columns
    ) -> Mapping[RouteKey, StoredRoute]:
        standing: dict[_Key, list[Placement]] = defaultdict(list)
        found_placed, found_routes = self._ask((placed, which), (routes, which))
        for row in found_placed:
            standing[_key(row)].append(placement_from(row))
        rows = found_routes.all()
        broken = self._violations([_key(row) for row in rows if row.broken])
        found = (
            _route(row, standing.get(_key(row), ()), broken.get(_key(row), ())) for row in rows
        )
        return {route.key: route for route in found}

    def _violations(self, broken: Sequence[_Key]) -> Mapping[_Key, Sequence[RouteViolation]]:
        found: dict[_Key, list[RouteViolation]] = defaultdict(list)
        if broken:
            for row in self._connection.execute(_VIOLATIONS, {"routes": broken}):
                found[_key(row)].append(violation_from(row))
        return found


def _key(row: Row[Any]) -> _Key:
    return row.tenant, row.technician, row.day, row.shift


def _route(
    row: Row[Any], placed: Sequence[Placement], broken: Iterable[RouteViolation]
) -> StoredRoute:
    places = [placement.visit.location for placement in placed]
    return StoredRoute(
        RouteKey(row.tenant, row.technician, date.fromisoformat(row.day), row.shift),
        row.version,
        tuple(placed),
        None if row.block is None else from_bytes(row.block, places),
        RouteState(row.state),
        tuple(broken),
    )
