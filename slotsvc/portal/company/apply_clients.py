"""Clients and contacts of a company file, brought to the tables the way the company's pages do."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from slotsvc.portal.access.contacts import Contact
from slotsvc.portal.company.applying import Run
from slotsvc.portal.company.clients import (
    Client,
    add_client,
    client_of,
    rename_client,
    set_access,
)
from slotsvc.portal.company.contacts import (
    ContactData,
    ContactProblem,
    ContactRefusedError,
    add_contact,
    change_contact,
    contacts_of,
    judged,
)
from slotsvc.portal.company.file_entries import ClientEntry, ContactEntry
from slotsvc.portal.company.file_problems import FileProblem
from slotsvc.portal.company.units import unit_of
from slotsvc.portal.tables.schema import CLIENTS
from slotsvc.portal.unit_settings import shown_unit
from slotsvc.portal.visitor import BusinessUnit

_WORDS = {
    ContactProblem.MISSING: "is missing",
    ContactProblem.TOO_LONG: "is too long",
    ContactProblem.NOT_AN_EMAIL: "must be an e-mail address",
    ContactProblem.NOT_A_PHONE: "must be a telephone number, such as +33 6 12 34 56 78",
    ContactProblem.NOT_A_DATE: "must be a date",
    ContactProblem.ENDS_BEFORE_START: "is before access_from",
    ContactProblem.NO_SITE: "names none; leave it out for all of the client's sites",
    ContactProblem.UNKNOWN_SITE: "is none of the client's sites",
    ContactProblem.UNKNOWN_LANGUAGE: "is none of the business unit's locales",
}


def apply_client(run: Run, at: str, entry: ClientEntry) -> list[FileProblem]:
    """Makes or changes one client and those of its contacts that the file names; gives what is
    wrong with it."""
    unit = unit_of(run.connection, entry.business_unit)
    if unit is None:
        return [FileProblem(f"{at}.business_unit", "is none of the portal's business units")]
    client = _client(run, entry)
    known = contacts_of(run.connection, client.id)
    problems: list[FileProblem] = []
    for number, contact in enumerate(entry.contact):
        here = f"{at}.contact[{number}]"
        try:
            data = _judged(run, contact, shown_unit(unit, unit.live))
        except ContactRefusedError as refused:
            problems += [
                FileProblem(f"{here}.{field}", _WORDS[problem])
                for field, problem in refused.problems.items()
            ]
            continue
        named = {each.name for each in entry.contact if each is not contact}
        _contact(run, client, _same(known, data, named), data)
    return problems


def _client(run: Run, entry: ClientEntry) -> Client:
    bu, what = entry.business_unit, f"client {entry.ref}"
    query = select(CLIENTS.c.id).where(CLIENTS.c.business_unit == bu, CLIENTS.c.ref == entry.ref)
    id = run.connection.execute(query).scalar_one_or_none()
    client = client_of(run.connection, id) if id is not None else None
    if client is None:
        client = add_client(run.connection, bu, entry.name, entry.ref, run.actor, run.now)
        run.changes.added(what)
    elif client.name != entry.name:
        rename_client(run.connection, client, entry.name, run.actor, run.now)
        run.changes.changed(what, ["name"])
    if entry.access is not None and entry.access != client.access:
        set_access(run.connection, client, entry.access, run.actor, run.now)
        run.changes.changed(what, ["access"])
    return client


def _judged(run: Run, entry: ContactEntry, unit: BusinessUnit) -> ContactData:
    # which sites a client has is the engine's to say; the file's are taken as they are
    sites = tuple(run.file.whole_name("sites", site) for site in entry.sites or ())
    typed = ContactData(
        name=entry.name,
        email=entry.email,
        phone=entry.phone,
        locale=entry.locale or "",
        portal_user=entry.portal_user,
        access_from=entry.access_from.isoformat() if entry.access_from else "",
        access_until=entry.access_until.isoformat() if entry.access_until else "",
        all_sites=entry.sites is None,
        sites=sites,
    )
    return judged(typed, unit, frozenset(sites))


def _contact(run: Run, client: Client, known: Contact | None, data: ContactData) -> None:
    what = f"client {client.ref}, contact {data.name}"
    if known is None:
        add_contact(run.connection, client, data, run.actor, run.now)
        run.changes.added(what)
    elif fields := change_contact(run.connection, known, data, run.actor, run.now):
        run.changes.changed(what, fields)


def _same(known: Sequence[Contact], data: ContactData, named: set[str]) -> Contact | None:
    """Who of the known ones is meant: by name, else by e-mail or number where the name is new.

    ``named``: the other names of the file's entry, who are spoken for.
    """
    by_name = [each for each in known if each.name == data.name]
    free = [each for each in known if each.name not in named]
    by_email = [each for each in free if data.email and each.email == data.email]
    by_phone = [each for each in free if data.phone and each.phone == data.phone]
    return next(iter(by_name + by_email + by_phone), None)
