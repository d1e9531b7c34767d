"""Business units as pages need them: their settings in force."""

from __future__ import annotations

from sqlalchemy import Connection, select

from slotsvc.portal.tables.schema import BUSINESS_UNITS
from slotsvc.portal.tables.units import live_unit, unit_by_id
from slotsvc.portal.visitor import BusinessUnit


def active_unit(connection: Connection, id: str) -> BusinessUnit | None:
    """The business unit; None: there is none, or it is not active."""
    unit = unit_by_id(connection, id)
    return unit if unit and unit.active else None


def active_units(connection: Connection) -> list[BusinessUnit]:
    """Those that clients may see, in the company's order."""
    asked = select(BUSINESS_UNITS).order_by(BUSINESS_UNITS.c.position, BUSINESS_UNITS.c.id)
    return [unit for unit in map(live_unit, connection.execute(asked)) if unit.active]
