"""``slotsvc portal first-admin | link``: ways in, for the company's people and for clients."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.clock import utc_now
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.portal_tables import PortalTables, portal_tables, tables_options

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from slotsvc.portal.access.contacts import Contact

ACTOR = "cli"


@click.command("first-admin", short_help="Print the one-time link of an administrator.")
@click.argument("email")
@click.option("--name", default="", help="How the portal greets him.  [default: the e-mail]")
@tables_options
def first_admin(
    email: str, name: str, data_dir: Path | None, config_file: Path | None, as_json: bool
) -> None:
    """Print a link with which the administrator EMAIL chooses a password and enrols a phone.

    It works once. For an administrator who is there already it starts over: the old password and
    phone stop working when the link is used.
    """
    from slotsvc.portal.access.identifiers import IdentifierError
    from slotsvc.portal.access.identifiers import email as normalised

    try:
        address = normalised(email)
    except IdentifierError:
        raise CommandError(f"{email!r} is no e-mail address.", "EMAIL", Exit.USAGE) from None
    with portal_tables(data_dir, config_file) as tables:
        url = administrator_link(tables, address, name or address)
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"email": address, "link": url})
        return
    click.echo(url)
    click.echo("It works once; whoever has it becomes the administrator.", err=True)


def administrator_link(tables: PortalTables, address: str, name: str) -> str:
    """A fresh one-time link."""
    from slotsvc.portal.access.staff_login import first_administrator

    token = tables.write(
        lambda connection: first_administrator(
            connection, tables.secrets, address, name, utc_now()
        )
    )
    return f"{tables.public_url}/company/first/{token}"


@click.command(short_help="Print a contact's permanent link.")
@click.argument("contact")
@click.option("--rotate", is_flag=True, help="A new link; the old one opens nothing any more.")
@click.option("--revoke", is_flag=True, help="No link any more.")
@tables_options
def link(
    contact: str, rotate: bool, revoke: bool, data_dir: Path | None, config_file: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Print the permanent link of CONTACT (an id, an e-mail address or a phone number).

    It is made when there is none. It says whose appointments are shown; for what matters the
    portal asks for a code besides.
    """
    if rotate and revoke:
        raise click.UsageError("--rotate and --revoke exclude each other.")
    with portal_tables(data_dir, config_file) as tables:
        found, url = tables.write(lambda c: _linked(c, tables, contact, rotate, revoke))
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"contact": found.id, "name": found.name, "link": url})
    else:
        click.echo(url or f"{found.name} has no permanent link any more.")


def _linked(
    connection: Connection, tables: PortalTables, words: str, rotate: bool, revoke: bool
) -> tuple[Contact, str | None]:
    from slotsvc.portal.access.permanent_links import ensure_link, revoke_link, rotate_link

    found, now = _the_contact(connection, words), utc_now()
    if revoke:
        revoke_link(connection, found.id, now)
        url = None
    else:
        made = rotate_link if rotate else ensure_link
        url = made(connection, tables.secrets, found.id, tables.public_url, now)
    what = "LINK_REVOKED" if revoke else "LINK_ROTATED" if rotate else "LINK_COPIED"
    _tell(connection, found, what, now)
    return found, url


def _the_contact(connection: Connection, words: str) -> Contact:
    """The one of that id or address. Raises ``CommandError``."""
    from slotsvc.portal.access.contacts import contact_by_id, everybody_at
    from slotsvc.portal.access.identifiers import IdentifierError, identifier

    known = contact_by_id(connection, words)
    try:
        found = [known] if known else everybody_at(connection, identifier(words, None).address)
    except IdentifierError:
        found = []
    if not found:
        hint = "`slotsvc portal clients` lists contacts; a phone number begins with +."
        raise CommandError(f"There is no contact {words}.", "NOT_FOUND", Exit.ERROR, hint)
    if len(found) > 1:
        ids = ", ".join(f"{one.id} ({one.name}, {one.client_name})" for one in found)
        text = f"{len(found)} contacts share {words}."
        raise CommandError(text, "SEVERAL_CONTACTS", Exit.USAGE, f"Give the id: {ids}.")
    return found[0]


def _tell(connection: Connection, contact: Contact, what: str, now: datetime) -> None:
    from slotsvc.portal.tables.audit import record

    subject = f"contacts/{contact.id}"
    record(connection, now, ACTOR, what, business_unit=contact.business_unit, subject=subject)
