"""``slotsvc config | migrate | version``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from slotsvc.cli.failure import CommandError
from slotsvc.cli.options import config_option, json_option, settings


@click.group("config")
def config_group() -> None:
    """What the service is set to do."""


@config_group.command("show")
@config_option
@json_option
def show_settings(config_file: Path | None, as_json: bool) -> None:
    """Print the settings in force, passwords masked."""
    values = settings(config_file).printable()
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"settings": values})
        return
    from slotsvc.cli.screen import console, show

    screen = console()
    show(setting_lines(values, screen.width), screen)


def setting_lines(values: dict[str, Any], width: int) -> list[Any]:
    """A table: setting, value, variable."""
    from slotsvc.cli.screen import Column, table
    from slotsvc.config import setting_fields, variable

    rows = [(".".join(path), _value(values, path), variable(path)) for path, _ in setting_fields()]
    columns = (
        Column("Setting", style="bold"),
        Column("Value", gives=True),
        Column("Variable", style="dim"),
    )
    return list(table(columns, rows, width))


def _value(values: Any, path: tuple[str, ...]) -> str:
    for name in path:
        values = values[name]
    return {None: "-", True: "true", False: "false"}.get(values, str(values))


@click.command()
@config_option
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path),
              help="Where the service keeps its files.")  # fmt: skip
@json_option
def migrate(config_file: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Bring the database to this version's tables."""
    from slotsvc.store.migrate import migrate as bring_up

    chosen = settings(config_file, {"data_dir": data_dir})
    try:
        before, after = bring_up(chosen.database_file)
    except OSError as error:
        raise CommandError(f"The database cannot be opened: {error}.", "STORE") from None
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"database": str(chosen.database_file), "before": before, "after": after})
    elif before == after:
        click.echo(f"{chosen.database_file} is up to date ({after}).")
    else:
        click.echo(f"{chosen.database_file}: {before or 'empty'} -> {after}")


@click.command()
@json_option
def version(as_json: bool) -> None:
    """Print the version, and the versions of the engines inside."""
    found = versions()
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json(found)
        return
    for name, number in found.items():
        click.echo(f"{name:<14} {number}")


def versions() -> dict[str, str]:
    """By distribution name; "-" where one is missing."""
    import platform
    from importlib import metadata

    found = {}
    for name in ("slotsvc", "grpcio", "protobuf", "numpy", "ortools", "osrm-bindings"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "-"
    return {**found, "python": platform.python_version()}
