"""``slotsvc portal apply``: what a company shows to its clients, from a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.clock import utc_now
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.portal_tables import portal_tables, tables_options
from slotsvc.cli.words import count_words

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from slotsvc.portal.company.applying import Changes
    from slotsvc.portal.company.file_entries import CompanyFile


@click.command(short_help="Set the portal up as a file says.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@tables_options
def apply(
    file: Path, dry_run: bool, data_dir: Path | None, config_file: Path | None, as_json: bool
) -> None:
    """Set business units, activity types, actions and clients up as FILE (TOML) says.

    Settings that the company has pages for stay as they are there. Applied twice, nothing changes.
    docs/portal-company.md tells what can stand in it.
    """
    from slotsvc.portal.company.company_file import load_company_file

    with portal_tables(data_dir, config_file) as tables, _said(file):
        wanted = load_company_file(file)
        _check_company(wanted.tenant, tables.tenant)
        work = _tried if dry_run else _applied
        changes = tables.write(lambda connection: work(connection, wanted))
    if as_json:
        from slotsvc.cli.as_json import echo_json

        told = [{"verb": c.verb, "what": c.what, "fields": list(c.fields)} for c in changes]
        echo_json({"dry_run": dry_run, "changes": told})
        return
    for change in changes:
        click.echo(f"{change}")
    counted = count_words(len(changes), "change")
    end = " to make; nothing was done." if dry_run else " made."
    click.echo(f"{counted}{end}" if len(changes) else "Everything is as the file says.")


def _check_company(in_file: str, in_settings: str | None) -> None:
    """Another company's clients have no business in this portal."""
    if in_settings not in (None, in_file):
        text = f"The file is of {in_file}, the portal is of {in_settings}."
        raise CommandError(text, "OTHER_COMPANY", Exit.USAGE, "See portal.tenant.")


def _applied(connection: Connection, file: CompanyFile) -> Changes:
    from slotsvc.portal.company.apply_file import apply_company

    return apply_company(connection, file, utc_now())


def _tried(connection: Connection, file: CompanyFile) -> Changes:
    """The same, undone."""
    trial = connection.begin_nested()
    try:
        return _applied(connection, file)
    finally:
        trial.rollback()


@contextmanager
def _said(file: Path) -> Iterator[None]:
    """Says everything that is wrong with the file at once."""
    from slotsvc.portal.company.file_problems import CompanyFileError

    try:
        yield
    except CompanyFileError as error:
        problems = [(problem.path, problem.message) for problem in error.problems]
        hint = "docs/portal-company.md tells what can stand in it."
        text = f"{file} cannot be applied; nothing was changed."
        raise CommandError(text, "COMPANY_FILE", Exit.USAGE, hint, violations=problems) from None
