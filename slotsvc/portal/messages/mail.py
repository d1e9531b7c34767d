"""E-mails over SMTP: several in one connection, encrypted where the server offers it."""

from __future__ import annotations

import ssl
from email.errors import HeaderParseError
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP as SMTP_LINES
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib

from slotsvc.portal.clock import Clock
from slotsvc.portal.messages.carriers import (
    DelayedError,
    UndeliverableError,
    UnreachableError,
    Voice,
)
from slotsvc.portal.messages.letters import Attachment, Letter
from slotsvc.portal.options import MailOptions

_HEADERS = HeaderRegistry()
_SECONDS = 20.0
_PORTS = {"smtp": 25, "smtps": 465}
_PERMANENT = 500
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class MailCarrier:
    """One mail server. Its name and password are sent over TLS only, or on this machine."""

    def __init__(self, options: MailOptions, clock: Clock) -> None:
        told = urlsplit(options.url)
        self._host = told.hostname or ""
        self._user = unquote(told.username or "")
        self._password = unquote(told.password or "")
        self._sender = options.sender
        self._clock = clock
        self._smtp = aiosmtplib.SMTP(
            hostname=self._host,
            port=told.port or _PORTS[told.scheme],
            use_tls=told.scheme == "smtps",
            timeout=_SECONDS,
        )

    async def send(self, key: str, letter: Letter, voice: Voice) -> None:
        """Sends one e-mail, in the connection of the one before if that still stands."""
        message = as_message(letter, key, self._sender, voice, format_datetime(self._clock()))
        if not self._smtp.is_connected:
            await self._connect()
        try:
            await self._smtp.send_message(message, sender=self._sender, recipients=[letter.to])
        except aiosmtplib.SMTPSenderRefused as error:
            raise UnreachableError(f"SENDER_REFUSED {error.code}") from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _judged(error.recipients[0].code) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _judged(error.code) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            self._smtp.close()  # half a dialogue is no connection to go on with
            raise DelayedError(type(error).__name__) from error

    async def rest(self) -> None:
        """Says good-bye to the server."""
        if not self._smtp.is_connected:
            return
        try:
            await self._smtp.quit()
        except (aiosmtplib.SMTPException, OSError):
            self._smtp.close()

    async def _connect(self) -> None:
        try:
            await self._smtp.connect()
            if self._user:
                self._refuse_plain_text()
                await self._smtp.login(self._user, self._password)
        except aiosmtplib.SMTPResponseException as error:
            self._smtp.close()
            raise UnreachableError(f"{type(error).__name__} {error.code}") from error
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            self._smtp.close()
            raise UnreachableError(type(error).__name__) from error

    def _refuse_plain_text(self) -> None:
        encrypted = self._smtp.get_transport_info("sslcontext") is not None
        if not encrypted and self._host not in _THIS_MACHINE:
            self._smtp.close()
            raise UnreachableError("NO_TLS_FOR_THE_PASSWORD")


def as_message(letter: Letter, key: str, sender: str, voice: Voice, date: str) -> EmailMessage:
    """The letter as RFC 5322 and MIME have it; no person wrote it, and it says so (RFC 3834).

    ``key`` makes its Message-ID, so that a letter that is sent twice is seen once.
    """
    message = EmailMessage(policy=SMTP_LINES)
    message["From"] = Address(display_name=_line(voice.name), addr_spec=sender)
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = letter.subject
    message["Date"] = date
    message["Message-ID"] = f"<{key}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if _is_address(voice.reply_to):
        message["Reply-To"] = Address(addr_spec=voice.reply_to)
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    for attachment in letter.attachments:
        _attach(message, attachment)
    return message


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    kind: Any = _HEADERS("Content-Type", attachment.media_type)
    params = dict(kind.params)
    if kind.maintype == "text":
        params["charset"] = "utf-8"
    message.add_attachment(
        attachment.content,
        maintype=kind.maintype,
        subtype=kind.subtype,
        filename=attachment.name,
        params=params,
    )


def _judged(code: int) -> DelayedError | UndeliverableError:
    """4yz: another time; 5yz: never (RFC 5321, §4.2.1)."""
    return UndeliverableError(str(code)) if code >= _PERMANENT else DelayedError(str(code))


def _line(text: str) -> str:
    """A name as one line: settings may hold line ends, headers may not (S31)."""
    return " ".join(text.split())


def _is_address(text: str) -> bool:
    """Whether it can stand in a header; settings are checked less strictly than that."""
    try:
        return text.isascii() and bool(Address(addr_spec=text).domain)
    except (ValueError, HeaderParseError, IndexError):
        return False
