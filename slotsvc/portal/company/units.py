"""Business units as the company sets them up: what is in force, a draft, and saving it.

``version`` grows with every change of a draft or of the settings, so that two people who edit one
unit notice each other instead of overwriting.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from slotsvc.portal.access.sessions import end_all_of_unit
from slotsvc.portal.company.logos import forget_unused
from slotsvc.portal.messages.credits import TENTHS_PER_SMS
from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.schema import BUSINESS_UNITS
from slotsvc.portal.unit_settings import (
    BusinessUnitSettings,
    Problem,
    changes,
    problems,
    shown_unit,
)
from slotsvc.portal.visitor import BusinessUnit


@dataclass(frozen=True, slots=True)
class Unit:
    """One business unit. ``draft``: None where nobody works on one. ``sms_credits``: in tenths."""

    id: str
    team: str
    locales: tuple[str, ...]
    time_zone: str
    live: BusinessUnitSettings
    draft: BusinessUnitSettings | None
    sms_credits: int
    version: int

    @property
    def edited(self) -> BusinessUnitSettings:
        """What the form shows: the draft, else what is in force."""
        return self.draft or self.live

    @property
    def changed(self) -> list[str]:
        """The fields in which the draft differs from what is in force."""
        return changes(self.live, self.edited)

    @property
    def credits(self) -> float:
        """The balance, in credits."""
        return self.sms_credits / 10

    @property
    def messages_left(self) -> int:
        """How many SMS the balance pays for."""
        return max(0, self.sms_credits) // TENTHS_PER_SMS

    def preview(self) -> BusinessUnit:
        """The unit as the portal would show it if the draft were saved."""
        return shown_unit(self, self.edited)


class EditConflictError(Exception):
    """Somebody else changed the unit since the form was opened."""


class SettingsRefusedError(Exception):
    """The settings cannot be kept; ``problems`` says why, by field."""

    def __init__(self, found: dict[str, Problem]) -> None:
        super().__init__(", ".join(found))
        self.problems = found


def all_units(connection: Connection) -> list[Unit]:
    """Every unit, in the company's order."""
    query = select(BUSINESS_UNITS).order_by(BUSINESS_UNITS.c.position, BUSINESS_UNITS.c.id)
    return [_unit(row) for row in connection.execute(query)]


def unit_of(connection: Connection, bu: str) -> Unit | None:
    """One unit; None: no such unit."""
    query = select(BUSINESS_UNITS).where(BUSINESS_UNITS.c.id == bu)
    row = connection.execute(query).one_or_none()
    return None if row is None else _unit(row)


def keep_draft(
    connection: Connection, bu: str, version: int, settings: BusinessUnitSettings, actor: str,
    now: datetime,
) -> Unit:  # fmt: skip
    """Keeps a draft: nothing of it takes effect. One equal to what is in force is no draft.

    Raises ``SettingsRefusedError``; ``EditConflictError`` when ``version`` is not the unit's now.
    """
    unit = _judged(connection, bu, version, settings)
    draft = settings.to_json() if settings != unit.live else None
    _change(connection, unit, draft=draft)
    forget_unused(connection)
    changed = changes(unit.live, settings)
    _tell(connection, unit, "DRAFT_KEPT", actor, now, changed)
    return _standing(connection, bu)


def save(
    connection: Connection, bu: str, version: int, settings: BusinessUnitSettings, actor: str,
    now: datetime,
) -> Unit:  # fmt: skip
    """Puts the settings in force; from this moment clients meet them. The draft is gone.

    Switching the portal off ends every session of the unit's clients; without permanent codes,
    sessions that came in by one stop at their next page. Raises like ``keep_draft``.
    """
    unit = _judged(connection, bu, version, settings)
    _change(connection, unit, live=settings.to_json(), draft=None)
    forget_unused(connection)
    if unit.live.active and not settings.active:
        end_all_of_unit(connection, bu, now)
    _tell(connection, unit, "SETTINGS_SAVED", actor, now, changes(unit.live, settings))
    return _standing(connection, bu)


def discard_draft(connection: Connection, bu: str, version: int, actor: str, now: datetime) -> Unit:
    """Throws the draft away. Raises ``EditConflictError`` like ``keep_draft``."""
    unit = _standing(connection, bu)
    if unit.version != version:
        raise EditConflictError(bu)
    _change(connection, unit, draft=None)
    forget_unused(connection)
    _tell(connection, unit, "DRAFT_DISCARDED", actor, now, unit.changed)
    return _standing(connection, bu)


def _judged(connection: Connection, bu: str, version: int, settings: BusinessUnitSettings) -> Unit:
    unit = _standing(connection, bu)
    found = problems(settings, unit.locales)
    if found:
        raise SettingsRefusedError(found)
    if unit.version != version:
        raise EditConflictError(bu)
    return unit


def _standing(connection: Connection, bu: str) -> Unit:
    unit = unit_of(connection, bu)
    if unit is None:
        raise EditConflictError(bu)
    return unit


def _change(connection: Connection, unit: Unit, **values: Any) -> None:
    changed = update(BUSINESS_UNITS).where(BUSINESS_UNITS.c.id == unit.id)
    connection.execute(changed.values(version=unit.version + 1, **values))


def _tell(
    connection: Connection, unit: Unit, what: str, actor: str, now: datetime, changed: list[str]
) -> None:
    data = {"changed": ", ".join(changed)}
    subject = f"units/{unit.id}"
    record(connection, now, actor, what, business_unit=unit.id, subject=subject, data=data)


def _unit(row: Any) -> Unit:
    return Unit(
        id=row.id,
        team=row.team,
        locales=tuple(row.locales),
        time_zone=row.time_zone,
        live=BusinessUnitSettings.from_json(row.live),
        draft=None if row.draft is None else BusinessUnitSettings.from_json(row.draft),
        sms_credits=row.sms_credits,
        version=row.version,
    )
