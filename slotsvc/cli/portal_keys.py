"""``slotsvc portal new-keys``: when the portal's key ring is gone for good."""

from __future__ import annotations

from pathlib import Path

import click

from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import settings
from slotsvc.cli.portal_start import portal_errors
from slotsvc.cli.portal_tables import tables_options


@click.command("new-keys", short_help="Make a key ring where the portal's own is lost.")
@tables_options
def new_keys(data_dir: Path | None, config_file: Path | None, as_json: bool) -> None:
    """Make a new portal-keys.json in the place of one that cannot be brought back.

    Staff enrol their phones anew (`slotsvc portal first-admin --again`), letters not sent yet are
    lost, and a client's link becomes another one when it is next shown.
    """
    with portal_errors():
        from slotsvc.portal.secrets import PortalSecrets
    chosen = settings(config_file, {"data_dir": data_dir})
    place = chosen.portal_key_ring_file
    if place.exists():
        hint = "Keep it: what it sealed no other opens."
        raise CommandError(f"{place} is there.", "OCCUPIED", Exit.ERROR, hint)
    with portal_errors():
        PortalSecrets.open_or_create(place)
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"key_ring": str(place)})
        return
    click.echo(f"{place} is made. Keep a copy of it apart from the backups.")
