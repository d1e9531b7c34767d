"""What clients type to say who they are: an e-mail address or a telephone number, normalised.

Both sides of every comparison go through here: what the company entered and what a visitor types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import idna
import phonenumbers
from babel.core import get_global

from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.visitor import BusinessUnit

EMAIL_LENGTH = 254  # RFC 5321, §4.5.3.1.3, without the brackets
LOCAL_PART_LENGTH = 64
PHONE_LENGTH = 40

_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+")  # RFC 5322 atext and dots
_SHOWN_DIGITS = 2
_REGION_OF_LANGUAGE = {"fr": "FR", "es": "ES", "it": "IT", "en": "GB"}


class IdentifierProblem(StrEnum):
    """What is wrong with what was typed."""

    EMPTY = "EMPTY"
    NOT_AN_EMAIL = "NOT_AN_EMAIL"
    NOT_A_PHONE = "NOT_A_PHONE"


class IdentifierError(ValueError):
    """Neither an e-mail address nor a telephone number; the text typed is not repeated."""

    def __init__(self, problem: IdentifierProblem) -> None:
        super().__init__(f"identifier: {problem}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Identifier:
    """``address``: an e-mail address in lower case, its domain in IDNA; or E.164."""

    channel: Channel
    address: str


def identifier(typed: str, region: str | None) -> Identifier:
    """What was typed, normalised. ``region``: ISO 3166 of numbers without "+"; None: no default.

    Raises ``IdentifierError``.
    """
    text = typed.strip()
    if not text:
        raise IdentifierError(IdentifierProblem.EMPTY)
    if "@" in text:
        return Identifier(Channel.MAIL, email(text))
    if not any(each.isdigit() for each in text):
        raise IdentifierError(IdentifierProblem.NOT_AN_EMAIL)
    return Identifier(Channel.SMS, phone(text, region))


def email(typed: str) -> str:
    """An address in lower case, its domain in IDNA 2008 (RFC 5890). Raises ``IdentifierError``.

    No line ends, no blanks, no quoted local parts: nothing that could end a header (S31); and no
    letters beyond ASCII before the "@", which few mail servers carry.
    """
    local, at, domain = typed.strip().lower().rpartition("@")
    if not at or len(local) > LOCAL_PART_LENGTH or not _LOCAL_PART.fullmatch(local):
        raise IdentifierError(IdentifierProblem.NOT_AN_EMAIL)
    if local.startswith(".") or local.endswith(".") or ".." in local or "." not in domain:
        raise IdentifierError(IdentifierProblem.NOT_AN_EMAIL)
    try:
        address = f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except (idna.IDNAError, UnicodeError) as error:
        raise IdentifierError(IdentifierProblem.NOT_AN_EMAIL) from error
    if len(address) > EMAIL_LENGTH:
        raise IdentifierError(IdentifierProblem.NOT_AN_EMAIL)
    return address


def phone(typed: str, region: str | None) -> str:
    """A number in E.164, "+33612345678". Raises ``IdentifierError``."""
    try:
        number = phonenumbers.parse(typed.strip()[:PHONE_LENGTH], region)
    except phonenumbers.NumberParseException as error:
        raise IdentifierError(IdentifierProblem.NOT_A_PHONE) from error
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise IdentifierError(IdentifierProblem.NOT_A_PHONE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def region_of(bu: BusinessUnit) -> str | None:
    """The country whose numbers may be typed without "+": of the unit's zone, else its language."""
    region: str | None = get_global("zone_territories").get(bu.time_zone)
    if region and region in phonenumbers.SUPPORTED_REGIONS:
        return region
    return _REGION_OF_LANGUAGE.get(bu.locales[0][:2]) if bu.locales else None


def channel_of(address: str) -> Channel:
    """Which kind a normalised address is."""
    return Channel.MAIL if "@" in address else Channel.SMS


def masked(address: str) -> str:
    """Enough to recognise one's own address, too little to learn it: ``c…@e….org``, ``+33…78``."""
    if channel_of(address) is Channel.SMS:
        return f"{address[:3]}…{address[-_SHOWN_DIGITS:]}"
    local, _, domain = address.rpartition("@")
    host, _, ending = domain.rpartition(".")
    return f"{local[:1]}…@{host[:1]}….{ending}"
