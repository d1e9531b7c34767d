"""``slotsvc restore``: a backup in the place of what is there, in a new epoch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.backup import FILE, data_dir_option, store_errors
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import config_option, json_option, settings
from slotsvc.cli.words import count_words

if TYPE_CHECKING:
    from slotsvc.bootstrap.restore import Restored
    from slotsvc.config import Settings


@click.command(short_help="Bring a backup back.")
@click.argument("file", type=FILE, required=False)
@click.option("--force", is_flag=True, help="Replace what is there; it is moved aside.")
@click.option("--in-place", is_flag=True,
              help="The database was brought back by other means: only tell it.")  # fmt: skip
@data_dir_option
@config_option
@json_option
def restore(
    file: Path | None,
    force: bool,
    in_place: bool,
    data_dir: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Bring back the backup FILE, with service and portal stopped.

    Everything is checked before anything is changed. What happened since the copy is undone: those
    who watch read anew, offers and etags of that time are refused, due letters are not sent again.
    """
    chosen = settings(config_file, {"data_dir": data_dir})
    if (file is None) is not in_place:
        raise CommandError("Give the FILE to restore, or --in-place.", "USAGE", Exit.USAGE)
    if file is None:
        _in_place(chosen, as_json)
        return
    from slotsvc.bootstrap.restore import restore as bring_back
    from slotsvc.cli.clock import utc_now
    from slotsvc.cli.progress import staged

    with store_errors(), staged(f"Restoring {file}", quiet=as_json) as told:
        done = bring_back(chosen, file, utc_now(), force=force, told=told)
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json(as_object(done))
        return
    for line in lines(done, chosen):
        click.echo(line)


def _in_place(chosen: Settings, as_json: bool) -> None:
    from slotsvc.bootstrap.restore import begin_in_place
    from slotsvc.bootstrap.stores import database_told

    with store_errors():
        epoch = begin_in_place(chosen)
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"database": database_told(chosen), "epoch": epoch})
        return
    click.echo(f"{database_told(chosen)} is in epoch {epoch}.")


def as_object(done: Restored) -> dict[str, object]:
    """What was brought back, and what is left to do."""
    settled = done.settled
    return {
        "restored": done.manifest.as_json(),
        "epoch": done.epoch,
        "replaced": None if done.replaced is None else str(done.replaced),
        "missing_keys": [str(path) for path in done.missing_keys],
        "letters_not_sent": settled.letters if settled else 0,
        "sessions_ended": settled.sessions if settled else 0,
    }


def lines(done: Restored, chosen: Settings) -> Iterator[str]:
    """The same in sentences."""
    made = done.manifest.made
    yield f"Restored what was copied at {made:%Y-%m-%d %H:%M} UTC. Epoch {done.epoch} begins."
    if done.replaced is not None:
        yield f"What was there is in {done.replaced}."
    if done.settled is not None:
        letters = count_words(done.settled.letters, "letter")
        yield f"The portal does not send {letters} that were due; everybody signs in anew."
    for path in done.missing_keys:
        yield f"Missing: {path}. {_without(path, chosen)}"
    yield "API keys revoked since then are valid again: see slotsvc key list."


def _without(path: Path, chosen: Settings) -> str:
    if path == chosen.key_ring_file:
        return "The next start makes a new one."
    return "Bring it back before the portal starts: links and second factors need it."
