"""The contacts of clients, and whether they may come in: asked at every request, not at login only.

Unit active, client's access on, contact a portal user, today within his dates: all of it, always.
Two clients may share an address: an address gives a list, and nobody takes its first entry (S11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, literal, select, update

from slotsvc.portal.access.identifiers import channel_of
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.tables.schema import CLIENTS, CONTACT_SITES, CONTACTS
from slotsvc.portal.visitor import BusinessUnit, Level

LINK_SLEEPS_AFTER = timedelta(days=365)
MOST_FAILURES = 100  # NIST SP 800-63B, 5.2.2


@dataclass(frozen=True, slots=True)
class Contact:
    """One person of one client. ``client``: the engine's reference; ``client_id``: ours.

    ``failures``: consecutive wrong codes. ``link_hash``: None where there is no permanent link.
    """

    id: str
    name: str
    client_id: str
    client: str
    client_name: str
    business_unit: str
    email: str | None
    phone: str | None
    locale: str | None
    access: bool
    portal_user: bool
    access_from: str | None
    access_until: str | None
    all_sites: bool
    user_name: str | None
    password_hash: str | None
    link_number: int
    link_hash: str | None
    link_used_at: datetime | None
    link_made_at: datetime | None
    failures: int

    @property
    def blocked(self) -> bool:
        """Too many wrong codes in a row: codes are refused until staff or a password resets it."""
        return self.failures >= MOST_FAILURES

    def may_come_in(self, bu: BusinessUnit, now: datetime) -> bool:
        """Whether the portal is open to him now; dates are the unit's, both ends included."""
        today = now.astimezone(ZoneInfo(bu.time_zone)).date().isoformat()
        return (
            bu.active
            and bu.id == self.business_unit
            and self.access
            and self.portal_user
            and (self.access_from is None or self.access_from <= today)
            and (self.access_until is None or today <= self.access_until)
        )

    def may_use_link(self, bu: BusinessUnit, now: datetime) -> bool:
        """Whether his permanent link opens: unit offers them, not revoked, used within a year."""
        dates = [at for at in (self.link_used_at, self.link_made_at) if at is not None]
        awake = bool(dates) and now - max(dates) < LINK_SLEEPS_AFTER
        return bu.permanent_code and self.link_hash is not None and awake

    def may_stay(self, bu: BusinessUnit, level: Level, now: datetime) -> bool:
        """Whether a session of ``level`` goes on."""
        by_link = level > Level.LINK or (bu.permanent_code and self.link_hash is not None)
        return by_link and self.may_come_in(bu, now)


def contacts_at(
    connection: Connection, bu: BusinessUnit, address: str, now: datetime
) -> list[Contact]:
    """Everybody with this normalised address who may come in now, by client and name."""
    column = CONTACTS.c.email if channel_of(address) is Channel.MAIL else CONTACTS.c.phone
    query = _selected().where(CLIENTS.c.business_unit == bu.id, column == address)
    rows = connection.execute(query.order_by(CLIENTS.c.name, CONTACTS.c.name, CONTACTS.c.id))
    return [each for each in map(_contact, rows) if each.may_come_in(bu, now)]


def everybody_at(connection: Connection, address: str) -> list[Contact]:
    """Everybody with this normalised address, in any unit, whether he may come in or not."""
    column = CONTACTS.c.email if channel_of(address) is Channel.MAIL else CONTACTS.c.phone
    query = _selected().where(column == address)
    rows = connection.execute(query.order_by(CLIENTS.c.name, CONTACTS.c.name, CONTACTS.c.id))
    return [_contact(row) for row in rows]


def contacts_of_client(connection: Connection, client: str) -> list[Contact]:
    """The client's contacts by name, whether they may come in or not. ``client``: our id."""
    query = _selected().where(CONTACTS.c.client == client)
    return list(map(_contact, connection.execute(query.order_by(CONTACTS.c.name, CONTACTS.c.id))))


def contact_by_id(connection: Connection, contact: str) -> Contact | None:
    """The contact, whether he may come in or not; None: there is none."""
    row = connection.execute(_selected().where(CONTACTS.c.id == contact)).one_or_none()
    return _contact(row) if row is not None else None


def contact_by_link(connection: Connection, link_hash: str) -> Contact | None:
    """Whose permanent link has this hash; None: nobody's, any more."""
    row = connection.execute(_selected().where(CONTACTS.c.link_hash == link_hash)).one_or_none()
    return _contact(row) if row is not None else None


def contact_by_user_name(connection: Connection, bu: str, user_name: str) -> Contact | None:
    """Whose user name this is in the unit; ``user_name`` as ``folded`` gives it."""
    query = _selected().where(CLIENTS.c.business_unit == bu, CONTACTS.c.user_name == user_name)
    row = connection.execute(query).one_or_none()
    return _contact(row) if row is not None else None


def sites_of(connection: Connection, contact: Contact) -> frozenset[str] | None:
    """The sites he sees; None: all of the client's."""
    if contact.all_sites:
        return None
    query = select(CONTACT_SITES.c.site).where(CONTACT_SITES.c.contact == contact.id)
    return frozenset(connection.execute(query).scalars())


def count_failure(connection: Connection, bu: str, address: str, *, guessed: bool) -> None:
    """One more wrong code for everybody at the address. The same statement for nobody at all.

    ``guessed`` False: there was no code to be guessed, so that nobody can be shut out by wishes
    over the limit; nothing is counted then.
    """
    column = CONTACTS.c.email if channel_of(address) is Channel.MAIL else CONTACTS.c.phone
    ours = select(CLIENTS.c.id).where(CLIENTS.c.business_unit == bu)
    query = update(CONTACTS).where(column == address, CONTACTS.c.client.in_(ours), literal(guessed))
    connection.execute(query.values(failures=CONTACTS.c.failures + 1))


def forgive(connection: Connection, contacts: Sequence[str]) -> None:
    """The row of failures is over: a code was right, or staff says so."""
    query = update(CONTACTS).where(CONTACTS.c.id.in_(contacts), CONTACTS.c.failures > 0)
    connection.execute(query.values(failures=0))


def _selected() -> Select[tuple[object, ...]]:
    return select(
        CONTACTS,
        CLIENTS.c.ref.label("client_ref"),
        CLIENTS.c.name.label("client_name"),
        CLIENTS.c.business_unit,
        CLIENTS.c.access.label("client_access"),
    ).join(CLIENTS, CLIENTS.c.id == CONTACTS.c.client)


def _contact(row: Row[tuple[object, ...]]) -> Contact:
    return Contact(
        id=row.id,
        name=row.name,
        client_id=row.client,
        client=row.client_ref,
        client_name=row.client_name,
        business_unit=row.business_unit,
        email=row.email,
        phone=row.phone,
        locale=row.locale,
        access=row.client_access,
        portal_user=row.portal_user,
        access_from=row.access_from,
        access_until=row.access_until,
        all_sites=row.all_sites,
        user_name=row.user_name,
        password_hash=row.password_hash,
        link_number=row.link_number,
        link_hash=row.link_hash,
        link_used_at=_instant(row.link_used_at),
        link_made_at=_instant(row.link_made_at),
        failures=row.failures,
    )


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
