"""What contacts change of themselves: name, language, e-mail address, telephone number.

A new address counts once a code sent to it came back. Then the permanent link and all other
sessions end, and the old address is told: whoever took over a session cannot stay unseen (S5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, update

from slotsvc.portal.access import challenges, limits
from slotsvc.portal.access.challenges import Challenge, Purpose, Wish
from slotsvc.portal.access.contacts import contact_by_id
from slotsvc.portal.access.identifiers import Identifier, channel_of
from slotsvc.portal.access.invitations import withdraw
from slotsvc.portal.access.limits import Limit
from slotsvc.portal.access.login_codes import Outcome, judge, wrong
from slotsvc.portal.access.permanent_links import revoke_link
from slotsvc.portal.access.sessions import end_all, raised
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.secrets import PortalSecrets
from slotsvc.portal.tables.schema import CONTACTS
from slotsvc.portal.visitor import ClientVisitor

NAME_LENGTH = 200
CHANGE = {Purpose.CHANGE}
CHANGE_KIND = "address-change"
CHANGE_LIMITS = (Limit(5, timedelta(days=1)),)


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of the code. IN: ``old`` is the address that does not count any more (None: there
    was none), ``new`` the one that does, ``session`` the new token for the session's cookie."""

    outcome: Outcome
    session: str | None = field(default=None, repr=False)
    old: str | None = field(default=None, repr=False)
    new: str | None = field(default=None, repr=False)
    tries_left: int = 0


def may_ask(
    connection: Connection, secrets: PortalSecrets, contact: str, now: datetime
) -> timedelta:
    """Counts one wish for a change; how long to wait where there were too many, else zero.

    A signed-in client may have codes sent to addresses outside of the client base: not many (S7).
    """
    key = limits.key_of(secrets, CHANGE_KIND, contact)
    wait = limits.wait(connection, CHANGE_KIND, key, CHANGE_LIMITS, now)
    if not wait:
        limits.add(connection, CHANGE_KIND, key, now)
    return wait


def wish(visitor: ClientVisitor, new: Identifier, locale: str) -> Wish:
    """The wish for a code to the new address."""
    return Wish(Purpose.CHANGE, new, locale, visitor.contact, visitor.session)


def asked_for(
    connection: Connection, visitor: ClientVisitor, token: str | None, now: datetime
) -> Challenge | None:
    """The open change of this session; None: there is none."""
    return challenges.challenge_of_session(connection, visitor, token, CHANGE, now)


def confirm(
    connection: Connection,
    secrets: PortalSecrets,
    visitor: ClientVisitor,
    token: str | None,
    code: str,
    now: datetime,
) -> Changed:
    """The code of the letter to the new address: now it counts."""
    challenge = asked_for(connection, visitor, token, now)
    contact = contact_by_id(connection, visitor.contact)
    if challenge is None or contact is None:
        return Changed(Outcome.GONE)
    if not judge(connection, secrets, challenge, code):
        entry = wrong(challenge)
        return Changed(entry.outcome, tries_left=entry.tries_left)
    challenges.use_up(connection, challenge, now)
    channel = channel_of(challenge.address)
    old = contact.email if channel is Channel.MAIL else contact.phone
    session = raised(connection, visitor.session, now)
    if session is None:
        return Changed(Outcome.GONE)
    replace_address(connection, contact.id, channel, challenge.address, now)
    end_all(connection, contact.id, now, keep=session)
    return Changed(Outcome.IN, session, old, challenge.address)


def replace_address(
    connection: Connection, contact: str, channel: Channel, address: str | None, now: datetime
) -> None:
    """Sets the (normalised) address; None: none any more. Revokes the permanent link (S5) and open
    invitations: letters to the old address let nobody in any more."""
    column = CONTACTS.c.email if channel is Channel.MAIL else CONTACTS.c.phone
    _set(connection, contact, **{column.name: address, "failures": 0})
    revoke_link(connection, contact, now)
    withdraw(connection, contact, now)


def rename(connection: Connection, contact: str, name: str) -> bool:
    """Sets the name, cut of blanks around it. False: it is empty, too long or has odd signs."""
    text = " ".join(name.split())
    if not text or len(text) > NAME_LENGTH or not text.isprintable():
        return False
    _set(connection, contact, name=text)
    return True


def speak(connection: Connection, contact: str, locale: str) -> None:
    """The language of letters and pages from now on."""
    _set(connection, contact, locale=locale)


def _set(connection: Connection, contact: str, **values: Any) -> None:
    connection.execute(update(CONTACTS).where(CONTACTS.c.id == contact).values(values))
