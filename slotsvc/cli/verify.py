"""``slotsvc verify``: are the books right?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.backup import FILE, data_dir_option, store_errors
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import config_option, json_option, settings
from slotsvc.cli.words import count_words

if TYPE_CHECKING:
    from slotsvc.store.examination import Examination
    from slotsvc.store.heads import Heads

READABLE = click.Path(exists=True, dir_okay=False, path_type=Path)
MOST_SHOWN = 50


@click.command(short_help="Recompute the books: trails, events, routes.")
@click.argument("file", type=READABLE, required=False)
@click.option("--heads", "heads_file", type=READABLE,
              help="Heads of the audit chains, kept from an earlier run.")  # fmt: skip
@click.option("--write-heads", "new_heads", type=FILE,
              help="Write the heads found there, when nothing is wrong.")  # fmt: skip
@data_dir_option
@config_option
@json_option
def verify(
    file: Path | None,
    heads_file: Path | None,
    new_heads: Path | None,
    data_dir: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Recompute all that can be: audit chains, events, routes, pages.

    Looks at the database, also while the service runs, or at the backup FILE. Changes nothing.
    Exit code 1: something is wrong; 3: it could not look.
    """
    from slotsvc.bootstrap.verify import opened_books
    from slotsvc.bootstrap.verify import verify as look_over
    from slotsvc.cli.progress import staged

    chosen = settings(config_file, {"data_dir": data_dir})
    kept = _kept(heads_file)
    with (
        store_errors(),
        opened_books(chosen, file) as books,
        staged("Looking over the books", quiet=as_json) as told,
    ):
        found = look_over(books, kept, told)
    if new_heads is not None and not found.troubles:
        _keep(new_heads, found.heads)
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json(as_object(found))
    else:
        for line in lines(found):
            click.echo(line)
    if found.troubles:
        click.get_current_context().exit(Exit.ERROR)


def as_object(found: Examination) -> dict[str, Any]:
    """All of it; the keys are always the same."""
    from dataclasses import asdict

    from slotsvc.store.heads import heads_as_json

    return {
        "ok": not found.troubles,
        "epoch": found.epoch,
        "tenants": found.tenants,
        "operators_trail": found.operators,
        "audit_entries": found.entries,
        "events": found.events,
        "routes": found.routes,
        "judged": asdict(found.judged),
        "audit_heads": heads_as_json(found.heads),
        "troubles": [asdict(trouble) for trouble in found.troubles],
    }


def lines(found: Examination) -> Iterator[str]:
    """A summary that a person can read."""
    judged = found.judged
    trail = " and the operator's trail" if found.operators else ""
    yield (
        f"{count_words(found.tenants, 'company', 'companies')}{trail}, "
        f"{count_words(found.entries, 'audit entry', 'audit entries')}, "
        f"{count_words(found.events, 'event')}, {count_words(found.routes, 'route')}, "
        f"epoch {found.epoch}."
    )
    yield (
        f"{count_words(judged.routes, 'route')} with visits: "
        f"{judged.routes - judged.skipped} judged anew, "
        f"{judged.skipped} under way or waiting for their next change, "
        f"{judged.unknown} without all of their driving, {judged.broken} broken and on record."
    )
    if not found.troubles:
        yield "Nothing is wrong."
        return
    for trouble in found.troubles[:MOST_SHOWN]:
        yield f"WRONG  {trouble.check}: {trouble.where}: {trouble.what}"
    if (more := len(found.troubles) - MOST_SHOWN) > 0:
        yield f"… and {more} more (--json has all)."
    yield f"{count_words(len(found.troubles), 'thing')} wrong. docs/operations.md says what to do."


def _kept(file: Path | None) -> Heads:
    from slotsvc.store.heads import HeadsError, read_heads

    if file is None:
        return {}
    try:
        return read_heads(file.read_text())
    except (HeadsError, UnicodeDecodeError) as error:
        text = f"{file} cannot be read as heads of audit chains: {error}."
        raise CommandError(text, "HEADS", Exit.USAGE) from None


def _keep(file: Path, heads: Heads) -> None:
    from slotsvc.store.heads import heads_as_json

    file.write_text(json.dumps(heads_as_json(heads), indent=1, sort_keys=True) + "\n")
