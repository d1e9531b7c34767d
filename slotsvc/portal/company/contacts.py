"""Contacts of a client: who may use the portal, from when to when, for which sites.

What staff types is normalised as logins are, so that both sides compare. Changing an address takes
the permanent link back: it was sent to the old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, or_, select, update

from slotsvc.portal.access.contact_data import replace_address
from slotsvc.portal.access.contacts import Contact, contact_by_id, contacts_of_client
from slotsvc.portal.access.identifiers import IdentifierError, email, phone, region_of
from slotsvc.portal.access.sessions import end_all
from slotsvc.portal.company.clients import Client, folded
from slotsvc.portal.company.units import unit_of
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.schema import CLIENTS, CONTACT_SITES, CONTACTS
from slotsvc.portal.unit_settings import shown_unit
from slotsvc.portal.visitor import BusinessUnit

NAME_LENGTH = 200


class ContactProblem(StrEnum):
    """What is wrong with a field of a contact."""

    MISSING = "MISSING"
    TOO_LONG = "TOO_LONG"
    NOT_AN_EMAIL = "NOT_AN_EMAIL"
    NOT_A_PHONE = "NOT_A_PHONE"
    NOT_A_DATE = "NOT_A_DATE"
    ENDS_BEFORE_START = "ENDS_BEFORE_START"
    NO_SITE = "NO_SITE"
    UNKNOWN_SITE = "UNKNOWN_SITE"
    UNKNOWN_LANGUAGE = "UNKNOWN_LANGUAGE"


class ContactRefusedError(Exception):
    """The contact cannot be kept; ``problems`` says why, by field."""

    def __init__(self, problems: dict[str, ContactProblem]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


class Closed(StrEnum):
    """Why somebody cannot come in now."""

    UNIT_INACTIVE = "UNIT_INACTIVE"
    NO_ACCESS = "NO_ACCESS"
    NOT_A_USER = "NOT_A_USER"
    TOO_EARLY = "TOO_EARLY"
    TOO_LATE = "TOO_LATE"
    NO_ADDRESS = "NO_ADDRESS"  # neither e-mail nor telephone, no user name, no link


@dataclass(frozen=True, slots=True)
class ContactData:
    """What a company says of a contact; as typed, or normalised by ``judged``.

    ``access_from``, ``access_until``: local dates, both included; "" for no limit. ``sites``:
    resource names, looked at only where ``all_sites`` is not set. ``locale`` "": the unit's first.
    """

    name: str
    email: str = ""
    phone: str = ""
    locale: str = ""
    portal_user: bool = False
    access_from: str = ""
    access_until: str = ""
    all_sites: bool = True
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sharing:
    """Another contact with the same address. ``field``: email or phone."""

    field: str
    contact: str
    name: str
    client: str
    client_name: str


def judged(typed: ContactData, unit: BusinessUnit, sites: frozenset[str]) -> ContactData:
    """What was typed, normalised. ``sites``: the client's. Raises ``ContactRefusedError``."""
    problems: dict[str, ContactProblem] = {}
    data = ContactData(
        name=_name(typed.name, problems),
        email=_address(typed.email, Channel.MAIL, unit, problems),
        phone=_address(typed.phone, Channel.SMS, unit, problems),
        locale=_locale(typed.locale, unit, problems),
        portal_user=typed.portal_user,
        access_from=_date(typed.access_from, "access_from", problems),
        access_until=_date(typed.access_until, "access_until", problems),
        all_sites=typed.all_sites,
        sites=_sites(typed, sites, problems),
    )
    if data.access_from and data.access_until and data.access_until < data.access_from:
        problems.setdefault("access_until", ContactProblem.ENDS_BEFORE_START)
    if problems:
        raise ContactRefusedError(problems)
    return data


def data_of(connection: Connection, contact: Contact) -> ContactData:
    """What is known of a contact, to fill the form with."""
    query = select(CONTACT_SITES.c.site).where(CONTACT_SITES.c.contact == contact.id)
    return ContactData(
        name=contact.name,
        email=contact.email or "",
        phone=contact.phone or "",
        locale=contact.locale or "",
        portal_user=contact.portal_user,
        access_from=contact.access_from or "",
        access_until=contact.access_until or "",
        all_sites=contact.all_sites,
        sites=tuple(connection.execute(query.order_by(CONTACT_SITES.c.site)).scalars()),
    )


def contact_unit(connection: Connection, contact: str) -> tuple[Contact, BusinessUnit] | None:
    """A contact with his unit, its settings in force; None: no such contact."""
    found = contact_by_id(connection, contact)
    unit = unit_of(connection, found.business_unit) if found else None
    return (found, shown_unit(unit, unit.live)) if found and unit else None


def contacts_of(connection: Connection, client: str) -> list[Contact]:
    """Everybody of a client, by name."""
    found = contacts_of_client(connection, client)
    return sorted(found, key=lambda each: (folded(each.name), each.id))


def add_contact(
    connection: Connection, client: Client, data: ContactData, actor: str, now: datetime
) -> str:
    """Adds a contact, ``data`` as ``judged`` gave it; gives his id."""
    contact = uuid4().hex
    row = _row(data) | {
        "id": contact,
        "client": client.id,
        "email": data.email or None,
        "phone": data.phone or None,
        "created_at": int(now.timestamp()),
    }
    connection.execute(insert(CONTACTS).values(row))
    _set_sites(connection, contact, data)
    _tell(connection, client.business_unit, contact, "CONTACT_ADDED", actor, now)
    return contact


def change_contact(
    connection: Connection, contact: Contact, data: ContactData, actor: str, now: datetime
) -> list[str]:
    """Sets what differs; gives the fields that did. A changed address takes the permanent link
    and invitations back; then, and when he is no portal user any more, he is signed out at once."""
    before = data_of(connection, contact)
    changed = _changed(before, data)
    if not changed:
        return []
    if "email" in changed:
        replace_address(connection, contact.id, Channel.MAIL, data.email or None, now)
    if "phone" in changed:
        replace_address(connection, contact.id, Channel.SMS, data.phone or None, now)
    connection.execute(update(CONTACTS).where(CONTACTS.c.id == contact.id).values(_row(data)))
    _set_sites(connection, contact.id, data)
    shut_out = before.portal_user and not data.portal_user
    if shut_out or {"email", "phone"} & set(changed):  # he may have come in by the old address
        end_all(connection, contact.id, now)
    told = ", ".join(changed)
    _tell(connection, contact.business_unit, contact.id, "CONTACT_CHANGED", actor, now, told)
    return changed


def sharing(
    connection: Connection, unit: str, data: ContactData, but: str | None = None
) -> list[Sharing]:
    """Other contacts of the unit with the same e-mail or telephone, by client. They are told apart
    after they prove it, so sharing is allowed; staff should know. ``but``: the contact himself."""
    same = [CONTACTS.c.email == data.email] if data.email else []
    same += [CONTACTS.c.phone == data.phone] if data.phone else []
    if not same:
        return []
    query = (
        select(CONTACTS, CLIENTS.c.name.label("client_name"))
        .join(CLIENTS, CLIENTS.c.id == CONTACTS.c.client)
        .where(CLIENTS.c.business_unit == unit, or_(*same), CONTACTS.c.id != (but or ""))
        .order_by(CLIENTS.c.name, CONTACTS.c.name)
    )
    return [
        Sharing(
            "email" if data.email and row.email == data.email else "phone",
            row.id,
            row.name,
            row.client,
            row.client_name,
        )
        for row in connection.execute(query)
    ]


def why_closed(contact: Contact, unit: BusinessUnit, now: datetime) -> list[Closed]:
    """Everything that keeps the contact out now; []: he can come in."""
    today = now.astimezone(ZoneInfo(unit.time_zone)).date().isoformat()
    link = unit.permanent_code and contact.link_hash is not None
    name = contact.user_name is not None and contact.password_hash is not None
    facts = {
        Closed.UNIT_INACTIVE: not unit.active,
        Closed.NO_ACCESS: not contact.access,
        Closed.NOT_A_USER: not contact.portal_user,
        Closed.TOO_EARLY: contact.access_from is not None and today < contact.access_from,
        Closed.TOO_LATE: contact.access_until is not None and contact.access_until < today,
        Closed.NO_ADDRESS: not (contact.email or contact.phone or link or name),
    }
    return [reason for reason, holds in facts.items() if holds]


def _name(typed: str, problems: dict[str, ContactProblem]) -> str:
    name = typed.strip()
    if not name:
        problems["name"] = ContactProblem.MISSING
    elif len(name) > NAME_LENGTH:
        problems["name"] = ContactProblem.TOO_LONG
    return name


def _address(
    typed: str, channel: Channel, unit: BusinessUnit, problems: dict[str, ContactProblem]
) -> str:
    if not typed.strip():
        return ""
    try:
        return email(typed) if channel is Channel.MAIL else phone(typed, region_of(unit))
    except IdentifierError as error:
        field = "email" if channel is Channel.MAIL else "phone"
        problems[field] = ContactProblem(error.problem.value)
        return typed


def _locale(typed: str, unit: BusinessUnit, problems: dict[str, ContactProblem]) -> str:
    if typed and typed not in unit.locales:
        problems["locale"] = ContactProblem.UNKNOWN_LANGUAGE
    return typed


def _date(typed: str, field: str, problems: dict[str, ContactProblem]) -> str:
    if not typed.strip():
        return ""
    try:
        return date.fromisoformat(typed.strip()).isoformat()
    except ValueError:
        problems[field] = ContactProblem.NOT_A_DATE
        return typed


def _sites(
    typed: ContactData, known: frozenset[str], problems: dict[str, ContactProblem]
) -> tuple[str, ...]:
    if typed.all_sites:
        return ()
    if not typed.sites:
        problems["sites"] = ContactProblem.NO_SITE
    elif not known.issuperset(typed.sites):
        problems["sites"] = ContactProblem.UNKNOWN_SITE
    return tuple(sorted(set(typed.sites)))


def _changed(before: ContactData, after: ContactData) -> list[str]:
    fields = [each for each in ContactData.__dataclass_fields__ if each != "sites"]
    changed = [each for each in fields if getattr(before, each) != getattr(after, each)]
    if not after.all_sites and set(before.sites) != set(after.sites):
        changed.append("sites")
    return changed


def _row(data: ContactData) -> dict[str, Any]:
    return {
        "name": data.name,
        "locale": data.locale or None,
        "portal_user": data.portal_user,
        "access_from": data.access_from or None,
        "access_until": data.access_until or None,
        "all_sites": data.all_sites,
    }


def _set_sites(connection: Connection, contact: str, data: ContactData) -> None:
    connection.execute(delete(CONTACT_SITES).where(CONTACT_SITES.c.contact == contact))
    for site in data.sites if not data.all_sites else ():
        connection.execute(insert(CONTACT_SITES).values(contact=contact, site=site))


def _tell(
    connection: Connection,
    bu: str,
    contact: str,
    what: str,
    actor: str,
    now: datetime,
    changed: str = "",
) -> None:
    data = {"changed": changed} if changed else {}
    subject = f"contacts/{contact}"
    record(connection, now, actor, what, business_unit=bu, subject=subject, data=data)
