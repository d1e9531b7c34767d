"""Codes are made here, behind the pages: who asked for one has had his answer already (S6).

One letter or text message for each wish, to an address that is in the client base (S23), within the
limits of S7. A wish that nobody known made, or one over a limit, is put away in silence.
"""

from __future__ import annotations

import asyncio
import random
import secrets as system_secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from slotsvc.portal.access import challenges, limits
from slotsvc.portal.access.challenges import CODE_DIGITS, LIFETIME, Challenge, Purpose
from slotsvc.portal.access.contacts import Contact, contact_by_id, contacts_at
from slotsvc.portal.access.identifiers import channel_of
from slotsvc.portal.access.limits import Limit
from slotsvc.portal.messages import texts
from slotsvc.portal.messages.credits import SmsRefusedError
from slotsvc.portal.messages.letters import Channel, Letter
from slotsvc.portal.messages.reader import Reader
from slotsvc.portal.secrets import hashed, new_token
from slotsvc.portal.tables.units import unit_by_id
from slotsvc.portal.visitor import BusinessUnit

if TYPE_CHECKING:
    from slotsvc.portal.parts import Portal

RECIPIENT_KIND = "code-sent"
RECIPIENT_LIMITS = (Limit(3, timedelta(minutes=15)), Limit(10, timedelta(days=1)))
PORTAL_KIND = "code-sent-portal"
PORTAL_LIMITS = (Limit(500, timedelta(days=1)),)
_POLL_S = 1.0
# the work must not sit right behind the request that asked: the next one would tell by its time
_LATER_S = (0.02, 0.2)

_LOG = structlog.get_logger("slotsvc.portal.access")


@dataclass(frozen=True, slots=True)
class Code:
    """A code and its link, for one letter. Neither is kept."""

    digits: str
    link_token: str


async def prepare_challenges(portal: Portal) -> None:
    """Prepares what was asked for, for ever: at once when told, else every second."""
    while True:
        try:
            await prepare_waiting(portal)
        except SQLAlchemyError as error:
            _LOG.error("codes.not_prepared", error=type(error).__name__)
        try:
            await asyncio.wait_for(portal.codes_asked.wait(), _POLL_S)
            portal.codes_asked.clear()
            await asyncio.sleep(random.uniform(*_LATER_S))
        except TimeoutError:
            continue


async def prepare_waiting(portal: Portal) -> int:
    """Prepares all that waits, each in a transaction of its own; gives how many letters go out."""
    now = portal.clock()
    found = await portal.database.read(lambda tx: challenges.waiting(tx, now))
    letters = 0
    for challenge in found:
        letters += await _prepared(portal, challenge)
    if letters:
        portal.outbox.wake()
    return letters


async def _prepared(portal: Portal, challenge: Challenge) -> bool:
    """One that cannot be prepared is put away: those behind it must not wait for it."""
    try:
        return await portal.database.write(partial(_prepare, portal, challenge))
    except OperationalError:  # of the tables, not of this one: the next look may find them well
        raise
    except Exception as error:
        _LOG.exception("code.not_prepared", error=type(error).__name__)
    now = int(portal.clock().timestamp())
    await portal.database.write(lambda tx: challenges.mark(tx, challenge.id, prepared_at=now))
    return False


def _prepare(portal: Portal, challenge: Challenge, connection: Connection) -> bool:
    now = portal.clock()
    challenges.mark(connection, challenge.id, prepared_at=int(now.timestamp()))
    bu = unit_by_id(connection, challenge.business_unit)
    known = _known(connection, bu, challenge, now) if bu is not None else []
    if bu is None or not known or not _within_limits(connection, portal, challenge, now):
        return False
    code = Code(_digits(), new_token())
    try:
        portal.outbox.put(connection, _letter(portal, bu, challenge, known, code))
    except SmsRefusedError as refused:
        _LOG.warning("code.refused", business_unit=bu.id, reason=type(refused).__name__)
        return False
    if not _all_blocked(known):
        _store(connection, portal, challenge, code)
    return True


def _known(
    connection: Connection, bu: BusinessUnit, challenge: Challenge, now: datetime
) -> list[Contact]:
    """Whom the code is for. For who is signed in already: himself, if he still may come in."""
    if channel_of(challenge.address) is Channel.SMS and not bu.sms_connection:
        return []
    if challenge.contact is None:
        return contacts_at(connection, bu, challenge.address, now)
    contact = contact_by_id(connection, challenge.contact)
    return [contact] if contact is not None and contact.may_come_in(bu, now) else []


def _within_limits(
    connection: Connection, portal: Portal, challenge: Challenge, now: datetime
) -> bool:
    """Whether one more may go out; then it is counted."""
    counted = (
        (RECIPIENT_KIND, challenge.address, RECIPIENT_LIMITS),
        (PORTAL_KIND, portal.options.tenant, PORTAL_LIMITS),
    )
    keys = [(kind, limits.key_of(portal.secrets, kind, of), most) for kind, of, most in counted]
    if not all(limits.free(connection, kind, key, most, now) for kind, key, most in keys):
        _LOG.warning("code.over_limit", business_unit=challenge.business_unit)
        return False
    for kind, key, _ in keys:
        limits.add(connection, kind, key, now)
    return True


def _letter(
    portal: Portal, bu: BusinessUnit, challenge: Challenge, known: list[Contact], code: Code
) -> Letter:
    """To somebody alone at his address in his language, else in the page's."""
    alone = known[0] if len(known) == 1 else None
    locale = alone.locale if alone is not None and alone.locale else challenge.locale
    name = alone.name if alone is not None else ""
    reader = Reader(bu, channel_of(challenge.address), challenge.address, locale, name)
    minutes, ends = int(LIFETIME.total_seconds()) // 60, challenge.expires_at
    if _all_blocked(known):
        return texts.login_blocked(reader, ends)
    match challenge.purpose:
        case Purpose.STEP_UP:
            return texts.step_up_code(reader, code.digits, minutes, ends)
        case Purpose.CHANGE:
            return texts.change_code(reader, code.digits, minutes, ends)
    link = f"{portal.public_url}/{bu.id}/l/{code.link_token}"
    return texts.login_code(reader, code.digits, link, minutes, ends)


def _store(connection: Connection, portal: Portal, challenge: Challenge, code: Code) -> None:
    mac = challenges.code_mac(portal.secrets, challenge.id, code.digits)
    link = hashed(code.link_token) if challenge.purpose is Purpose.LOGIN else None
    challenges.mark(connection, challenge.id, code_mac=mac, link_hash=link)


def _all_blocked(known: list[Contact]) -> bool:
    """A hundred wrong codes in a row: no more of them; the letter says whom to call (S2)."""
    return all(contact.blocked for contact in known)


def _digits() -> str:
    return str(system_secrets.randbelow(10**CODE_DIGITS)).zfill(CODE_DIGITS)
