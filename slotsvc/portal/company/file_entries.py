"""What can stand in a company file, table by table.

Names of the engine's things are short ("boiler-service") or whole
("tenants/acme/activityTypes/boiler-service"); ``CompanyFile`` holds them as they were typed.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from slotsvc.portal.company.logos import MAX_BYTES, Logo, LogoError, drawn_anew
from slotsvc.portal.unit_settings import BusinessUnitSettings

RESERVED = ("company", "healthz", "language", "link", "logos", "static")
"""First words of addresses that no business unit may have as its id."""
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOGO_WORDS = {
    "LOGO_TOO_HEAVY": "must be at most 1 MiB",
    "NOT_A_PNG": "must be a PNG",
    "LOGO_TOO_LARGE": "must be at most 2000 pixels wide and high, and 4 million in all",
    "LOGO_BROKEN": "is a PNG that cannot be read",
}


def _unit_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError('must be a word of a-z, 0-9 and "-", such as monaco')
    if value in RESERVED:
        raise ValueError(f"is a word that the portal needs itself, like {', '.join(RESERVED)}")
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be an IANA time zone such as Europe/Monaco")
    return value


def _logo(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        raise ValueError("must be the path of a PNG, as seen from this file")
    path = Path((info.context or {})["directory"]) / value
    try:
        with path.open("rb") as file:
            return drawn_anew(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error
    except LogoError as error:
        raise ValueError(_LOGO_WORDS[error.problem.value]) from error


def _is_shown(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("must be a line of text that is not empty")
    return value.strip()


type Locale = Literal["fr", "es", "it", "en"]
type ActionKind = Literal["BOOK", "RESCHEDULE", "CANCEL", "NEW_VISIT"]
type Texts = dict[Locale, Annotated[str, Field(max_length=4000)]]
type Line = Annotated[str, Field(max_length=200), AfterValidator(_is_shown)]
type Titles = Annotated[dict[Locale, Line], Field(min_length=1)]
type Labels = dict[Locale, Line]


class Entry(BaseModel):
    """A table of the file. Unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )


class ActionEntry(Entry):
    """What clients may do. None: what fits the kind.

    ``states``: of the visit. ``hours_before``: until so many hours before its window begins.
    """

    kind: ActionKind
    enabled: bool = True
    label: Labels = {}
    states: list[Literal["UNPLACED", "BOOKED"]] | None = None
    hours_before: int | None = Field(None, ge=0, le=720)
    proof_needed: bool | None = None


type Actions = Annotated[list[ActionEntry], Field(min_length=1)]


class StepEntry(Entry):
    """A step that technicians reach, and how clients read it."""

    step: Line
    label: Titles


class ActivityTypeEntry(Entry):
    """A kind of visit, as clients see it. ``action`` None: as it is; for a new one, the unit's."""

    name: Line
    shown: bool = True
    title: Titles
    text: Texts = {}
    steps: list[StepEntry] = []
    action: Actions | None = None


class SettingsEntry(Entry):
    """The portal settings of a unit; the company's pages own them once the unit is there."""

    active: bool = False
    default_access: bool = False
    permanent_code: bool = False
    sms_connection: bool = False
    company_name: str
    logo: Annotated[Logo | None, BeforeValidator(_logo)] = None
    phone: str = ""
    email: str = ""
    address: str = ""
    description: Texts = {}

    def as_settings(self) -> BusinessUnitSettings:
        """The same, as the tables have it."""
        told: dict[str, Any] = self.model_dump(exclude={"logo"})
        return BusinessUnitSettings(**told, logo=self.logo.sha256 if self.logo else None)


class BusinessUnitEntry(Entry):
    """A business unit. ``settings``: needed where it is new; else looked at only with
    ``overwrite_settings``. ``sms_credits_at_least``: its balance is brought up to that."""

    id: Annotated[str, AfterValidator(_unit_id)]
    team: Line
    locales: list[Locale] = Field(min_length=1)
    time_zone: Annotated[str, AfterValidator(_zone)]
    settings: SettingsEntry | None = None
    overwrite_settings: bool = False
    sms_credits_at_least: float = Field(0, ge=0, le=1_000_000)
    action: Actions | None = None
    activity_type: list[ActivityTypeEntry] = []


class ContactEntry(Entry):
    """Somebody of a client. Dates are included; ``sites`` None: all of the client's."""

    name: Line
    email: str = ""
    phone: str = ""
    locale: Locale | None = None
    portal_user: bool = False
    access_from: date | None = None
    access_until: date | None = None
    sites: list[Line] | None = None


class ClientEntry(Entry):
    """A client. ``ref``: the engine's reference. ``access`` None: as it is; for a new client, as
    the unit's settings say."""

    business_unit: str
    ref: Line
    name: Line
    access: bool | None = None
    contact: list[ContactEntry] = []


class CompanyFile(Entry):
    """The whole file. ``tenant``: whose portal, ``acme``."""

    tenant: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    business_unit: list[BusinessUnitEntry] = []
    client: list[ClientEntry] = []

    def whole_name(self, kind: str, name: str) -> str:
        """``whole_name("sites", "quay")`` is "tenants/acme/sites/quay"; whole ones stay."""
        return name if "/" in name else f"tenants/{self.tenant}/{kind}/{name}"
