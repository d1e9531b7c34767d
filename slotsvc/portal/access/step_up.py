"""Proving oneself again for a sensitive act: a code to one's own e-mail or number, or the password.

A permanent link says whose page it is, not who holds it; a code sent to the contact does (S4). The
session gets a new token and stays proven for ten minutes (S12, S13).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from slotsvc.portal.access import challenges
from slotsvc.portal.access.challenges import Challenge, Purpose, Wish
from slotsvc.portal.access.contacts import Contact, forgive
from slotsvc.portal.access.identifiers import Identifier
from slotsvc.portal.access.login_codes import Outcome, judge, wrong
from slotsvc.portal.access.sessions import raised
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.secrets import PortalSecrets
from slotsvc.portal.visitor import BusinessUnit, ClientVisitor

STEP_UP = {Purpose.STEP_UP}


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of a code. ``session``: IN, the new token for the session's cookie."""

    outcome: Outcome
    session: str | None = field(default=None, repr=False)
    tries_left: int = 0


def ways(contact: Contact, bu: BusinessUnit, takes_sms: bool) -> list[Identifier]:
    """Where a code can be sent to; []: nowhere, the password or the company's people remain."""
    found = []
    if contact.email:
        found.append(Identifier(Channel.MAIL, contact.email))
    if contact.phone and bu.sms_connection and takes_sms:
        found.append(Identifier(Channel.SMS, contact.phone))
    return found


def wish(visitor: ClientVisitor, way: Identifier, locale: str) -> Wish:
    """The wish for a code that raises the visitor's session."""
    return Wish(Purpose.STEP_UP, way, locale, visitor.contact, visitor.session)


def asked_for(
    connection: Connection, visitor: ClientVisitor, token: str | None, now: datetime
) -> Challenge | None:
    """The open challenge of this session; None: a code has to be asked for first."""
    return challenges.challenge_of_session(connection, visitor, token, STEP_UP, now)


def prove(
    connection: Connection,
    secrets: PortalSecrets,
    visitor: ClientVisitor,
    token: str | None,
    code: str,
    now: datetime,
) -> Proof:
    """The code typed by the session that asked, in the browser that asked."""
    challenge = asked_for(connection, visitor, token, now)
    if challenge is None:
        return Proof(Outcome.GONE)
    if not judge(connection, secrets, challenge, code):
        entry = wrong(challenge)
        return Proof(entry.outcome, tries_left=entry.tries_left)
    challenges.use_up(connection, challenge, now)
    forgive(connection, [visitor.contact])
    session = raised(connection, visitor.session, now)
    return Proof(Outcome.IN if session else Outcome.GONE, session)


def prove_by_password(connection: Connection, visitor: ClientVisitor, now: datetime) -> str | None:
    """The password was right: the new token for the session's cookie; None: it ended meanwhile."""
    return raised(connection, visitor.session, now)
