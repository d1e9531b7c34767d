"""A thing that is not there: which one, and the command that shows those that are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slotsvc.cli.failure import CommandError
from slotsvc.cli.words import sentence, short

COLLECTIONS = {
    "site": "sites", "activity type": "activityTypes", "technician": "technicians",
    "team": "teams", "visit": "visits", "hold": "holds", "tenant": "tenants", "job": "jobs",
}  # fmt: skip
LISTED = {
    "site": "`slotsvc list sites` shows them.",
    "activity type": "`slotsvc list activities` shows them.",
    "technician": "`slotsvc list technicians` shows them.",
    "team": "`slotsvc list teams` shows them.",
    "visit": "`slotsvc calendar DAY --list` shows the visits of a day.",
    "hold": "a hold that lapsed is gone: run `slotsvc suggest` again.",
    "tenant": "`slotsvc company import` makes one.",
    "job": "`slotsvc jobs list` shows them.",
}


def not_found(message: str, request: Any) -> CommandError:
    """The service's "no such site", with the name that ``request`` (a message) gives."""
    word = max((w for w in COLLECTIONS if f"no such {w}" in message), key=len, default="")
    if not word:
        hint = "Check the name; `slotsvc list` shows what there is."
        return CommandError(sentence(message), "NOT_FOUND", hint=hint)
    names = (name for name in _strings(request) if f"/{COLLECTIONS[word]}/" in name)
    asked = f": {short(found)}" if (found := next(names, "")) else ""
    return CommandError(
        sentence(f"{message}{asked}"), "NOT_FOUND", hint=f"Check the name; {LISTED[word]}"
    )


def _strings(message: Any) -> Iterator[str]:
    """Every text in a message, its parts and its lists."""
    for _, value in message.ListFields():
        several = hasattr(value, "__len__") and not isinstance(value, str | bytes)
        for one in value if several else [value]:
            if isinstance(one, str):
                yield one
            elif hasattr(one, "ListFields"):
                yield from _strings(one)
