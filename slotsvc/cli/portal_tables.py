"""The portal's own files, opened by a command: short transactions, beside a portal that may run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.data_dir import private_directory
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import config_option, json_option, settings
from slotsvc.cli.portal_start import portal_errors

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from slotsvc.portal.secrets import PortalSecrets


def tables_options[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """Adds --data-dir, --config and --json to a command on the portal's files."""
    directory = click.Path(file_okay=False, path_type=Path)
    for option in (
        json_option,
        config_option,
        click.option("--data-dir", type=directory, help="Where the portal keeps its files."),
    ):
        command = option(command)
    return command


public_url_option = click.option(
    "--public-url",
    metavar="URL",
    help="What the link begins with.  [default: portal.public_url, or the address]",
)


@dataclass(frozen=True, slots=True)
class PortalTables:
    """``public_url``: what links begin with, no slash at the end. ``tenant``: whose portal the
    settings say it is; None: they do not say."""

    public_url: str
    tenant: str | None
    secrets: PortalSecrets = field(repr=False)
    _engine: Engine = field(repr=False)

    def write[T](self, work: Callable[[Connection], T]) -> T:
        """One transaction, committed when ``work`` returns. Raises ``CommandError``."""
        from sqlalchemy.exc import OperationalError

        try:
            with self._engine.begin() as connection:
                return work(connection)
        except OperationalError as error:
            raise CommandError(
                "The portal's database is busy.", "BUSY", Exit.NOT_READY, "Try again."
            ) from error


@contextmanager
def portal_tables(
    data_dir: Path | None, config_file: Path | None, public_url: str | None = None
) -> Iterator[PortalTables]:
    """The tables and the secrets of the portal the settings speak of, made where there are none.

    ``public_url``: instead of the settings'. Raises ``CommandError``.
    """
    with portal_errors():
        from slotsvc.portal.tables.database import engine_on
        from slotsvc.portal.tables.key_ring import secrets_of
        from slotsvc.portal.tables.migrate import upgrade

    flags = {"data_dir": data_dir, "portal": {"public_url": public_url}}
    chosen = settings(config_file, flags)
    private_directory(chosen.data_dir)
    with portal_errors():
        upgrade(chosen.portal_database_file)
        secrets = secrets_of(chosen.portal_database_file, chosen.portal_key_ring_file)
    engine = engine_on(chosen.portal_database_file, "BEGIN IMMEDIATE", 1)
    try:
        url = chosen.portal.public_url or f"http://{chosen.portal.http_addr}"
        yield PortalTables(url, chosen.portal.tenant, secrets, engine)
    finally:
        engine.dispose()
