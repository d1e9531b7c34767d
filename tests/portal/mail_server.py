"""A mail server of the tests' own (aiosmtpd): keeps what it takes, refuses what it is told to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class MailServer:
    """What was received. ``refusals``: by recipient, the answer to each next RCPT; "" takes it.

    ``sessions``: how many connections said EHLO. ``encrypted``: for each letter, whether its
    connection was. ``logins``: the names and passwords that were given.
    """

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    sessions: int = 0

    async def handle_EHLO(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        self.sessions += 1
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        waiting = self.refusals.get(address)
        if waiting and (refusal := waiting.pop(0)):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content: Any = envelope.content
        self.letters.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
        self.recipients += envelope.rcpt_tos
        self.encrypted.append(session.ssl is not None)
        return "250 taken"

    def login(
        self, _server: Any, _session: Any, _envelope: Any, _how: Any, data: Any
    ) -> AuthResult:
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=True)


@asynccontextmanager
async def mail_server(
    tls: ssl.SSLContext | None = None,
    *,
    from_the_start: bool = False,
    asks_who: bool = False,
    host: str = "127.0.0.1",
) -> AsyncIterator[MailServer]:
    """A mail server on a free port of this machine, with STARTTLS where ``tls`` is given.

    ``from_the_start``: TLS before anything is said. ``asks_who``: offers AUTH, without TLS too.
    """
    server = MailServer()
    said: dict[str, Any] = {"loop": asyncio.get_running_loop(), "hostname": "mail.example"}
    if asks_who:
        said |= {"authenticator": server.login, "auth_require_tls": False}
    if tls is not None and not from_the_start:
        said["tls_context"] = tls
    talks: list[SMTP] = []

    def talk() -> SMTP:
        talks.append(SMTP(server, **said))
        return talks[-1]

    listening = await asyncio.get_running_loop().create_server(
        talk, host, 0, ssl=tls if from_the_start else None
    )
    async with listening:
        server.port = listening.sockets[0].getsockname()[1]
        try:
            yield server
        finally:
            for one in talks:  # Server.close_clients() begins with Python 3.13
                if one.transport is not None:
                    one.transport.close()
