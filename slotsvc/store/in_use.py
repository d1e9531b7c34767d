"""May this be deleted? Not while members, booked visits or live holds refer to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, select

from slotsvc.domain.errors import InUseError
from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Team, Technician, Tenant
from slotsvc.domain.time_window import to_epoch
from slotsvc.store import tables
from slotsvc.store.visit_tables import LIVE, placed_visits

_OF_TENANT = (tables.TEAM, tables.SITE, tables.ACTIVITY_TYPE, tables.VISIT, tables.ROUTE)


def refuse_when_in_use(
    connection: Connection, tenant: str, kind: type, id: str, now: datetime
) -> None:
    """Raises ``InUseError`` when something refers to the entity at ``now``."""
    for what, query in _references(tenant, kind, id):
        if connection.execute(select(exists(query)), {"now": to_epoch(now)}).scalar():
            raise InUseError(f"{what} still refer to it")


def _references(tenant: str, kind: type, id: str) -> Iterator[tuple[str, Select[Any]]]:
    live = placed_visits().where(tables.PLACEMENT.c.tenant == tenant, LIVE)
    if kind is Tenant:
        yield from ((f"{t.name}s", select(t).where(t.c.tenant == id)) for t in _OF_TENANT)
    elif kind is Team:
        member = tables.TECHNICIAN.c
        here = (member.tenant == tenant) & (member.team == id)
        yield "technicians", select(tables.TECHNICIAN).where(here)
    elif kind is Technician:
        yield "visits", live.where(tables.PLACEMENT.c.technician == id)
    elif kind is Site:
        yield "visits", live.where(tables.VISIT.c.site == id)
    elif kind is ActivityType:
        yield "visits", live.where(tables.VISIT.c.activity_type == id)
