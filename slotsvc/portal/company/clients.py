"""Clients of the company: found, added, let in and shut out."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from slotsvc.portal.access.sessions import end_all_of_client
from slotsvc.portal.company.units import unit_of
from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.schema import CLIENTS, CONTACTS

PAGE_SIZE = 25
TEXT_LENGTH = 200
_ENOUGH_DIGITS = 4  # fewer would find everybody


class ClientProblem(StrEnum):
    """What is wrong with a field of a client."""

    MISSING = "MISSING"
    TOO_LONG = "TOO_LONG"
    REF_TAKEN = "REF_TAKEN"
    UNKNOWN_UNIT = "UNKNOWN_UNIT"


class ClientRefusedError(Exception):
    """The client cannot be kept; ``problems`` says why, by field."""

    def __init__(self, problems: dict[str, ClientProblem]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Client:
    """A client. ``ref``: the engine's reference. ``access``: the tick on his record."""

    id: str
    business_unit: str
    ref: str
    name: str
    access: bool


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client in a list. ``users`` of his ``contacts`` are portal users."""

    client: Client
    contacts: int
    users: int


@dataclass(frozen=True, slots=True)
class ClientPage:
    """One page of a search. ``page`` counts from 1; ``total``: clients found in all."""

    lines: list[ClientLine]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE_SIZE))


def search(connection: Connection, words: str, bu: str | None, page: int) -> ClientPage:
    """Clients whose name, reference, contacts, e-mails or numbers hold all the words, by name.

    Case and accents do not matter; of telephone numbers only the digits do. ``bu`` None: all units.
    A page beyond the last gives the last.
    """
    query = select(CLIENTS)
    if bu:
        query = query.where(CLIENTS.c.business_unit == bu)
    contacts = _contacts_by_client(connection)
    rows = sorted(connection.execute(query), key=lambda row: (folded(row.name), row.ref))
    found = [row for row in rows if _holds(row, contacts[row.id], words)]
    shown = min(max(page, 1), max(1, -(-len(found) // PAGE_SIZE)))
    at = (shown - 1) * PAGE_SIZE
    lines = [_line(row, contacts[row.id]) for row in found[at : at + PAGE_SIZE]]
    return ClientPage(lines, len(found), shown)


def client_of(connection: Connection, client: str) -> Client | None:
    """One client; None: no such client."""
    row = connection.execute(select(CLIENTS).where(CLIENTS.c.id == client)).one_or_none()
    return None if row is None else _client(row)


def add_client(
    connection: Connection, bu: str, name: str, ref: str, actor: str, now: datetime
) -> Client:
    """A new client; may come in at once where the unit's settings in force say so.

    Raises ``ClientRefusedError``.
    """
    name, ref = name.strip(), ref.strip()
    unit = unit_of(connection, bu)
    problems = _text_problems(name=name, ref=ref)
    if unit is None:
        problems["business_unit"] = ClientProblem.UNKNOWN_UNIT
    elif "ref" not in problems and _taken(connection, bu, ref):
        problems["ref"] = ClientProblem.REF_TAKEN
    if problems or unit is None:
        raise ClientRefusedError(problems)
    client = Client(uuid4().hex, bu, ref, name, unit.live.default_access)
    connection.execute(insert(CLIENTS).values(_row(client, now)))
    _tell(connection, client, "CLIENT_ADDED", actor, now, access=client.access)
    return client


def rename_client(
    connection: Connection, client: Client, name: str, actor: str, now: datetime
) -> None:
    """Gives the client another name. Raises ``ClientRefusedError``."""
    name = name.strip()
    problems = _text_problems(name=name)
    if problems:
        raise ClientRefusedError(problems)
    if name != client.name:
        connection.execute(update(CLIENTS).where(CLIENTS.c.id == client.id).values(name=name))
        _tell(connection, client, "CLIENT_CHANGED", actor, now, changed="name")


def change_ref(connection: Connection, client: Client, ref: str, actor: str, now: datetime) -> None:
    """Corrects the engine's reference; the caller knows that nobody used the old one. Raises
    ``ClientRefusedError``."""
    ref = ref.strip()
    problems = _text_problems(ref=ref)
    if not problems and ref != client.ref and _taken(connection, client.business_unit, ref):
        problems["ref"] = ClientProblem.REF_TAKEN
    if problems:
        raise ClientRefusedError(problems)
    if ref != client.ref:
        connection.execute(update(CLIENTS).where(CLIENTS.c.id == client.id).values(ref=ref))
        _tell(connection, client, "CLIENT_CHANGED", actor, now, changed="ref", before=client.ref)


def set_access(connection: Connection, client: Client, on: bool, actor: str, now: datetime) -> None:
    """Ticks or unticks portal access. Without it, sessions of the client's contacts end at once."""
    if client.access == on:
        return
    connection.execute(update(CLIENTS).where(CLIENTS.c.id == client.id).values(access=on))
    if not on:
        end_all_of_client(connection, client.id, now)
    _tell(connection, client, "ACCESS_ON" if on else "ACCESS_OFF", actor, now)


def folded(text: str) -> str:
    """The text as searches compare it: no accents, no capitals."""
    if text.isascii():  # most of a long list
        return text.casefold()
    plain = unicodedata.normalize("NFKD", text)
    return "".join(each for each in plain if not unicodedata.combining(each)).casefold()


def _holds(client: Any, contacts: Sequence[Any], words: str) -> bool:
    if not words.strip():
        return True
    texts = [client.name, client.ref]
    for contact in contacts:
        texts += [contact.name, contact.email or "", contact.user_name or ""]
    text = folded("\n".join(texts))
    return all(word in text for word in folded(words).split()) or _has_number(contacts, words)


def _has_number(contacts: Sequence[Any], words: str) -> bool:
    """Whether a contact's number ends as typed: "06 12 34" is "+33612…" behind its country."""
    if any(each.isalpha() for each in words):
        return False
    digits = "".join(each for each in words if each.isdigit()).lstrip("0")
    numbers = (contact.phone or "" for contact in contacts)
    return len(digits) >= _ENOUGH_DIGITS and any(digits in number for number in numbers)


def _contacts_by_client(connection: Connection) -> defaultdict[str, list[Any]]:
    query = select(
        CONTACTS.c.client,
        CONTACTS.c.name,
        CONTACTS.c.email,
        CONTACTS.c.phone,
        CONTACTS.c.user_name,
        CONTACTS.c.portal_user,
    )
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.client].append(row)
    return found


def _line(row: Any, contacts: Sequence[Any]) -> ClientLine:
    return ClientLine(_client(row), len(contacts), sum(each.portal_user for each in contacts))


def _text_problems(**texts: str) -> dict[str, ClientProblem]:
    found = {}
    for field, text in texts.items():
        if not text:
            found[field] = ClientProblem.MISSING
        elif len(text) > TEXT_LENGTH:
            found[field] = ClientProblem.TOO_LONG
    return found


def _taken(connection: Connection, bu: str, ref: str) -> bool:
    query = select(CLIENTS.c.id).where(CLIENTS.c.business_unit == bu, CLIENTS.c.ref == ref)
    return connection.execute(query).first() is not None


def _row(client: Client, now: datetime) -> dict[str, Any]:
    return {
        "id": client.id,
        "business_unit": client.business_unit,
        "ref": client.ref,
        "name": client.name,
        "access": client.access,
        "created_at": int(now.timestamp()),
    }


def _client(row: Any) -> Client:
    return Client(row.id, row.business_unit, row.ref, row.name, row.access)


def _tell(
    connection: Connection, client: Client, what: str, actor: str, now: datetime, **data: Any
) -> None:
    record(
        connection,
        now,
        actor,
        what,
        business_unit=client.business_unit,
        subject=f"clients/{client.id}",
        data=data,
    )
