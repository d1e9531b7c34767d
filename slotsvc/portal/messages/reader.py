"""Who reads a letter, and how it is put together for him."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from slotsvc.portal.formats import spoken_number
from slotsvc.portal.languages import Words, words
from slotsvc.portal.messages import gsm
from slotsvc.portal.messages.layout import Block, as_html, as_text
from slotsvc.portal.messages.letters import Attachment, Channel, Letter
from slotsvc.portal.visitor import BusinessUnit

_SMS_NAME_LENGTH = 24


@dataclass(frozen=True, slots=True)
class Reader:
    """A recipient: ``to`` is an e-mail address or a number in E.164, as ``channel`` says.

    ``name``: how he is greeted; "" where it is not known who of several reads it.
    """

    bu: BusinessUnit
    channel: Channel
    to: str = field(repr=False)
    locale: str
    name: str = field(default="", repr=False)

    @property
    def words(self) -> Words:
        """What is said in his language."""
        return words(self.locale)

    @property
    def company(self) -> str:
        """The company's name on one line; in text messages cut where it is long."""
        name = " ".join(self.bu.company_name.split()) or self.bu.id
        if self.channel is Channel.SMS and len(name) > _SMS_NAME_LENGTH:
            return name[: _SMS_NAME_LENGTH - 1].rstrip() + "."
        return name


def mail(
    reader: Reader,
    kind: str,
    subject: str,
    blocks: Sequence[Block],
    expires_at: datetime | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Letter:
    """An e-mail: greeting, blocks, the company's name and contact data."""
    signature = [reader.company, *filter(None, (spoken_number(reader.bu.phone), reader.bu.email))]
    told = [_greeting(reader), *blocks]
    subject = " ".join(subject.split())
    return Letter(
        reader.bu.id,
        Channel.MAIL,
        kind,
        reader.to,
        subject,
        as_text(told, signature),
        as_html(subject, told, signature, reader.company, reader.locale),
        attachments,
        expires_at=expires_at,
    )


def sms(reader: Reader, kind: str, text: str, expires_at: datetime | None = None) -> Letter:
    """A text message, in letters that cost one message where it can be."""
    return Letter(
        reader.bu.id, Channel.SMS, kind, reader.to, "", gsm.plain(text), expires_at=expires_at
    )


def company_contact(reader: Reader) -> str:
    """How to reach the company: its number, else its e-mail address, else its name."""
    return spoken_number(reader.bu.phone) or reader.bu.email or reader.company


def _greeting(reader: Reader) -> str:
    if reader.name:
        return reader.words.gettext("Hello %(name)s,", name=reader.name)
    return reader.words.gettext("Hello,")
