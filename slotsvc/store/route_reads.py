"""Reading routes and visits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, tuple_

from slotsvc.domain.visit import Placement, PlacementState, RouteKey
from slotsvc.scheduling.ports import StoredRoute, StoredVisit
from slotsvc.store.tables import PLACEMENT, ROUTE, VISIT
from slotsvc.store.transaction import Transaction
from slotsvc.store.travel_block import from_bytes
from slotsvc.store.visit_tables import (
    HELD,
    STANDING,
    is_lapsed,
    is_live,
    placed_visits,
    placement_from,
    stored_visit_from,
)


def on_routes(table: Any, keys: Iterable[RouteKey]) -> ColumnElement[bool]:
    """Condition: the row belongs to one of the routes."""
    names = [(key.tenant, key.technician, key.day.isoformat()) for key in keys]
    condition: ColumnElement[bool] = tuple_(table.c.tenant, table.c.technician, table.c.day).in_(
        names
    )
    return condition


def _in_span(
    table: Any, tenant: str, technicians: Iterable[str], first: date, last: date
) -> ColumnElement[bool]:
    return and_(
        table.c.tenant == tenant,
        table.c.technician.in_(list(technicians)),
        table.c.day.between(first.isoformat(), last.isoformat()),
    )


def _in_states(states: Sequence[PlacementState], now: datetime) -> ColumnElement[bool]:
    # A lapsed hold is a released one that nobody has tidied up yet.
    stored = [state.value for state in states if state is not PlacementState.HELD]
    conditions: list[ColumnElement[bool]] = [PLACEMENT.c.state.in_(stored)]
    if PlacementState.HELD in states:
        conditions.append(and_(PLACEMENT.c.state == HELD, is_live(now)))
    if PlacementState.RELEASED in states:
        conditions.append(is_lapsed(now))
    return or_(*conditions)


class RouteReads(Transaction):
    """``slotsvc.scheduling.ports.RouteRead``."""

    def routes(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[tuple[str, date], StoredRoute]:
        """Touched routes by (technician, date), for first <= date <= last."""
        names = list(technicians)
        found = self._routes(
            _in_span(ROUTE, tenant, names, first, last),
            _in_span(PLACEMENT, tenant, names, first, last),
        )
        return {(key.technician, key.day): stored for key, stored in found.items()}

    def route_versions(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[tuple[str, date], int]:
        """Versions only, of touched routes."""
        here = _in_span(ROUTE, tenant, technicians, first, last)
        query = select(ROUTE.c.technician, ROUTE.c.day, ROUTE.c.version).where(here)
        rows = self._connection.execute(query)
        return {(row.technician, date.fromisoformat(row.day)): row.version for row in rows}

    def routes_by_key(self, keys: Iterable[RouteKey]) -> Mapping[RouteKey, StoredRoute]:
        """The named routes; untouched ones come as version 0, empty."""
        named = list(dict.fromkeys(keys))
        found = self._routes(on_routes(ROUTE, named), on_routes(PLACEMENT, named))
        return {key: found.get(key) or StoredRoute(key, 0) for key in named}

    def visit(self, tenant: str, visit: str) -> StoredVisit | None:
        """With its current placement. None: not found."""
        return self._current(VISIT.c.tenant == tenant, VISIT.c.id == visit)

    def placement(self, tenant: str, placement: str) -> StoredVisit | None:
        """The visit that has, or had, this placement, shown with *this* placement."""
        here = (PLACEMENT.c.tenant == tenant, PLACEMENT.c.id == placement)
        return self._first(placed_visits().where(*here))

    def open_replacement(self, tenant: str, placement: str, now: datetime) -> Placement | None:
        """The live hold that would take over from the placement; None when there is none."""
        return self._held(now, PLACEMENT.c.tenant == tenant, PLACEMENT.c.replaces == placement)

    def live_hold_of_client(
        self, tenant: str, client: str, activity_type: str, now: datetime
    ) -> Placement | None:
        """The client's live hold for this activity, replacements included; the oldest of them."""
        return self._held(
            now,
            VISIT.c.tenant == tenant,
            VISIT.c.client == client,
            VISIT.c.activity_type == activity_type,
        )

    def visit_by_external_ref(self, tenant: str, external_ref: str) -> StoredVisit | None:
        """The visit with the caller's reference: the live one, else the newest."""
        here = (VISIT.c.tenant == tenant, VISIT.c.external_ref == external_ref)
        newest = (is_live(self.now()).desc(), VISIT.c.created.desc(), VISIT.c.id)
        return self._current(*here, order=newest)

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
        as HELD. None of the other arguments given: no limit from that one.
        """
        order = (PLACEMENT.c.day, PLACEMENT.c.technician, PLACEMENT.c.position, PLACEMENT.c.visit)
        wanted = [PLACEMENT.c.tenant == tenant, _in_states(states, now)]
        if technicians is not None:
            wanted.append(PLACEMENT.c.technician.in_(list(technicians)))
        if first is not None:
            wanted.append(PLACEMENT.c.day >= first.isoformat())
        if last is not None:
            wanted.append(PLACEMENT.c.day <= last.isoformat())
        if client is not None:
            wanted.append(VISIT.c.client == client)
        if after is not None:
            wanted.append(tuple_(*order) > tuple_(*after))
        query = placed_visits().where(VISIT.c.placement == PLACEMENT.c.id, *wanted)
        rows = self._connection.execute(query.order_by(*order).limit(limit))
        return [stored_visit_from(row) for row in rows]

    def _current(
        self, *conditions: ColumnElement[bool], order: Iterable[ColumnElement[Any]] = ()
    ) -> StoredVisit | None:
        query = placed_visits().where(VISIT.c.placement == PLACEMENT.c.id, *conditions)
        return self._first(query.order_by(*order))

    def _first(self, query: Select[Any]) -> StoredVisit | None:
        row: Row[Any] | None = self._connection.execute(query.limit(1)).one_or_none()
        return None if row is None else stored_visit_from(row)

    def _held(self, now: datetime, *conditions: ColumnElement[bool]) -> Placement | None:
        held = (PLACEMENT.c.state == HELD, is_live(now), *conditions)
        oldest = (PLACEMENT.c.held_since, PLACEMENT.c.id)
        query = placed_visits().where(*held).order_by(*oldest).limit(1)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else placement_from(row)

    def _routes(
        self, which: ColumnElement[bool], placed: ColumnElement[bool]
    ) -> Mapping[RouteKey, StoredRoute]:
        by_route: dict[tuple[str, str, str], list[Placement]] = defaultdict(list)
        standing = placed_visits().where(placed, PLACEMENT.c.state.in_(STANDING))
        order = (PLACEMENT.c.position, PLACEMENT.c.id)
        for row in self._connection.execute(standing.order_by(*order)):
            by_route[row.tenant, row.technician, row.day].append(placement_from(row))
        found: dict[RouteKey, StoredRoute] = {}
        for row in self._connection.execute(select(ROUTE).where(which)):
            key = RouteKey(row.tenant, row.technician, date.fromisoformat(row.day))
            placements = by_route.get((row.tenant, row.technician, row.day), [])
            block = None if row.block is None else from_bytes(row.block)
            found[key] = StoredRoute(key, row.version, tuple(placements), block)
        return found
