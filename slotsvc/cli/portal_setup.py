"""``slotsvc portal apply``: what a company shows to its clients, from a file."""

from __future__ import annotations

from pathlib import Path

import click

from slotsvc.cli.portal_tables import portal_tables, tables_options


@click.command(short_help="Set the portal up as a file says.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@tables_options
def apply(
    file: Path, dry_run: bool, data_dir: Path | None, config_file: Path | None, as_json: bool
) -> None:
    """Set business units, activity types, actions and clients up as FILE (TOML) says.

    What FILE leaves out stays as it is; applied twice, nothing changes. docs/portal-company.md
    tells what can stand in it.
    """
    with portal_tables(data_dir, config_file) as tables:
        raise NotImplementedError(tables)
