"""Four languages, complete: nothing missing, nothing guessed, nothing left over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from slotsvc.portal.languages import words
from tools import messages

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wanted() -> Catalog:
    """Every message of the code and the templates."""
    return messages.collected()


@pytest.mark.parametrize("locale", messages.TRANSLATED)
def test_every_message_is_translated(locale: str, wanted: Catalog) -> None:
    """No message is missing, fuzzy, left over, or has other placeholders or tags than it should.

    ``python tools/messages.py update`` brings the catalogues up to date.
    """
    assert len(wanted) > 500
    assert list(messages.problems(locale, wanted)) == []


@pytest.mark.parametrize("locale", messages.TRANSLATED)
def test_every_translation_can_be_said(locale: str, wanted: Catalog) -> None:
    """Each is a format string that takes the values its English takes."""
    for message in wanted:
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        values = {name: "x" for id in ids for name in messages.names_in(id)}
        if message.pluralizable:
            told = [words(locale).ngettext(ids[0], ids[1], number, **values) for number in (1, 2)]
        else:
            told = [words(locale).gettext(ids[0], **values)]
        assert all("%(" not in text for text in told), told


def test_messages_come_from_code_and_templates(wanted: Catalog) -> None:
    """Pages, notices, letters: one of each is among them."""
    for message in ("Saved.", "This page does not exist", "Skip to the content", "Try again"):
        assert wanted.get(message) is not None, message


@pytest.mark.parametrize(
    ("english", "told", "problem"),
    [
        ("Hello %(name)s", "Bonjour", "placeholders"),
        ("Hello %(name)s", "Bonjour %(nom)s", "placeholders"),
        ("Hello", "Bonjour %(name)s", "placeholders"),
        ("Half of 100%%", "Moitié de 100%", "placeholders"),
        ("<b>Hello</b>", "<i>Bonjour</i>", "tags"),
        ("Hello", "", "not translated"),
    ],
)
def test_broken_translations_are_found(
    english: str, told: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would fail on a page fails here first."""
    monkeypatch.setattr(messages, "po_file", lambda locale: tmp_path / f"{locale}.po")
    have, code = Catalog(locale="fr"), Catalog()
    have.add(english, told)
    code.add(english)
    messages.write("fr", have)

    [found] = messages.problems("fr", code)

    assert problem in found


def test_what_is_gone_or_guessed_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that nobody says any more, and one that a tool translated."""
    monkeypatch.setattr(messages, "po_file", lambda locale: tmp_path / f"{locale}.po")
    have, code = Catalog(locale="fr"), Catalog()
    have.add("Gone", "Parti")
    have.add("Guessed", "Deviné", flags=["fuzzy"])
    code.add("Guessed")
    messages.write("fr", have)

    assert sorted(found.split(": ")[1] for found in messages.problems("fr", code)) == [
        "fuzzy",
        "nobody says this any more",
    ]
    messages.update("fr", code)
    assert [found.split(": ")[1] for found in messages.problems("fr", code)] == ["not translated"]


def test_the_tool_says_what_is_wrong() -> None:
    """It runs by itself, from a checkout, and its exit code tells."""
    run = subprocess.run(
        [sys.executable, "tools/messages.py", "check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, run.stdout.strip()) == (0, "")
