"""What is set up and what is missing, unit by unit, in the order of the seeds' steps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, func, select

from slotsvc.portal.company.units import Unit, all_units
from slotsvc.portal.tables.schema import ACTIVITY_TYPES, AUDIT, CLIENTS, CONTACTS


class Step(StrEnum):
    """One thing to do before clients book."""

    ACTIVATE = "ACTIVATE"  # the portal of the unit is active
    APPEARANCE = "APPEARANCE"  # name, logo, a way to reach the company, a description
    SAVE = "SAVE"  # no draft waits to be saved
    SMS_CREDITS = "SMS_CREDITS"  # where codes go by SMS, the balance pays for some
    ACTIVITY_TYPES = "ACTIVITY_TYPES"  # at least one is shown
    CLIENTS = "CLIENTS"  # at least one client has access and a portal user
    TRY = "TRY"  # somebody looked through a client's eyes


@dataclass(frozen=True, slots=True)
class Item:
    """A step with its state. ``number``: what it counts; credits in tenths; None: nothing."""

    step: Step
    done: bool
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps of one unit, those that do not apply left out."""

    unit: Unit
    items: list[Item]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return all(item.done for item in self.items)


def checklists(connection: Connection) -> list[Checklist]:
    """One for each unit, in the company's order."""
    return [Checklist(unit, _items(connection, unit)) for unit in all_units(connection)]


def _items(connection: Connection, unit: Unit) -> list[Item]:
    live, types = unit.live, _types(connection, unit.id)
    clients = _clients(connection, unit.id)
    looks = bool(live.company_name and live.logo and (live.phone or live.email))
    looks = looks and any(live.description.values())
    items = [
        Item(Step.ACTIVATE, live.active),
        Item(Step.APPEARANCE, looks),
        Item(Step.SAVE, unit.draft is None),
        Item(Step.SMS_CREDITS, unit.messages_left > 0, unit.sms_credits),
        Item(Step.ACTIVITY_TYPES, types > 0, types),
        Item(Step.CLIENTS, clients > 0, clients),
        Item(Step.TRY, _tried(connection, unit.id)),
    ]
    hidden = set() if live.sms_connection else {Step.SMS_CREDITS}
    hidden |= set() if unit.draft else {Step.SAVE}
    return [item for item in items if item.step not in hidden]


def _types(connection: Connection, bu: str) -> int:
    shown = (ACTIVITY_TYPES.c.business_unit == bu) & ACTIVITY_TYPES.c.shown.is_(True)
    return connection.execute(select(func.count()).where(shown)).scalar_one()


def _clients(connection: Connection, bu: str) -> int:
    users = select(CONTACTS.c.client).where(CONTACTS.c.portal_user.is_(True))
    query = select(func.count()).where(
        CLIENTS.c.business_unit == bu, CLIENTS.c.access.is_(True), CLIENTS.c.id.in_(users)
    )
    return connection.execute(query).scalar_one()


def _tried(connection: Connection, bu: str) -> bool:
    query = select(AUDIT.c.id).where(AUDIT.c.business_unit == bu, AUDIT.c.what == "VIEW_AS")
    return connection.execute(query.limit(1)).first() is not None
