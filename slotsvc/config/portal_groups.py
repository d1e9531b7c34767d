"""Groups of settings that only the portal reads: where it is, how it writes to people."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator

from slotsvc.config.addresses import is_loopback, split_address
from slotsvc.config.groups import Group


def _words(value: Any) -> Any:
    """A TOML list as it is; a variable's text cut at its commas."""
    return (
        [word for word in re.split(r"[,\s]+", value) if word] if isinstance(value, str) else value
    )


type Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
"""Several words: a list in TOML, text with commas in a variable."""


class Portal(Group):
    """The portal of one company: pages for its clients and its people."""

    tenant: str | None = Field(
        None,
        description="The company it serves, such as `acme`. Unset: `slotsvc up` takes the only one "
        "there is.",
    )
    http_addr: str = Field(
        "127.0.0.1:8080",
        description="Where browsers reach it, `host:port`; `off`: `slotsvc up` starts none.",
    )
    public_url: str = Field(
        "",
        description="What links in letters begin with, such as `https://visits.acme.example`. "
        "Unset: the address it listens on, which opens on this machine only.",
    )
    database_path: Path | None = Field(
        None, description="SQLite file. Unset: `portal.db` in `data_dir`."
    )
    key_ring_path: Path | None = Field(
        None,
        description="Its secrets, mode 0600, made at the first start; portal links depend on "
        "them. Unset: `portal-keys.json` in `data_dir`.",
    )
    service_address: str | None = Field(
        None,
        description="The service, `host:port`, by the name that its certificate has. "
        "Unset: `grpc_addr`.",
    )
    portal_key: SecretStr | None = Field(
        None,
        description="API key of role PORTAL. Unset: `slotsvc up` makes its own; "
        "`slotsvc portal serve` needs it unless `auth` is `off`.",
    )
    planner_key: SecretStr | None = Field(
        None, description="API key of role PLANNER, behind the company's pages; likewise."
    )
    trusted_proxies: Words = Field(
        (),
        description="Addresses of proxies in front, whose `X-Forwarded-For` is believed, "
        "separated by commas.",
    )
    sink_path: Path | None = Field(
        None,
        description="Directory where letters and text messages are written instead of being sent: "
        "to try it. It wins over `mail` and `sms`.",
    )

    @field_validator("tenant")
    @classmethod
    def _id(cls, value: str | None) -> str | None:
        if value is None:
            return None
        id = value.removeprefix("tenants/")
        if not id or "/" in id:
            raise ValueError("must be a company's id such as acme")
        return id

    @field_validator("http_addr", "service_address")
    @classmethod
    def _address(cls, value: str | None, info: Any) -> str | None:
        if value is not None and (value != "off" or info.field_name != "http_addr"):
            split_address(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _opens(cls, value: str) -> str:
        return checked_url(value.rstrip("/")) if value else ""

    @field_validator("database_path", "key_ring_path", "sink_path")
    @classmethod
    def _home(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser()

    @field_validator("portal_key", "planner_key")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else checked_key(value)

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            ipaddress.ip_network(word, strict=False)
        return value

    @property
    def safe_from_outside(self) -> bool:
        """Whether clients come over TLS, or only from this machine."""
        by_proxy = self.public_url.startswith("https://")
        return by_proxy or self.http_addr == "off" or is_loopback(self.http_addr)


class Mail(Group):
    """The mail server that takes the portal's letters."""

    url: SecretStr | None = Field(
        None,
        description="`smtps://user:password@host:465`, or `smtp://` and port 587, with STARTTLS "
        "where it is offered. Unset: letters are not sent.",
    )
    sender: str = Field("", description="Who letters come from: an address of yours.")

    @field_validator("url")
    @classmethod
    def _smtp(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        told = urlsplit(value.get_secret_value())
        if told.scheme not in ("smtp", "smtps") or not told.hostname:
            raise ValueError("must be smtp://host:port or smtps://host:port")
        return value


class Sms(Group):
    """The provider that takes the portal's text messages, as an HTTP POST of JSON."""

    url: str | None = Field(None, description="Where to post them. Unset: none are sent.")
    secret: SecretStr | None = Field(None, description="Sent as a bearer token.")
    sender: str = Field("", description="Who text messages come from, as the provider allows it.")
    countries: Words = Field(
        ("FR", "ES", "IT", "GB", "MC"),
        description="Countries that may be written to, ISO 3166 codes separated by commas.",
    )
    monthly_limit: int = Field(
        5000, ge=0, description="Messages of a calendar month (UTC); none are sent afterwards."
    )

    @field_validator("url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("must be https://…")
        return value

    @field_validator("countries")
    @classmethod
    def _codes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        codes = tuple(code.upper() for code in value)
        if wrong := [code for code in codes if not re.fullmatch("[A-Z]{2}", code)]:
            raise ValueError(f"{wrong[0]} is no ISO 3166 code such as FR")
        return codes


def checked_key(value: SecretStr) -> SecretStr:
    """Raises ``ValueError`` for what could not be sent as metadata, and is no key of ours."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", value.get_secret_value()):
        raise ValueError("not a key: letters, digits, - and _ only, on one line")
    return value


def checked_url(value: str) -> str:
    """A URL that browsers keep a login for: https, or http on this machine (its cookies are
    ``Secure``). Raises ``ValueError``."""
    told = urlsplit(value)
    if not told.hostname or told.path or told.query or told.fragment or told.username:
        raise ValueError("must be https://host, with a port if need be, and nothing behind it")
    port = told.port or 80
    host = f"[{told.hostname}]" if ":" in told.hostname else told.hostname
    if told.scheme != "https" and not (told.scheme == "http" and is_loopback(f"{host}:{port}")):
        raise ValueError("must begin with https://, or with http:// for this machine alone")
    return value
