"""Business units as everybody below the company's pages needs them: their settings in force."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, select

from slotsvc.portal.tables.schema import BUSINESS_UNITS
from slotsvc.portal.visitor import BusinessUnit

_SHOWN = frozenset(each.name for each in fields(BusinessUnit))


def live_unit(row: Any) -> BusinessUnit:
    """The unit of a row of ``BUSINESS_UNITS``, active or not. Absent settings: their defaults."""
    live = {"active": False, "company_name": ""} | row.live
    settings = {name: value for name, value in live.items() if name in _SHOWN}
    return BusinessUnit(
        id=row.id,
        team=row.team,
        locales=tuple(row.locales),
        time_zone=row.time_zone,
        **settings,
    )


def unit_by_id(connection: Connection, id: str) -> BusinessUnit | None:
    """The business unit, active or not; None: there is none."""
    row = connection.execute(select(BUSINESS_UNITS).where(BUSINESS_UNITS.c.id == id)).one_or_none()
    return live_unit(row) if row is not None else None
