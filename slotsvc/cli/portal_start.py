"""What can stand in the way of a portal's start, told in one sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.serve import free_to_listen
from slotsvc.cli.words import sentence

if TYPE_CHECKING:
    from slotsvc.config import Settings

EXTRA = "slotsvc[portal]"


def free_for_portal(chosen: Settings) -> None:
    """Raises ``CommandError`` when the portal's address is taken, before any long work."""
    address = chosen.portal.http_addr
    if address == "off":
        return
    try:
        free_to_listen(address)
    except CommandError as error:
        error.hint = "Give another --portal HOST:PORT (off: no portal)."
        raise


@contextmanager
def portal_errors() -> Iterator[None]:
    """Says in one sentence why the portal could not be opened."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("slotsvc"):
            raise
        text, hint = f"The portal needs the package {error.name}.", f"pip install '{EXTRA}'"
        raise CommandError(text, "PORTAL_MISSING", Exit.NOT_READY, hint) from error
    except Exception as error:
        if not _stands_in_the_way(error):
            raise
        raise CommandError(sentence(f"{error}"), "NOT_STARTED", Exit.NOT_READY) from error


def _stands_in_the_way(error: Exception) -> bool:
    from slotsvc.portal.secrets import SecretsError
    from slotsvc.portal.tables.migrate import PortalSchemaError
    from slotsvc.portal.tables.sole_portal import PortalInUseError

    return isinstance(error, SecretsError | PortalSchemaError | PortalInUseError)
