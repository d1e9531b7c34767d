"""A directory instead of carriers: letters and text messages as files to read, for trying out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from slotsvc.portal.messages.carriers import Voice
from slotsvc.portal.messages.letters import Channel, Letter

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class SunkLetter:
    """What one file says. ``links``: the addresses in its text, in order."""

    path: Path
    channel: Channel
    kind: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)

    @property
    def links(self) -> list[str]:
        """The addresses in the text, in order."""
        return re.findall(r"https?://[^\s<>\"]+", self.text)


class Sink:
    """Writes ``000001-MAIL-LOGIN_CODE.txt`` and so on, mode 0600; attachments lie beside.

    Numbers go on where the directory's last one ended, so names sort by age.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def send(self, key: str, letter: Letter, voice: Voice) -> None:
        """Writes one letter; the file appears whole."""
        told = sunk_letters(self._directory)
        number = int(told[-1].path.name[:6]) + 1 if told else 1
        stem = f"{number:06}-{letter.channel}-{letter.kind}"
        for attachment in letter.attachments:
            name = _UNSAFE.sub("_", attachment.name)
            self._write(f"{stem}-{name}", attachment.content)
        lines = [
            f"From: {' '.join(voice.name.split())}",
            f"To: {letter.to}",
            f"Subject: {letter.subject}",
            f"Key: {key}",
            "",
            letter.text,
        ]
        self._write(f"{stem}.txt", "\n".join(lines).encode())

    async def rest(self) -> None:
        """Nothing is open."""

    def _write(self, name: str, content: bytes) -> None:
        part = self._directory / f".{name}.part"
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.rename(self._directory / name)


def sunk_letters(directory: Path) -> list[SunkLetter]:
    """Every letter in the directory, oldest first."""
    return [_read(path) for path in sorted(directory.glob("[0-9]*-*-*.txt"))]


def _read(path: Path) -> SunkLetter:
    head, _, text = path.read_text().partition("\n\n")
    told = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    _, channel, kind = path.stem.split("-", 2)
    return SunkLetter(
        path, Channel(channel), kind, told.get("To", ""), told.get("Subject", ""), text
    )
