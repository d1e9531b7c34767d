"""What is written to somebody, before it is sent: one e-mail or one text message."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

_HEADER_ENDS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class Channel(StrEnum):
    """How a letter travels."""

    MAIL = "MAIL"
    SMS = "SMS"


class LetterError(ValueError):
    """The letter cannot be written like this; the message names the field, not its value."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with an e-mail. ``media_type``: such as ``text/calendar; method=PUBLISH``;
    text is UTF-8."""

    name: str
    media_type: str
    content: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _one_line("attachments.name", self.name)
        _one_line("attachments.media_type", self.media_type)


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail or text message to one recipient: of the company's own client base or staff, or
    the new address of one of them, which a code proves (S31).

    ``business_unit``: in whose name, and whose credits an SMS takes; None: a letter to staff.
    ``kind``: a stable word, ``LOGIN_CODE``. ``to``: an e-mail address, or a number in E.164.
    ``subject`` and ``html``: of e-mails; "" for none. ``due_at`` None: at once. ``expires_at``:
    not worth sending afterwards; None: two days after it is due.

    Raises ``LetterError`` for a line end in anything that becomes a header (S31).
    """

    business_unit: str | None
    channel: Channel
    kind: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    attachments: tuple[Attachment, ...] = ()
    due_at: datetime | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        _one_line("to", self.to)
        _one_line("subject", self.subject)
        if not self.to or not self.text.strip():
            raise LetterError("to, text: both are needed")


def packed(letter: Letter) -> bytes:
    """What the outbox seals: recipient, words, attachments."""
    attachments = [
        [each.name, each.media_type, b64encode(each.content).decode()]
        for each in letter.attachments
    ]
    content = {name: getattr(letter, name) for name in ("to", "subject", "text", "html")}
    return json.dumps(content | {"attachments": attachments}).encode()


def unpacked(row: Any, content: bytes) -> Letter:
    """The letter of a row of the outbox, ``content`` being what ``packed`` gave."""
    told = json.loads(content)
    attachments = tuple(
        Attachment(name, media_type, b64decode(text))
        for name, media_type, text in told.pop("attachments")
    )
    channel = Channel(row.channel)
    return Letter(row.business_unit, channel, row.kind, attachments=attachments, **told)


def _one_line(name: str, text: str) -> None:
    if _HEADER_ENDS.search(text):
        raise LetterError(f"{name}: no line ends or control characters")
