"""Access for all current clients of a business unit at once: looked at first, then applied."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select, update

from slotsvc.portal.access.sessions import end_all_of_unit
from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.schema import CLIENTS, CONTACTS


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What applying would do. ``changing``: (client id, name) that change, by name.

    ``clients``: how many the unit has. ``contacts``: how many contacts become portal users with
    them. ``unreachable``: changing clients without any contact who could then log in.
    ``fingerprint``: of all that; applying asks for it, so that what was seen is what is done.
    """

    on: bool
    with_contacts: bool
    changing: list[tuple[str, str]]
    clients: int
    contacts: int
    unreachable: int

    @property
    def fingerprint(self) -> str:
        """Of the clients that change and how."""
        ids = ",".join(sorted(client for client, _ in self.changing))
        text = f"{self.on} {self.with_contacts} {self.contacts} {ids}"
        return hashlib.sha256(text.encode()).hexdigest()


class OutdatedPreviewError(Exception):
    """The clients changed since they were looked at."""


def preview(connection: Connection, bu: str, on: bool, with_contacts: bool = False) -> BulkPreview:
    """Who would change. ``with_contacts``: their contacts with an e-mail or a telephone become
    portal users too (that flag is off for every new contact)."""
    ours = CLIENTS.c.business_unit == bu
    total = connection.execute(select(func.count()).where(ours)).scalar_one()
    changing = select(CLIENTS.c.id, CLIENTS.c.name).where(ours, CLIENTS.c.access.is_(not on))
    found = [(row.id, row.name) for row in connection.execute(changing.order_by(CLIENTS.c.name))]
    contacts = unreachable = 0
    if on and with_contacts:
        contacts = connection.execute(
            select(func.count()).where(*_silent_contacts(bu))
        ).scalar_one()
    if on:
        unreachable = _unreachable(connection, bu, with_contacts)
    return BulkPreview(on, on and with_contacts, found, total, contacts, unreachable)


def apply(
    connection: Connection, bu: str, seen: str, on: bool, with_contacts: bool, actor: str,
    now: datetime,
) -> BulkPreview:  # fmt: skip
    """Does what the preview with the fingerprint ``seen`` said. Off ends the clients' sessions.

    Raises ``OutdatedPreviewError`` when it would not be the same any more.
    """
    planned = preview(connection, bu, on, with_contacts)
    if planned.fingerprint != seen:
        raise OutdatedPreviewError(bu)
    if planned.with_contacts:
        let_in = update(CONTACTS).where(*_silent_contacts(bu)).values(portal_user=True)
        connection.execute(let_in)
    changed = update(CLIENTS).where(CLIENTS.c.business_unit == bu, CLIENTS.c.access.is_(not on))
    connection.execute(changed.values(access=on))
    if not on:
        end_all_of_unit(connection, bu, now)
    what = "BULK_ACCESS_ON" if on else "BULK_ACCESS_OFF"
    data = {"clients": len(planned.changing), "contacts": planned.contacts}
    record(connection, now, actor, what, business_unit=bu, subject=f"units/{bu}", data=data)
    return planned


def _silent_contacts(bu: str) -> list[ColumnElement[bool]]:
    """Contacts who could be reached and are no portal users yet."""
    clients = select(CLIENTS.c.id).where(CLIENTS.c.business_unit == bu)
    reachable = or_(CONTACTS.c.email.is_not(None), CONTACTS.c.phone.is_not(None))
    return [CONTACTS.c.client.in_(clients), CONTACTS.c.portal_user.is_(False), reachable]


def _unreachable(connection: Connection, bu: str, with_contacts: bool) -> int:
    reachable = or_(CONTACTS.c.email.is_not(None), CONTACTS.c.phone.is_not(None))
    can = [CONTACTS.c.client == CLIENTS.c.id, reachable]
    if not with_contacts:
        can.append(CONTACTS.c.portal_user.is_(True))
    query = select(func.count()).where(
        CLIENTS.c.business_unit == bu, CLIENTS.c.access.is_(False), ~exists().where(*can)
    )
    return connection.execute(query).scalar_one()
