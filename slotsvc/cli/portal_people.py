"""``slotsvc portal first-admin | link``: ways in, for the company's people and for clients."""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.clock import utc_now
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import json_option
from slotsvc.cli.portal_tables import (
    PortalTables,
    portal_tables,
    public_url_option,
    tables_options,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from slotsvc.portal.access.contacts import Contact

ACTOR = "cli"


@click.command("first-admin", short_help="Print the one-time link of an administrator.")
@click.argument("email")
@click.option("--name", default="", help="How the portal greets him.  [default: the e-mail]")
@click.option("--again", is_flag=True, help="Though there is one: password or phone is lost.")
@public_url_option
@tables_options
def first_admin(
    email: str, name: str, again: bool, public_url: str | None, data_dir: Path | None,
    config_file: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Print a link with which the administrator EMAIL chooses a password and enrols a phone.

    It works once, for 24 hours. Other people of the company are invited on its pages.
    """
    with portal_tables(data_dir, config_file, public_url) as tables:
        url = tables.write(lambda c: _administrator_link(c, tables, email, name or email, again))
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"email": email, "link": url})
        return
    click.echo(url)
    click.echo("It works once; whoever has it becomes the administrator.", err=True)


def _administrator_link(
    connection: Connection, tables: PortalTables, email: str, name: str, again: bool
) -> str:
    from slotsvc.portal.access.staff import (
        StaffProblem,
        StaffRefusedError,
        first_administrator,
    )

    try:
        token = first_administrator(connection, tables.secrets, email, name, utc_now(), again=again)
    except StaffRefusedError as error:
        if error.problem is not StaffProblem.ADMINISTRATOR_EXISTS:
            raise _refused(email, error.problem.value) from None
        hint = "He invites others on the company's pages. Locked out: --again."
        text = "There is an administrator already."
        raise CommandError(text, error.problem.value, Exit.ERROR, hint) from None
    return f"{tables.public_url}/company/first/{token}"


def _refused(email: str, problem: str) -> CommandError:
    text = {
        "NOT_AN_EMAIL": f"{email!r} is no e-mail address.",
        "TOO_LONG": "The name is too long.",
    }.get(problem, "The name is missing.")
    return CommandError(text, problem, Exit.USAGE)


@click.command(short_help="Print a contact's portal link.")
@click.argument("contact")
@click.option("--rotate", is_flag=True, help="A new link; the old one opens nothing any more.")
@click.option("--revoke", is_flag=True, help="No link any more.")
@public_url_option
@tables_options
def link(
    contact: str, rotate: bool, revoke: bool, public_url: str | None, data_dir: Path | None,
    config_file: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Print the portal link of CONTACT (an id, an e-mail address or a phone number).

    It is made when there is none. It says whose appointments are shown; for what matters the
    portal asks for a code besides.
    """
    if rotate and revoke:
        raise click.UsageError("--rotate and --revoke exclude each other.")
    with portal_tables(data_dir, config_file, public_url) as tables:
        found, url = tables.write(lambda c: _linked(c, tables, contact, rotate, revoke))
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"contact": found.id, "name": found.name, "link": url})
    else:
        click.echo(url or f"{found.name} has no portal link any more.")


@click.command(short_help="Six digits for a second step, without a phone.")
@click.argument("secret", nargs=-1, required=True)
@json_option
def code(secret: tuple[str, ...], as_json: bool) -> None:
    """Print the code of now for SECRET, as the page shows it when a phone is enrolled (RFC 6238).

    To try the portal. Where it matters, keep the secret on a phone, not on the machine on which
    the password is typed.
    """
    from slotsvc.portal.access.totp import code_at, step_of

    digits = code_at(_spelled(secret), step_of(utc_now()))
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"code": digits})
    else:
        click.echo(digits)


def _spelled(words: tuple[str, ...]) -> bytes:
    text = "".join("".join(words).split()).upper()
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raise click.BadParameter("not a secret: letters and the digits 2 to 7 only") from None


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
