"""``slotsvc portal units | clients | credits``: what the portal has in its tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.clock import utc_now
from slotsvc.cli.failure import CommandError
from slotsvc.cli.portal_tables import portal_tables, tables_options
from slotsvc.cli.screen import Column, console, show, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from slotsvc.portal.company.clients import Client
    from slotsvc.portal.company.units import Unit

TENTHS = 10
"""Credits are kept in tenths: a text message takes two."""


@click.command()
@tables_options
def units(data_dir: Path | None, config_file: Path | None, as_json: bool) -> None:
    """List the business units."""
    from slotsvc.portal.company.units import all_units

    with portal_tables(data_dir, config_file) as tables:
        found = tables.write(all_units)
    told = [_unit_json(unit, tables.public_url) for unit in found]
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"units": told})
        return
    rows = [
        [one["id"], one["name"], "open" if one["active"] else "closed", f"{one['sms_credits']:g}",
         one["url"]]
        for one in told
    ]  # fmt: skip
    _show(("Unit", "Name", "Portal", "SMS credits", "Address"), rows, "No business units yet.")


def _unit_json(unit: Unit, public_url: str) -> dict[str, Any]:
    return {
        "id": unit.id,
        "name": unit.live.company_name,
        "active": unit.live.active,
        "team": unit.team,
        "locales": list(unit.locales),
        "sms_credits": unit.sms_credits / TENTHS,
        "draft": unit.draft is not None,
        "url": f"{public_url}/{unit.id}/",
    }


@click.command()
@click.argument("search", default="")
@click.option("--unit", metavar="BU", help="Of this business unit only.")
@tables_options
def clients(
    search: str, unit: str | None, data_dir: Path | None, config_file: Path | None, as_json: bool
) -> None:
    """List clients and their contacts; SEARCH is part of a name, reference, e-mail or number."""
    with portal_tables(data_dir, config_file) as tables:
        found = tables.write(lambda connection: _clients(connection, search, unit))
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"clients": found})
        return
    rows = [
        [one["name"], "yes" if one["access"] else "no", contact["name"],
         contact["email"] or contact["phone"] or "", contact["id"]]
        for one in found for contact in one["contacts"] or [_NOBODY]
    ]  # fmt: skip
    _show(("Client", "Access", "Contact", "Address", "Contact's id"), rows, "No clients found.")


_NOBODY = {"name": "", "email": "", "phone": "", "id": ""}


def _clients(connection: Connection, words: str, unit: str | None) -> list[dict[str, Any]]:
    from slotsvc.portal.company.clients import search

    lines, number = [], 1
    while True:
        page = search(connection, words, unit, number)
        lines += page.lines
        if number >= page.pages:
            return [_client_json(connection, line.client) for line in lines]
        number += 1


def _client_json(connection: Connection, client: Client) -> dict[str, Any]:
    from slotsvc.portal.access.contacts import contacts_of_client

    contacts = [
        {"id": c.id, "name": c.name, "email": c.email, "phone": c.phone, "user": c.portal_user}
        for c in contacts_of_client(connection, client.id)
    ]
    return {
        "id": client.id,
        "unit": client.business_unit,
        "ref": client.ref,
        "name": client.name,
        "access": client.access,
        "contacts": contacts,
    }


@click.command("credits", short_help="SMS credits of a business unit.")
@click.argument("unit", metavar="BU")
@click.option("--add", type=click.FloatRange(0.1, 1_000_000), metavar="N", help="Add so many.")
@tables_options
def credits_(
    unit: str, add: float | None, data_dir: Path | None, config_file: Path | None, as_json: bool
) -> None:
    """Print how many SMS credits BU has; a text message takes 0.2."""
    with portal_tables(data_dir, config_file) as tables:
        left = tables.write(lambda connection: _credits(connection, unit, add))
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"unit": unit, "sms_credits": left / TENTHS})
    else:
        click.echo(f"{unit} has {left / TENTHS:g} SMS credits.")


def _credits(connection: Connection, unit: str, add: float | None) -> int:
    """Tenths of a credit that are left. Raises ``CommandError``."""
    from slotsvc.portal.messages.credits import balance, top_up

    try:
        if add is None:
            return balance(connection, unit)
        return top_up(connection, unit, round(add * TENTHS), "cli", utc_now())
    except LookupError:
        hint = "`slotsvc portal units` lists them."
        text = f"There is no business unit {unit}."
        raise CommandError(text, "NOT_FOUND", hint=hint) from None


def _show(titles: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    screen = console()
    columns = [Column(title) for title in titles]
    show(table(columns, rows, screen.width) if rows else [empty], screen)
