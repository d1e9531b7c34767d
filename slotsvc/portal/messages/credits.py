"""SMS credits of a business unit, counted in tenths: an SMS takes 0.2 credit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.schema import BUSINESS_UNITS

TENTHS_PER_SMS = 2


class SmsRefusedError(Exception):
    """The text message was not accepted; nothing was taken, nothing will be sent."""


class OutOfCreditsError(SmsRefusedError):
    """The business unit has less than 0.2 credit left."""


def balance(connection: Connection, business_unit: str) -> int:
    """Tenths of a credit that are left. Raises ``LookupError`` for an unknown business unit."""
    query = select(BUSINESS_UNITS.c.sms_credits).where(BUSINESS_UNITS.c.id == business_unit)
    found: int | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise LookupError(f"no business unit {business_unit}")
    return found


def take_for_sms(connection: Connection, business_unit: str, kind: str, now: datetime) -> None:
    """Takes 0.2 credit for a message of ``kind``. Raises ``OutOfCreditsError``."""
    if balance(connection, business_unit) < TENTHS_PER_SMS:
        raise OutOfCreditsError(f"{business_unit} is out of SMS credits")
    _change(connection, business_unit, -TENTHS_PER_SMS, "SMS_CREDITS_TAKEN", "portal", kind, now)


def give_back(connection: Connection, business_unit: str, kind: str, now: datetime) -> None:
    """Gives back what a message took that surely was not sent."""
    _change(connection, business_unit, TENTHS_PER_SMS, "SMS_CREDITS_BACK", "portal", kind, now)


def top_up(
    connection: Connection, business_unit: str, tenths: int, actor: str, now: datetime
) -> int:
    """Adds credits, in tenths, and gives the new balance. ``actor``: as the audit names people."""
    if tenths <= 0:
        raise ValueError("tenths: must be above 0")
    _change(connection, business_unit, tenths, "SMS_CREDITS_ADDED", actor, "", now)
    return balance(connection, business_unit)


def _change(
    connection: Connection,
    business_unit: str,
    tenths: int,
    what: str,
    actor: str,
    kind: str,
    now: datetime,
) -> None:
    changed = update(BUSINESS_UNITS).where(BUSINESS_UNITS.c.id == business_unit)
    connection.execute(changed.values(sms_credits=BUSINESS_UNITS.c.sms_credits + tenths))
    data: dict[str, int | str] = {"tenths": tenths, "left": balance(connection, business_unit)}
    if kind:
        data["kind"] = kind
    subject = f"units/{business_unit}"
    record(connection, now, actor, what, business_unit=business_unit, subject=subject, data=data)
