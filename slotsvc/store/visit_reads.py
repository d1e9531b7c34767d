"""Reading visits: one, the held ones, the listed ones, the backlog.

The statements are built once, with parameters: building them anew costs more than running them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    tuple_,
)

from slotsvc.domain.time_window import from_epoch, to_epoch
from slotsvc.domain.visit import Placement, PlacementState
from slotsvc.scheduling.ports import NO_DUE, PendingMove, StoredVisit
from slotsvc.store.prepared import JUST_ONE, Prepared
from slotsvc.store.transaction import Question, Transaction
from slotsvc.store.visit_schema import PLACEMENT, VISIT
from slotsvc.store.visit_tables import (
    CANCELLED,
    HELD_NOW,
    LAPSED,
    LIVE,
    OF_TEAM,
    OF_VISIT,
    UNPLACED,
    all_visits,
    placed_visits,
    placement_from,
    stored_visit_from,
)

_OF_TENANT = PLACEMENT.c.tenant == bindparam("tenant")
_VISITS = all_visits().where(VISIT.c.tenant == bindparam("tenant"))
_BY_VISIT = Prepared(_VISITS.where(VISIT.c.id == bindparam("id")))
_BY_PLACEMENT = Prepared(placed_visits().where(_OF_TENANT, PLACEMENT.c.id == bindparam("id")))
_BY_REFERENCE = Prepared(
    _VISITS.where(VISIT.c.external_ref == bindparam("external_ref"))
    .order_by(case((or_(UNPLACED, LIVE), 0), else_=1), VISIT.c.created.desc(), VISIT.c.id)
    .limit(JUST_ONE)
)
_LIVE_HOLDS = (
    placed_visits().where(_OF_TENANT, HELD_NOW).order_by(PLACEMENT.c.held_since, PLACEMENT.c.id)
)
_PENDING = Prepared(
    select(PLACEMENT.c.replaces, PLACEMENT.c.id, PLACEMENT.c.expires).where(
        _OF_TENANT, HELD_NOW, PLACEMENT.c.replaces.is_not(None)
    )
)
_OF_CLIENT = Prepared(_LIVE_HOLDS.where(VISIT.c.client == bindparam("client")))
_OF_VISIT = Prepared(_LIVE_HOLDS.where(PLACEMENT.c.visit == bindparam("visit")).limit(JUST_ONE))
_HOLDS_IN_ALL = select(func.count()).select_from(PLACEMENT).where(HELD_NOW)

# A visit of the backlog that is held somewhere stands there.
_SHOWN = or_(VISIT.c.placement == PLACEMENT.c.id, and_(UNPLACED, HELD_NOW))
_CURRENT = placed_visits().where(_OF_TENANT, _SHOWN)
_WITHOUT_A_PLACE = _VISITS.where(CANCELLED).order_by(VISIT.c.id)
_DAY_ORDER = (PLACEMENT.c.day, PLACEMENT.c.technician, PLACEMENT.c.position, PLACEMENT.c.visit)

_OF_ACTIVITY = Prepared(
    select(PLACEMENT.c.day, func.count().label("visits"))
    .join_from(PLACEMENT, VISIT, OF_VISIT)
    .where(_OF_TENANT, PLACEMENT.c.day.between(bindparam("first"), bindparam("last")), LIVE)
    .where(bindparam("team") == OF_TEAM, VISIT.c.activity_type == bindparam("activity_type"))
    .group_by(PLACEMENT.c.day)
)

_HOLD = PLACEMENT.alias("hold")
_HELD_ELSEWHERE = (
    select(_HOLD.c.id)
    .where(_HOLD.c.tenant == VISIT.c.tenant, _HOLD.c.visit == VISIT.c.id)
    .where(_HOLD.c.state == PlacementState.HELD.value, _HOLD.c.expires > bindparam("now"))
    .exists()
)
_URGENCY = (-VISIT.c.priority, func.coalesce(VISIT.c.due, NO_DUE), VISIT.c.created, VISIT.c.id)
_BACKLOG = _VISITS.where(UNPLACED, ~_HELD_ELSEWHERE).order_by(*_URGENCY).limit(bindparam("most"))
_BEHIND = tuple_(*_URGENCY) > tuple_(*map(bindparam, ("urgency", "due", "made", "last")))


def _in_states(states: Sequence[PlacementState]) -> ColumnElement[bool]:
    # A lapsed hold is a released one that nobody has tidied up yet.
    stored = [state.value for state in states if state is not PlacementState.HELD]
    conditions: list[ColumnElement[bool]] = [PLACEMENT.c.state.in_(stored)]
    if PlacementState.HELD in states:
        conditions.append(HELD_NOW)
    if PlacementState.RELEASED in states:
        conditions.append(LAPSED)
    return or_(*conditions)


def visit_of(tenant: str, visit: str) -> Question:
    """What gives a visit with its current place."""
    return _BY_VISIT, {"tenant": tenant, "id": visit}


def placement_of(tenant: str, placement: str) -> Question:
    """What gives the visit of a placement, with that."""
    return _BY_PLACEMENT, {"tenant": tenant, "id": placement}


def moves_of(tenant: str, now: datetime) -> Question:
    """What gives the live holds that would take over from a placement."""
    return _PENDING, {"tenant": tenant, "now": to_epoch(now)}


class VisitReads(Transaction):
    """``slotsvc.scheduling.ports.RouteRead``, the visits."""

    def live_holds(self) -> int:
        """How many holds are live now, of all tenants."""
        found = self._connection.execute(_HOLDS_IN_ALL, {"now": to_epoch(self.now())})
        return int(found.scalar_one())

    def visit(self, tenant: str, visit: str) -> StoredVisit | None:
        """With its current placement, if it ever had one. None: not found."""
        return self._visit(visit_of(tenant, visit))

    def placement(self, tenant: str, placement: str) -> StoredVisit | None:
        """The visit that has, or had, this placement, shown with *this* placement."""
        return self._visit(placement_of(tenant, placement))

    def pending_moves(self, tenant: str, now: datetime) -> Mapping[str, PendingMove]:
        """By the id of the placement that a live hold would take over from."""
        (rows,) = self._ask(moves_of(tenant, now))
        return {r.replaces: PendingMove(r.id, from_epoch(r.expires)) for r in rows}

    def live_holds_of_client(self, tenant: str, client: str, now: datetime) -> Sequence[Placement]:
        """The client's live holds, replacements included, the oldest first."""
        of = {"tenant": tenant, "client": client, "now": to_epoch(now)}
        return [placement_from(row) for row in self._connection.execute(_OF_CLIENT, of)]

    def open_hold(self, tenant: str, visit: str, now: datetime) -> Placement | None:
        """The live hold of a visit, be it new, a move, or the placing of a stored one."""
        of = {"tenant": tenant, "visit": visit, "now": to_epoch(now)}
        row = self._connection.execute(_OF_VISIT, of).one_or_none()
        return None if row is None else placement_from(row)

    def live_of_activity(
        self, tenant: str, team: str, activity_type: str, first: date, last: date, now: datetime
    ) -> Mapping[date, int]:
        """How many live placements of an activity the team has, by service date; 0 is absent.

        first <= date <= last.
        """
        asked = {"tenant": tenant, "team": team, "activity_type": activity_type}
        span = {"first": first.isoformat(), "last": last.isoformat(), "now": to_epoch(now)}
        rows = self._connection.execute(_OF_ACTIVITY, asked | span)
        return {date.fromisoformat(row.day): row.visits for row in rows}

    def list_unplaced(
        self,
        tenant: str,
        *,
        team: str | None,
        client: str | None,
        after: tuple[int, int, int, str] | None,
        limit: int,
        now: datetime,
    ) -> Sequence[StoredVisit]:
        """The backlog without visits that are held now: by (-priority, due, created, id), strictly
        after ``after``; no due time sorts as ``NO_DUE``. ``team``, ``client``: None means all.
        """
        query = _BACKLOG
        asked: dict[str, Any] = {"tenant": tenant, "most": limit, "now": to_epoch(now)}
        if team is not None:
            query = query.where(VISIT.c.team == team)
        if client is not None:
            query = query.where(VISIT.c.client == client)
        if after is not None:
            query = query.where(_BEHIND)
            asked |= zip(("urgency", "due", "made", "last"), after, strict=True)
        return [stored_visit_from(row) for row in self._connection.execute(query, asked)]

    def visit_by_external_ref(self, tenant: str, external_ref: str) -> StoredVisit | None:
        """The visit with the caller's reference: one live or in the backlog, else the newest."""
        of = {"tenant": tenant, "external_ref": external_ref, "now": to_epoch(self.now())}
        return self._visit((_BY_REFERENCE, of))

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
        has position -1. Visits that were cancelled without a place come first, as ("", "", -1, id),
        unless technicians or dates are asked for.
        """
        found: list[StoredVisit] = []
        narrowed = technicians is not None or first is not None or last is not None
        if PlacementState.CANCELLED in states and not narrowed and (after is None or not after[0]):
            found = self._cancelled(tenant, client, after, limit)
        if len(found) == limit:
            return found
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
        query = _CURRENT.where(*wanted).order_by(*_DAY_ORDER).limit(limit - len(found))
        rows = self._connection.execute(query, {"tenant": tenant, "now": to_epoch(now)})
        return [*found, *(stored_visit_from(row) for row in rows)]

    def _cancelled(
        self, tenant: str, client: str | None, after: tuple[str, str, int, str] | None, limit: int
    ) -> list[StoredVisit]:
        query = _WITHOUT_A_PLACE.limit(limit)
        if client is not None:
            query = query.where(VISIT.c.client == client)
        if after is not None:
            query = query.where(VISIT.c.id > after[-1])
        rows = self._connection.execute(query, {"tenant": tenant})
        return [stored_visit_from(row) for row in rows]

    def _visit(self, asked: Question) -> StoredVisit | None:
        (rows,) = self._ask(asked)
        row: Row[Any] | None = rows.one_or_none()
        return None if row is None else stored_visit_from(row)
