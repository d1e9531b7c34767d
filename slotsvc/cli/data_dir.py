"""The service's own directory: made for its owner alone, or one sentence about why not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from slotsvc.cli.failure import CommandError, Exit

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE = 0o700


def private_directory(directory: Path) -> Path:
    """The directory, made with mode 0700 when missing; one that is there keeps its mode.

    Raises ``CommandError`` when it cannot be made or written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    except OSError as error:
        raise _refused(directory, f"cannot be made: {(error.strerror or '').lower()}") from None
    if not os.access(directory, os.W_OK | os.X_OK):
        raise _refused(directory, "cannot be written by this user")
    return directory


def _refused(directory: Path, why: str) -> CommandError:
    hint = "Give another directory: --data-dir (--keep-data for the demo)."
    return CommandError(f"{directory} {why}.", "DATA_DIR", Exit.NOT_READY, hint)
