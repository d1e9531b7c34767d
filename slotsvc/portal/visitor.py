"""Who looks at a page: nobody known, a contact of a client, or one of the company's people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class Level(IntEnum):
    """How a client's session was proven."""

    LINK = 1  # a permanent link: says whose, proves little
    PROVEN = 2  # a code, a password


class StaffRole(StrEnum):
    """What one of the company's people may do."""

    ADMINISTRATOR = "ADMINISTRATOR"
    PLANNER = "PLANNER"


@dataclass(frozen=True, slots=True)
class BusinessUnit:
    """A business unit as pages need it: the settings in force.

    ``description``: by locale. ``logo``: SHA-256 of its PNG, None for none. ``team``: its resource
    name.
    """

    id: str
    team: str
    locales: tuple[str, ...]
    time_zone: str
    active: bool
    company_name: str
    phone: str = ""
    email: str = ""
    address: str = ""
    description: dict[str, str] = field(default_factory=dict)
    logo: str | None = None
    permanent_code: bool = False
    sms_connection: bool = False

    @property
    def logo_url(self) -> str | None:
        """Where the logo is; None for none."""
        return f"/logos/{self.logo}.png" if self.logo else None


@dataclass(frozen=True, slots=True)
class ClientVisitor:
    """A contact of a client. ``client``: the engine's reference. ``sites``: resource names that he
    may see; None means all of the client's. ``viewed_by``: the staff id that looks through his
    eyes, read-only; None: he himself. ``proven_until``: end of the last step-up.
    """

    session: str
    contact: str
    name: str
    client: str
    client_id: str
    client_name: str
    bu: BusinessUnit
    sites: frozenset[str] | None
    locale: str
    level: Level
    proven_until: datetime
    csrf_token: str
    viewed_by: str | None = None

    def sees_site(self, site: str) -> bool:
        """Whether the site is in his scope."""
        return self.sites is None or site in self.sites


@dataclass(frozen=True, slots=True)
class StaffVisitor:
    """One of the company's people, with password and TOTP proven."""

    session: str
    staff: str
    name: str
    role: StaffRole
    locale: str
    csrf_token: str


type Visitor = ClientVisitor | StaffVisitor
