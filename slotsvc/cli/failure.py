"""How a command fails: one sentence, every violation, what to do, an exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from google.protobuf.message import Message
    from rich.text import Text

    from slotsvc.pb.v1.plan_service_pb2 import RouteCheck
    from slotsvc.pb.v1.slot_service_pb2 import Slot


class Exit(IntEnum):
    """What the shell gets."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_READY = 3


@dataclass
class CommandError(Exception):
    """A command that could not do what was asked.

    ``reason``: stable, UPPER_SNAKE. ``violations``: (field path, what was expected) pairs.
    ``alternatives``: slots to offer instead, best first; shown in ``zone`` (None: UTC).
    ``routes``: what a move by hand would break; shown as ``lines``.
    """

    message: str
    reason: str = "ERROR"
    exit_code: Exit = Exit.ERROR
    hint: str = ""
    violations: Sequence[tuple[str, str]] = ()
    alternatives: Sequence[Slot] = ()
    zone: ZoneInfo | None = field(default=None)
    routes: Sequence[RouteCheck] = ()
    lines: Sequence[Text] = ()

    def __str__(self) -> str:
        return self.message

    def as_json(self) -> dict[str, Any]:
        """One object with the key ``error``; the keys inside are always the same."""
        return {
            "error": {
                "reason": self.reason,
                "message": self.message,
                "hint": self.hint,
                "violations": [{"field": path, "reason": text} for path, text in self.violations],
                "alternatives": _messages(self.alternatives),
                "routes": _messages(self.routes),
            }
        }


def _messages(found: Sequence[Message]) -> list[dict[str, Any]]:
    if not found:
        return []
    from slotsvc.cli.as_json import as_json

    return [as_json(message) for message in found]
