"""``slotsvc config | migrate | version``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.data_dir import private_directory
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import config_option, json_option, settings
from slotsvc.cli.words import sentence

if TYPE_CHECKING:
    from rich.text import Text


@click.group("config")
def config_group() -> None:
    """What the service is set to do."""


@config_group.command("show")
@config_option
@json_option
def show_settings(config_file: Path | None, as_json: bool) -> None:
    """Print the settings in force, passwords masked, and what each means."""
    values = settings(config_file).printable()
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"settings": values})
        return
    from slotsvc.cli.screen import console, show

    screen = console()
    show(setting_lines(values, screen.width), screen)


def setting_lines(values: dict[str, Any], width: int) -> list[Text]:
    """For each setting its value, its meaning and its variable; values are never cut."""
    from rich.text import Text

    from slotsvc.cli.screen import paragraph
    from slotsvc.config import setting_fields, variable

    lines: list[Text] = []
    for path, field in setting_fields():
        value = _value(values, path)
        lines.append(Text.assemble((".".join(path), "bold"), f" = {value}"))
        lines += [Text(line, "dim") for line in paragraph(field.description or "", width, 4)]
        lines.append(Text(f"    {variable(path)}", "dim"))
    return lines


def _value(values: Any, path: tuple[str, ...]) -> str:
    for name in path:
        values = values[name]
    if isinstance(values, list):
        return ",".join(values) or "unset"
    return {None: "unset", "": "unset", True: "true", False: "false"}.get(values, str(values))


@click.command()
@config_option
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path),
              help="Where the service keeps its files.")  # fmt: skip
@json_option
def migrate(config_file: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Bring the database to this version's tables.

    A file must not be in use. On PostgreSQL services may go on: those of the version before work on
    the new tables.
    """
    from slotsvc.bootstrap.stores import database_address, database_told

    chosen = settings(config_file, {"data_dir": data_dir})
    if chosen.database_url is None:
        private_directory(chosen.database_file.parent)
    before, after = _upgraded(database_address(chosen))
    database = database_told(chosen)
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"database": database, "before": before, "after": after})
    elif before == after:
        click.echo(f"{database} is up to date ({after}).")
    else:
        click.echo(f"{database}: {before or 'empty'} -> {after}")


def _upgraded(url: str) -> tuple[str | None, str]:
    """The revisions before and after."""
    from slotsvc.domain.errors import SlotsvcError
    from slotsvc.store.migrate import current, upgrade

    try:
        return current(url), upgrade(url)
    except SlotsvcError as error:
        raise CommandError(sentence(error.message), error.reason, Exit.NOT_READY) from None
    except OSError as error:
        text = f"The database cannot be opened: {error}."
        raise CommandError(text, "STORE", Exit.NOT_READY) from None


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
