"""What the portal is told at its start. ``slotsvc.bootstrap`` fills it from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Where the engine is. ``ca_path`` None: the channel is not encrypted (this machine only).

    ``portal_key`` acts for clients, one at a time; ``planner_key`` is behind company pages and the
    day page. Both None only where the engine asks nobody for a key.
    """

    address: str
    portal_key: str | None = field(default=None, repr=False)
    planner_key: str | None = field(default=None, repr=False)
    ca_path: Path | None = None
    certificate_path: Path | None = None
    key_path: Path | None = None


@dataclass(frozen=True, slots=True)
class MailOptions:
    """A mail server. ``url``: ``smtp://user:password@host:port`` (STARTTLS where offered),
    ``smtps://…`` (TLS from the start)."""

    url: str = field(repr=False)
    sender: str


@dataclass(frozen=True, slots=True)
class SmsOptions:
    """An SMS provider that takes an HTTP POST. ``secret``: sent as a bearer token.

    ``countries``: ISO 3166 codes that may be written to. ``monthly_limit``: messages of a calendar
    month (UTC) after which nothing is sent any more.
    """

    url: str
    secret: str | None = field(default=None, repr=False)
    sender: str = ""
    countries: tuple[str, ...] = ("FR", "ES", "IT", "GB", "MC")
    monthly_limit: int = 5000


@dataclass(frozen=True, slots=True)
class PortalOptions:
    """Everything of one portal, which serves one company (``tenant``: ``tenants/{tenant}``).

    ``address``: host:port to listen on. ``public_url``: what links begin with, no slash at the end;
    "" means ``http://`` and the address really bound. ``sink``: a directory where letters and text
    messages are written as files instead of being sent; it wins over ``mail`` and ``sms``.
    ``trusted_proxies``: addresses whose X-Forwarded-For is believed.
    """

    address: str
    tenant: str
    database: Path
    key_ring: Path
    service: ServiceOptions
    public_url: str = ""
    mail: MailOptions | None = None
    sms: SmsOptions | None = None
    sink: Path | None = None
    trusted_proxies: tuple[str, ...] = ()
