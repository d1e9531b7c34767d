"""Login by code or by the link of the same letter: who proved what, and who is to be let in.

A code proves an address, not a person: where several contacts share it, they are named only after
the proof, and one of them is chosen (S11).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from slotsvc.portal.access import challenges
from slotsvc.portal.access.challenges import Challenge, Purpose
from slotsvc.portal.access.contacts import Contact, contacts_at, count_failure, forgive
from slotsvc.portal.access.sessions import begin
from slotsvc.portal.secrets import PortalSecrets, hashed
from slotsvc.portal.visitor import BusinessUnit, Level

LOGIN = {Purpose.LOGIN}


class Outcome(StrEnum):
    """What came of a code or a link."""

    IN = "IN"  # one contact, signed in
    CHOOSE = "CHOOSE"  # several contacts share the address
    WRONG = "WRONG"  # not the code
    CODE_NEEDED = "CODE_NEEDED"  # the link was opened in another browser
    GONE = "GONE"  # expired, used, too many tries, or never there


@dataclass(frozen=True, slots=True)
class Entry:
    """``session``: IN, the token for its cookie. ``challenge``: CHOOSE from another browser, the
    token for that cookie. ``contact``: IN, whose session it is."""

    outcome: Outcome
    session: str | None = field(default=None, repr=False)
    challenge: str | None = field(default=None, repr=False)
    contact: str | None = None
    tries_left: int = 0


def enter_by_code(
    connection: Connection,
    secrets: PortalSecrets,
    bu: BusinessUnit,
    token: str | None,
    code: str,
    browser: str,
    now: datetime,
) -> Entry:
    """The code typed by the browser that asked. ``token``: of its challenge cookie."""
    challenge = challenges.challenge_of(connection, bu.id, token, LOGIN, now)
    if challenge is None:
        return Entry(Outcome.GONE)
    if challenge.proven:
        return Entry(Outcome.CHOOSE)
    if not judge(connection, secrets, challenge, code):
        return wrong(challenge)
    return _proven(connection, bu, challenge, browser, now)


def enter_by_link(
    connection: Connection,
    secrets: PortalSecrets,
    bu: BusinessUnit,
    link: str,
    token: str | None,
    code: str,
    browser: str,
    now: datetime,
) -> Entry:
    """The link of the letter, after its button. Another browser than the one that asked (another
    device, or a scanner that presses buttons) has to type the letter's code as well (S3).
    """
    challenge = challenges.challenge_by_link(connection, bu.id, link, now)
    if challenge is None:
        return Entry(Outcome.GONE)
    if token is not None and hashed(token) == challenge.id:
        return _proven(connection, bu, challenge, browser, now)
    if not code.strip():
        return Entry(Outcome.CODE_NEEDED)
    if not judge(connection, secrets, challenge, code):
        return wrong(challenge)
    entry = _proven(connection, bu, challenge, browser, now)
    if entry.outcome is not Outcome.CHOOSE:
        return entry
    return Entry(Outcome.CHOOSE, challenge=challenges.rebound(connection, challenge))


def choices(
    connection: Connection, bu: BusinessUnit, token: str | None, now: datetime
) -> list[Contact]:
    """Who may be chosen by the browser that proved the address; []: nothing is proven."""
    challenge = challenges.challenge_of(connection, bu.id, token, LOGIN, now)
    if challenge is None or not challenge.proven:
        return []
    return contacts_at(connection, bu, challenge.address, now)


def choose(
    connection: Connection,
    bu: BusinessUnit,
    token: str | None,
    contact: str,
    browser: str,
    now: datetime,
) -> Entry:
    """Lets in as one of ``choices``."""
    challenge = challenges.challenge_of(connection, bu.id, token, LOGIN, now)
    found = choices(connection, bu, token, now)
    chosen = next((each for each in found if each.id == contact), None)
    if challenge is None or chosen is None:
        return Entry(Outcome.GONE)
    return _let_in(connection, challenge, chosen, browser, now)


def judge(connection: Connection, secrets: PortalSecrets, challenge: Challenge, code: str) -> bool:
    """Whether the code is right; counts the try, and the failure for everybody at the address."""
    challenges.count_try(connection, challenge.id)
    right = challenges.is_code(secrets, challenge, code)
    if not right:
        there_was_one = challenge.code_mac is not None
        count_failure(connection, challenge.business_unit, challenge.address, guessed=there_was_one)
    return right


def suspect(
    connection: Connection, bu: BusinessUnit, now: datetime, *, token: str = "", link: str = ""
) -> str | None:
    """The contact whose address the code or login link went to, for the audit; None: it is not
    known, nobody's or shared."""
    address = challenges.address_asked_for(connection, bu.id, token=token, link=link)
    found = contacts_at(connection, bu, address or "?", now)
    return found[0].id if len(found) == 1 else None


def wrong(challenge: Challenge) -> Entry:
    """The answer to a wrong code: how many tries are left, or that it was the last."""
    left = challenge.tries_left - 1
    return Entry(Outcome.WRONG, tries_left=left) if left > 0 else Entry(Outcome.GONE)


def _proven(
    connection: Connection, bu: BusinessUnit, challenge: Challenge, browser: str, now: datetime
) -> Entry:
    found = contacts_at(connection, bu, challenge.address, now)
    forgive(connection, [each.id for each in found])
    if not found:
        challenges.mark(connection, challenge.id, used_at=int(now.timestamp()))
        return Entry(Outcome.GONE)
    if len(found) == 1:
        return _let_in(connection, challenge, found[0], browser, now)
    challenges.mark(connection, challenge.id, proven_at=int(now.timestamp()))
    return Entry(Outcome.CHOOSE)


def _let_in(
    connection: Connection, challenge: Challenge, contact: Contact, browser: str, now: datetime
) -> Entry:
    second = int(now.timestamp())
    challenges.mark(connection, challenge.id, contact=contact.id, proven_at=second, used_at=second)
    session = begin(connection, contact, Level.PROVEN, browser, now)
    return Entry(Outcome.IN, session=session, contact=contact.id)
