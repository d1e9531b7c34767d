"""The portal's messages in four languages: collected from the code, brought up to date, checked.

    python tools/messages.py update    new messages into the catalogues, those gone taken out
    python tools/messages.py check     fails on a missing, fuzzy or obsolete message, or one whose
                                       placeholders or tags differ from the English
    python tools/messages.py missing   prints what has to be translated, as JSON

Message ids are the English sentences, so there is no English catalogue.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from slotsvc.portal.languages import LOCALES, SOURCE, po_file  # noqa: E402

PORTAL = ROOT / "slotsvc" / "portal"
TRANSLATED = tuple(locale for locale in LOCALES if locale != SOURCE)
WIDTH = 100

_METHODS = [
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.txt", "jinja2"),
    ("**.py", "python"),
]
_OPTIONS = {
    "**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"},
    "**/templates/**.txt": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"},
}
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "markup": None,
    "marked": None,
    "ngettext": (1, 2),
    "plural_markup": (1, 2),
}
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)[sd]|%|.)")
_TAG = re.compile(r"</?\w+[^>]*>")


def collected() -> Catalog:
    """Every message of the code and the templates."""
    found = Catalog()
    entries = extract_from_dir(PORTAL, _METHODS, _OPTIONS, keywords=_KEYWORDS)
    for _file, _line, message, _comments, _context in entries:
        found.add(message, None)
    return found


def catalogue(locale: str) -> Catalog:
    """What is translated so far; empty where there is nothing yet."""
    if not po_file(locale).exists():
        return Catalog(locale=locale)
    with po_file(locale).open("rb") as file:
        return read_po(file, locale=locale)


def problems(locale: str, wanted: Catalog) -> Iterator[str]:
    """What is wrong with a catalogue, one sentence each."""
    have = catalogue(locale)
    for message in wanted:
        if message.id:
            yield from _of_message(locale, message, have.get(message.id))
    known = {_key(message) for message in wanted}
    for message in [*have, *have.obsolete.values()]:
        if message.id and _key(message) not in known:
            yield f"{locale}: nobody says this any more: {_key(message)!r}"


def update(locale: str, wanted: Catalog) -> None:
    """Adds what is new, untranslated, and takes out what is gone. Nothing is guessed."""
    have, fresh = catalogue(locale), Catalog(locale=locale)
    for message in wanted:
        if message.id:
            old = have.get(message.id)
            fresh.add(message.id, old.string if old and not old.fuzzy else None)
    write(locale, fresh)


def write(locale: str, messages: Catalog) -> None:
    """The catalogue's file: in order, without dates or places, so that a change is a change."""
    path = po_file(locale)
    path.parent.mkdir(exist_ok=True)
    head = [
        'msgid ""',
        'msgstr ""',
        f'"Language: {locale}\\n"',
        '"Content-Type: text/plain; charset=utf-8\\n"',
        '"Content-Transfer-Encoding: 8bit\\n"',
        f'"Plural-Forms: {messages.plural_forms}\\n"',
    ]
    with path.open("wb") as file:
        file.write("\n".join(head).encode() + b"\n\n")
        write_po(file, messages, WIDTH, no_location=True, omit_header=True, sort_output=True)


def missing(locale: str, wanted: Catalog) -> list[list[str]]:
    """Messages that are not translated: the sentence, or its two forms."""
    have = catalogue(locale)
    found = []
    for message in wanted:
        old = have.get(message.id) if message.id else None
        if message.id and not (old and _strings(old) and all(_strings(old))):
            found.append(_ids(message))
    return sorted(found)


def names_in(text: str) -> set[str]:
    """The names of a message's placeholders."""
    return {found[1] for found in _PLACEHOLDER.finditer(text) if found[1]}


def _of_message(locale: str, message: Message, found: Message | None) -> Iterator[str]:
    told = _ids(message)[0]
    if found is None or not all(_strings(found)):
        yield f"{locale}: not translated: {told!r}"
        return
    if found.fuzzy:
        yield f"{locale}: fuzzy: {told!r}"
    if len(_strings(found)) != (2 if message.pluralizable else 1):
        yield f"{locale}: not one text for each form: {told!r}"
    for text in _strings(found):
        # "one visit" may leave the number out; nothing may be put in
        allowed = [_placeholders(id) for id in _ids(message)]
        if _placeholders(text) not in allowed:
            yield f"{locale}: other placeholders than in {told!r}: {text!r}"
        if Counter(_TAG.findall(text)) != Counter(_TAG.findall(told)):
            yield f"{locale}: other tags than in {told!r}: {text!r}"


def _key(message: Message) -> str:
    return _ids(message)[0]


def _ids(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def _strings(message: Message) -> list[str]:
    if isinstance(message.string, str):
        return [message.string]
    return list(message.string or ())


def _placeholders(text: str) -> Counter[str]:
    return Counter(found[0] for found in _PLACEHOLDER.finditer(text))


def main(command: str) -> int:
    """Runs one command; gives the exit code."""
    wanted = collected()
    if command == "update":
        for locale in TRANSLATED:
            update(locale, wanted)
    if command == "missing":
        told = {locale: missing(locale, wanted) for locale in TRANSLATED}
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return 0
    found = [problem for locale in TRANSLATED for problem in problems(locale, wanted)]
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("update", "check", "missing"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
