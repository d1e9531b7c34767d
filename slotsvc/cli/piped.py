"""What another command printed, read from stdin where ``-`` is given."""

from __future__ import annotations

import json
import sys
from typing import Any

from slotsvc.cli.failure import CommandError, Exit

KEYS = {"hold": "name", "visit": "name", "slot": "token"}
"""Where a command's JSON object has what the next command wants."""


def from_stdin(text: str, *kinds: str) -> str:
    """The text; ``-`` means what stands on stdin: a bare token or name, or a JSON object.

    ``kinds``: which of ``KEYS`` are wanted of an object, the first one there counts. Raises
    ``CommandError`` for anything else, with the error of the command before where it had one.
    """
    if text != "-":
        return text.strip()
    read = sys.stdin.read().strip()
    if not read:
        raise _unreadable("Nothing stands on stdin: the command before printed nothing.")
    if read.startswith("{"):
        return _of_object(read, kinds)
    if len(read.split()) > 1:
        raise _unreadable("Stdin is text for people.")
    return read


def _of_object(read: str, kinds: tuple[str, ...]) -> str:
    try:
        found: dict[str, Any] = json.loads(read)
    except json.JSONDecodeError:
        raise _unreadable("Stdin is no whole JSON object.") from None
    if "error" in found:
        error = found["error"]
        raise CommandError(error["message"], error["reason"], Exit.ERROR, error["hint"])
    for kind in kinds:
        if kind in found:
            return str(found[kind][KEYS[kind]])
    wanted = " or ".join(f"`{kind}.{KEYS[kind]}`" for kind in kinds)
    raise _unreadable(f"The object on stdin has no {wanted}.")


def _unreadable(message: str) -> CommandError:
    hint = "Pipe from `slotsvc suggest … --pick N`, `slotsvc hold … --name-only`, or add --json."
    return CommandError(message, "USAGE", Exit.USAGE, hint)
