"""Who calls, and what a key lets its holder be.

A key is ``slk_<id>_<secret>``. The id names it in lists and audit trails; the secret is 256 random
bits, of which the service keeps SHA-256 only. A slow hash (argon2) protects secrets that people
choose, because those can be guessed; nobody guesses 256 random bits, and every call is checked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

SECRET_BYTES = 32
ID_LENGTH = 12

_TEXT = re.compile(r"slk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")


class Role(Enum):
    """What a key may be; who may call what stands in the contract's policies."""

    OPERATOR = "OPERATOR"
    ADMINISTRATOR = "ADMINISTRATOR"
    PLANNER = "PLANNER"
    INTEGRATOR = "INTEGRATOR"
    TECHNICIAN = "TECHNICIAN"
    CLIENT = "CLIENT"
    PORTAL = "PORTAL"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is behind a call. ``tenant`` "": bound to none, as operators are.

    ``client``: the client's reference, with CLIENT only; ``technician``: the technician's id, with
    TECHNICIAN only. ``methods``: the only ones it may call, ``Service`` or ``Service/Method``;
    empty: all of its role. ``gateway``: acts for that client or technician through a portal's key.
    """

    role: Role
    tenant: str
    key: str
    client: str = ""
    technician: str = ""
    methods: frozenset[str] = frozenset()
    gateway: bool = False

    @property
    def subject(self) -> str:
        """Whose data alone it may touch: ``clients/…`` or ``technicians/…``; "": anybody's."""
        if self.role is Role.CLIENT:
            return f"clients/{self.client}"
        return f"technicians/{self.technician}" if self.role is Role.TECHNICIAN else ""

    @property
    def actor(self) -> str:
        """As the audit trail names it."""
        behalf = f" on behalf of {self.subject}" if self.gateway else ""
        return f"apiKeys/{self.key}{behalf}"

    def may_use(self, service: str, method: str) -> bool:
        """Whether the key is not narrowed to other methods. ``service`` without its package."""
        return not self.methods or not self.methods.isdisjoint({service, f"{service}/{method}"})

    def may_pass_on(self, methods: frozenset[str]) -> bool:
        """Whether a key of those methods (none: all) can do no more than this one."""
        if not self.methods:
            return True
        own = {name for name in methods if self.methods & {name, name.partition("/")[0]}}
        return bool(methods) and own == methods


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept. ``digest``: SHA-256 of its secret, never shown.

    ``expires`` None: never; ``revoked`` None: not; ``last_used`` to the hour, None: never.
    """

    id: str
    tenant: str
    role: Role
    display_name: str
    digest: bytes = field(repr=False)
    created: datetime
    client: str = ""
    technician: str = ""
    methods: frozenset[str] = frozenset()
    expires: datetime | None = None
    revoked: datetime | None = None
    last_used: datetime | None = None

    def live(self, now: datetime) -> bool:
        """Neither expired nor revoked at ``now``."""
        return self.revoked is None and (self.expires is None or now < self.expires)

    def opened_by(self, secret: str) -> bool:
        """Whether ``secret`` is the key's. Takes the same time for every wrong one."""
        return hmac.compare_digest(self.digest, digest_of(secret))

    @property
    def principal(self) -> Principal:
        """Who its holder is."""
        return Principal(
            self.role, self.tenant, self.id, self.client, self.technician, self.methods
        )


def key_text(id: str, secret: str) -> str:
    """The text that goes with every call."""
    return f"slk_{id}_{secret}"


def split_key(text: str) -> tuple[str, str] | None:
    """Id and secret in a key's text; None when it is no such text."""
    found = _TEXT.fullmatch(text)
    return None if found is None else (found[1], found[2])


def digest_of(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()
