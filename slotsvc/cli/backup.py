"""``slotsvc backup``: one file that holds all there is, made while the service runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import config_option, json_option, settings
from slotsvc.cli.program import program
from slotsvc.cli.words import count_words, sentence

if TYPE_CHECKING:
    from slotsvc.store.archive import Manifest

DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)

HINTS = {
    "OCCUPIED": "Give --force: what is there is moved aside, not deleted.",
    "BACKUP": "Nothing was changed.",
}

data_dir_option = click.option(
    "--data-dir", type=DIRECTORY, help="Where the service keeps its files."
)


@click.command(short_help="Copy the databases, while the service runs.")
@click.argument("file", type=FILE)
@click.option("--with-keys", is_flag=True,
              help="Also the key rings. Such a file opens every client's pages.")  # fmt: skip
@data_dir_option
@config_option
@json_option
def backup(
    file: Path, with_keys: bool, data_dir: Path | None, config_file: Path | None, as_json: bool
) -> None:
    """Copy the databases of service and portal to FILE (.tar.gz), while they run.

    The copy is of one instant, checked, and appears whole or not at all. It holds personal data.
    Without --with-keys keep a copy of portal-keys.json apart: portal links depend on it.
    """
    from slotsvc.bootstrap.backup import back_up
    from slotsvc.cli.clock import utc_now
    from slotsvc.cli.progress import staged

    chosen = settings(config_file, {"data_dir": data_dir})
    with store_errors(), staged(f"Copying to {file}", quiet=as_json) as told:
        manifest = back_up(chosen, file, utc_now(), with_keys=with_keys, told=told)
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"backup": str(file), **manifest.as_json()})
        return
    for line in lines(file, manifest):
        click.echo(line)


def lines(file: Path, manifest: Manifest) -> Iterator[str]:
    """What was copied, in a few lines."""
    size = file.stat().st_size / 1e6
    entries = sum(head.entries for head in manifest.heads.values())
    yield f"{file}: {', '.join(manifest.files)} ({size:.1f} MB), revision {manifest.revision}."
    companies = count_words(len(manifest.heads), "audit chain")
    told = f"{companies} with {count_words(entries, 'entry', 'entries')}."
    yield f"{told} Check it: {program()} verify {file}"
    if "portal.db" in manifest.files and "portal-keys.json" not in manifest.files:
        yield "The portal's keys are not in it: keep a copy of portal-keys.json elsewhere."


@contextmanager
def store_errors() -> Iterator[None]:
    """Says in one sentence what stands in the way."""
    from slotsvc.domain.errors import SlotsvcError

    try:
        yield
    except SlotsvcError as error:
        hint = HINTS.get(error.reason, "")
        raise CommandError(sentence(error.message), error.reason, _code(error), hint) from error
    except OSError as error:
        raise CommandError(_of_file(error), "FILE", Exit.NOT_READY) from error


def _code(error: Exception) -> Exit:
    """Something is wrong with a backup, or with what it is made of; all else stands in the way of
    looking at it."""
    from slotsvc.store.archive import ArchiveError
    from slotsvc.store.sqlite_copy import CopyError

    return Exit.ERROR if isinstance(error, ArchiveError | CopyError) else Exit.NOT_READY


def _of_file(error: OSError) -> str:
    why = (error.strerror or f"{error}").lower()
    return sentence(why if error.filename is None else f"{error.filename}: {why}")
