"""May this be deleted? Not while members, visits still to be done or live holds refer to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, select

from slotsvc.domain.errors import InUseError
from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Team, Technician, Tenant, Van
from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.visit import PlacementState
from slotsvc.store import tables
from slotsvc.store.visit_tables import LIVE, UNPLACED, placed_visits

_OF_TENANT = (
    tables.TEAM,
    tables.VAN,
    tables.CLOSURE,
    tables.SITE,
    tables.ACTIVITY_TYPE,
    tables.VISIT,
    tables.ROUTE,
)


def refuse_when_in_use(
    connection: Connection, tenant: str, kind: type, id: str, now: datetime
) -> None:
    """Raises ``InUseError`` when something refers to the entity at ``now``."""
    for what, query in _references(tenant, kind, id):
        if connection.execute(select(exists(query)), {"now": to_epoch(now)}).scalar():
            raise InUseError(f"{what} still refer to it")


def _references(tenant: str, kind: type, id: str) -> Iterator[tuple[str, Select[Any]]]:
    # What is done outlives what it refers to.
    to_do = placed_visits().where(
        tables.PLACEMENT.c.tenant == tenant,
        tables.PLACEMENT.c.state != PlacementState.DONE.value,
        LIVE,
    )
    backlog = select(tables.VISIT).where(tables.VISIT.c.tenant == tenant, UNPLACED)
    if kind is Tenant:
        yield from ((f"{t.name}s", select(t).where(t.c.tenant == id)) for t in _OF_TENANT)
    elif kind is Team:
        member = tables.TECHNICIAN.c
        here = (member.tenant == tenant) & (member.team == id)
        yield "technicians", select(tables.TECHNICIAN).where(here)
        loan, closure = tables.LOAN.c, tables.CLOSURE.c
        yield "loans", select(tables.LOAN).where(loan.tenant == tenant, loan.to_team == id)
        yield "closures", select(tables.CLOSURE).where(closure.tenant == tenant, closure.team == id)
        yield "visits", backlog.where(tables.VISIT.c.team == id)
    elif kind is Van:
        owner, day = tables.TECHNICIAN.c, tables.SHIFT_EXCEPTION.c
        mine = (owner.tenant == tenant) & (owner.van == id)
        yield "technicians", select(tables.TECHNICIAN).where(mine)
        dated = (day.tenant == tenant) & (day.van == id)
        yield "shift exceptions", select(tables.SHIFT_EXCEPTION).where(dated)
    elif kind is Technician:
        yield "visits", to_do.where(tables.PLACEMENT.c.technician == id)
    elif kind is Site:
        yield "visits", to_do.where(tables.VISIT.c.site == id)
        yield "visits", backlog.where(tables.VISIT.c.site == id)
    elif kind is ActivityType:
        yield "visits", to_do.where(tables.VISIT.c.activity_type == id)
        yield "visits", backlog.where(tables.VISIT.c.activity_type == id)
