from __future__ import annotations

import io
import json

import pytest

from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.piped import from_stdin


def piped(monkeypatch: pytest.MonkeyPatch, text: str, *kinds: str) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return from_stdin("-", *kinds)


def test_what_is_typed_is_taken_as_it_is() -> None:
    """Only `-` reads stdin."""
    assert from_stdin(" token ", "slot") == "token"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("token\n", "token"),
        ("tenants/t/holds/h\n", "tenants/t/holds/h"),
        (json.dumps({"team": "m", "slot": {"token": "token"}}), "token"),
        (json.dumps({"hold": {"name": "tenants/t/holds/h"}}), "tenants/t/holds/h"),
    ],
)
def test_a_bare_word_or_an_object_is_read(
    monkeypatch: pytest.MonkeyPatch, text: str, read: str
) -> None:
    """What `suggest --pick`, `hold --name-only` and both with --json print."""
    assert piped(monkeypatch, text, "hold", "slot") == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Nothing stands on stdin"),
        ("Held: Mon 23 Nov\nUntil 10:00", "text for people"),
        ("{", "no whole JSON object"),
        ('{"visit": {}}', "no `hold.name`"),
    ],
)
def test_anything_else_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    """The hint says what to pipe."""
    with pytest.raises(CommandError, match=said) as told:
        piped(monkeypatch, text, "hold")
    assert told.value.exit_code is Exit.USAGE
    assert "--name-only" in told.value.hint


def test_an_error_before_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """`suggest --json | hold -` ends with what was wrong with the search."""
    failed = CommandError("No such site: x.", "NOT_FOUND", hint="Look.").as_json()

    with pytest.raises(CommandError, match="No such site: x") as told:
        piped(monkeypatch, json.dumps(failed), "slot")
    assert told.value.reason == "NOT_FOUND"
