"""Reading routes and visits.

The statements are built once, with parameters: building them anew costs more than running them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, and_, bindparam, func, or_, select, tuple_

from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.visit import Placement, PlacementState, RouteKey
from slotsvc.scheduling.ports import StoredRoute, StoredVisit
from slotsvc.store.calendar_tables import Columns
from slotsvc.store.tables import PLACEMENT, ROUTE, VISIT
from slotsvc.store.transaction import Transaction
from slotsvc.store.travel_block import from_bytes
from slotsvc.store.visit_tables import (
    HELD_NOW,
    LAPSED,
    LIVE,
    STANDS,
    placed_visits,
    placement_from,
    stored_visit_from,
)


def on_routes(table: Table) -> ColumnElement[bool]:
    """Condition: the row belongs to one of the routes in the parameter ``routes``."""
    key: ColumnElement[Any] = tuple_(table.c.tenant, table.c.technician, table.c.day)
    return key.in_(bindparam("routes", expanding=True))


def named(keys: Iterable[RouteKey]) -> Columns:
    """The parameter of ``on_routes``."""
    return {"routes": [(key.tenant, key.technician, key.day.isoformat()) for key in keys]}


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


_ORDER = (PLACEMENT.c.position, PLACEMENT.c.id)
_NAMED_ROUTES = select(ROUTE).where(on_routes(ROUTE))
_NAMED_PLACED = placed_visits().where(on_routes(PLACEMENT), STANDS).order_by(*_ORDER)
_SPAN_ROUTES = select(ROUTE).where(_in_span(ROUTE))
_SPAN_PLACED = placed_visits().where(_in_span(PLACEMENT), STANDS).order_by(*_ORDER)
_SPAN_VERSIONS = select(ROUTE.c.technician, ROUTE.c.day, ROUTE.c.version).where(_in_span(ROUTE))

_OF_TENANT = PLACEMENT.c.tenant == bindparam("tenant")
_CURRENT = placed_visits().where(_OF_TENANT, VISIT.c.placement == PLACEMENT.c.id)
_BY_VISIT = _CURRENT.where(VISIT.c.id == bindparam("id"))
_BY_PLACEMENT = placed_visits().where(_OF_TENANT, PLACEMENT.c.id == bindparam("id"))
_BY_REFERENCE = (
    _CURRENT.where(VISIT.c.external_ref == bindparam("external_ref"))
    .order_by(LIVE.desc(), VISIT.c.created.desc(), VISIT.c.id)
    .limit(1)
)
_LIVE_HOLDS = (
    placed_visits()
    .where(_OF_TENANT, HELD_NOW)
    .order_by(PLACEMENT.c.held_since, PLACEMENT.c.id)
    .limit(1)
)
_REPLACEMENT = _LIVE_HOLDS.where(PLACEMENT.c.replaces == bindparam("replaces"))
_OF_CLIENT = _LIVE_HOLDS.where(
    VISIT.c.client == bindparam("client"), VISIT.c.activity_type == bindparam("activity_type")
)
_HOLDS_IN_ALL = select(func.count()).select_from(PLACEMENT).where(HELD_NOW)
_DAY_ORDER = (PLACEMENT.c.day, PLACEMENT.c.technician, PLACEMENT.c.position, PLACEMENT.c.visit)


def _in_states(states: Sequence[PlacementState]) -> ColumnElement[bool]:
    # A lapsed hold is a released one that nobody has tidied up yet.
    stored = [state.value for state in states if state is not PlacementState.HELD]
    conditions: list[ColumnElement[bool]] = [PLACEMENT.c.state.in_(stored)]
    if PlacementState.HELD in states:
        conditions.append(HELD_NOW)
    if PlacementState.RELEASED in states:
        conditions.append(LAPSED)
    return or_(*conditions)


class RouteReads(Transaction):
    """``slotsvc.scheduling.ports.RouteRead``."""

    def routes(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[tuple[str, date], StoredRoute]:
        """Touched routes by (technician, date), for first <= date <= last."""
        span = _span(tenant, technicians, first, last)
        found = self._routes(_SPAN_ROUTES, _SPAN_PLACED, span)
        return {(key.technician, key.day): route for key, route in found.items()}

    def route_versions(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[tuple[str, date], int]:
        """Versions only, of touched routes."""
        span = _span(tenant, technicians, first, last)
        rows = self._connection.execute(_SPAN_VERSIONS, span)
        return {(row.technician, date.fromisoformat(row.day)): row.version for row in rows}

    def routes_by_key(self, keys: Iterable[RouteKey]) -> Mapping[RouteKey, StoredRoute]:
        """The named routes; untouched ones come as version 0, empty."""
        wanted = list(dict.fromkeys(keys))
        found = self._routes(_NAMED_ROUTES, _NAMED_PLACED, named(wanted))
        return {key: found.get(key) or StoredRoute(key, 0) for key in wanted}

    def live_holds(self) -> int:
        """How many holds are live now, of all tenants."""
        found = self._connection.execute(_HOLDS_IN_ALL, {"now": to_epoch(self.now())})
        return int(found.scalar_one())

    def visit(self, tenant: str, visit: str) -> StoredVisit | None:
        """With its current placement. None: not found."""
        return self._visit(_BY_VISIT, tenant=tenant, id=visit)

    def placement(self, tenant: str, placement: str) -> StoredVisit | None:
        """The visit that has, or had, this placement, shown with *this* placement."""
        return self._visit(_BY_PLACEMENT, tenant=tenant, id=placement)

    def open_replacement(self, tenant: str, placement: str, now: datetime) -> Placement | None:
        """The live hold that would take over from the placement; None when there is none."""
        return self._hold(_REPLACEMENT, now, tenant=tenant, replaces=placement)

    def live_hold_of_client(
        self, tenant: str, client: str, activity_type: str, now: datetime
    ) -> Placement | None:
        """The client's live hold for this activity, replacements included; the oldest of them."""
        of = {"tenant": tenant, "client": client, "activity_type": activity_type}
        return self._hold(_OF_CLIENT, now, **of)

    def visit_by_external_ref(self, tenant: str, external_ref: str) -> StoredVisit | None:
        """The visit with the caller's reference: the live one, else the newest."""
        now = to_epoch(self.now())
        return self._visit(_BY_REFERENCE, tenant=tenant, external_ref=external_ref, now=now)

    def list_visits(
        self,
        tenant: str,
        *,
        technicians: Sequence[str] | None,
        first: date | None,
        last: date | None,
        states: Sequence[PlacementState],
        client: str | None,
        after: tuple[str, str, int, str] | None,
        limit: int,
        now: datetime,
    ) -> Sequence[StoredVisit]:
        """By (date, technician, position, visit id), strictly after ``after``.

        ``states``: as they stand at ``now``, so that a lapsed hold is listed as RELEASED and not
        as HELD. ``technicians``, ``first``, ``last``, ``client``: None means all. An ended visit
        has position -1.
        """
        wanted = [_in_states(states)]
        if technicians is not None:
            wanted.append(PLACEMENT.c.technician.in_(list(technicians)))
        if first is not None:
            wanted.append(PLACEMENT.c.day >= first.isoformat())
        if last is not None:
            wanted.append(PLACEMENT.c.day <= last.isoformat())
        if client is not None:
            wanted.append(VISIT.c.client == client)
        if after is not None:
            wanted.append(tuple_(*_DAY_ORDER) > tuple_(*after))
        query = _CURRENT.where(*wanted).order_by(*_DAY_ORDER).limit(limit)
        rows = self._connection.execute(query, {"tenant": tenant, "now": to_epoch(now)})
        return [stored_visit_from(row) for row in rows]

    def _visit(self, query: Select[Any], **parameters: Any) -> StoredVisit | None:
        row: Row[Any] | None = self._connection.execute(query, parameters).one_or_none()
        return None if row is None else stored_visit_from(row)

    def _hold(self, query: Select[Any], now: datetime, **parameters: str) -> Placement | None:
        at = parameters | {"now": to_epoch(now)}
        row = self._connection.execute(query, at).one_or_none()
        return None if row is None else placement_from(row)

    def _routes(
        self, routes: Select[Any], placed: Select[Any], which: Columns
    ) -> Mapping[RouteKey, StoredRoute]:
        by_route: dict[tuple[str, str, str], list[Placement]] = defaultdict(list)
        for row in self._connection.execute(placed, which):
            by_route[row.tenant, row.technician, row.day].append(placement_from(row))
        found: dict[RouteKey, StoredRoute] = {}
        for row in self._connection.execute(routes, which):
            key = RouteKey(row.tenant, row.technician, date.fromisoformat(row.day))
            placements = by_route.get((row.tenant, row.technician, row.day), [])
            block = None if row.block is None else from_bytes(row.block)
            found[key] = StoredRoute(key, row.version, tuple(placements), block)
        return found
