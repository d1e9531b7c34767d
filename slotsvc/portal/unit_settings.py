"""The portal settings of a business unit, as the section "Client portal" lists them.

A unit has two of them: the one in force (``live``) and, at times, a draft that somebody works on.
Nothing of the draft takes effect before "Save the business unit".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from slotsvc.portal.visitor import BusinessUnit

NAME_LENGTH = 120
PHONE_LENGTH = 40
EMAIL_LENGTH = 254
ADDRESS_LENGTH = 400
DESCRIPTION_LENGTH = 4000

_EMAIL = re.compile(r"[^@\s<>()\[\],;:\"\\]+@[^@\s<>()\[\],;:\"\\]+\.[^@\s<>()\[\],;:\"\\.]{2,}")
_PHONE = re.compile(r"\+?[0-9][0-9 ().\-/]{1,38}")
_LOGO = re.compile(r"[0-9a-f]{64}")
# line ends and tabs are text; anything else invisible is a mistake or a trick (right-to-left marks)
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Problem(StrEnum):
    """What is wrong with a field."""

    MISSING = "MISSING"
    TOO_LONG = "TOO_LONG"
    NOT_AN_EMAIL = "NOT_AN_EMAIL"
    NOT_A_PHONE = "NOT_A_PHONE"
    INVISIBLE_CHARACTERS = "INVISIBLE_CHARACTERS"
    NOT_A_LOGO = "NOT_A_LOGO"
    UNKNOWN_LANGUAGE = "UNKNOWN_LANGUAGE"


class SettingsError(ValueError):
    """What is stored or given is no set of settings; the message names the field."""


@dataclass(frozen=True, slots=True)
class BusinessUnitSettings:
    """The settings of one unit.

    ``active``: needed for any use. ``default_access``: new clients may come in.
    ``permanent_code``: client records carry a permanent link. ``sms_connection``: codes may go by
    SMS, 0.2 credit each. ``logo``: SHA-256 of a PNG in ``LOGOS``; None: none. ``description``: by
    locale, shown on the portal's home page.
    """

    active: bool = False
    default_access: bool = False
    permanent_code: bool = False
    sms_connection: bool = False
    company_name: str = ""
    logo: str | None = None
    phone: str = ""
    email: str = ""
    address: str = ""
    description: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As the tables keep it."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> BusinessUnitSettings:
        """What ``to_json`` gave. Fields that are absent take their default.

        Raises ``SettingsError`` for an unknown field or one of the wrong kind.
        """
        unknown = set(stored) - {each.name for each in fields(cls)}
        if unknown:
            raise SettingsError(f"{min(unknown)}: no such setting of a business unit")
        for name, value in stored.items():
            if not _KINDS[name](value):
                raise SettingsError(f"{name}: {type(value).__name__} is not what goes there")
        return cls(**stored)


def problems(settings: BusinessUnitSettings, locales: Sequence[str]) -> dict[str, Problem]:
    """What is wrong, by field; ``description.fr`` for a text in one language. {}: nothing."""
    found = {name: problem for name, problem in _field_problems(settings) if problem is not None}
    for locale, text in settings.description.items():
        wrong = _text_problem(text, DESCRIPTION_LENGTH)
        if locale not in locales:
            wrong = Problem.UNKNOWN_LANGUAGE
        if wrong is not None:
            found[f"description.{locale}"] = wrong
    return found


def changes(before: BusinessUnitSettings, after: BusinessUnitSettings) -> list[str]:
    """The names of the fields that differ, in the order of the page; languages one by one."""
    found = [
        each.name
        for each in fields(BusinessUnitSettings)
        if each.name != "description" and getattr(before, each.name) != getattr(after, each.name)
    ]
    for locale in sorted(before.description.keys() | after.description.keys()):
        if before.description.get(locale, "") != after.description.get(locale, ""):
            found.append(f"description.{locale}")
    return found


def shown_unit(row: Any, settings: BusinessUnitSettings) -> BusinessUnit:
    """The unit as pages would show it with these settings; for previews."""
    return BusinessUnit(
        id=row.id,
        team=row.team,
        locales=tuple(row.locales),
        time_zone=row.time_zone,
        active=settings.active,
        company_name=settings.company_name,
        phone=settings.phone,
        email=settings.email,
        address=settings.address,
        description=dict(settings.description),
        logo=settings.logo,
        permanent_code=settings.permanent_code,
        sms_connection=settings.sms_connection,
    )


def _field_problems(settings: BusinessUnitSettings) -> list[tuple[str, Problem | None]]:
    return [
        ("company_name", _name_problem(settings.company_name)),
        ("logo", _logo_problem(settings.logo)),
        ("phone", _shaped(settings.phone, PHONE_LENGTH, _PHONE, Problem.NOT_A_PHONE)),
        ("email", _shaped(settings.email, EMAIL_LENGTH, _EMAIL, Problem.NOT_AN_EMAIL)),
        ("address", _text_problem(settings.address, ADDRESS_LENGTH)),
    ]


def _name_problem(name: str) -> Problem | None:
    return _text_problem(name, NAME_LENGTH) if name.strip() else Problem.MISSING


def _logo_problem(logo: str | None) -> Problem | None:
    return None if logo is None or _LOGO.fullmatch(logo) else Problem.NOT_A_LOGO


def _shaped(text: str, length: int, shape: re.Pattern[str], problem: Problem) -> Problem | None:
    wrong = _text_problem(text, length)
    if wrong is None and text and not shape.fullmatch(text):
        return problem
    return wrong


def _text_problem(text: str, length: int) -> Problem | None:
    if len(text) > length:
        return Problem.TOO_LONG
    return Problem.INVISIBLE_CHARACTERS if _INVISIBLE.search(text) else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_logo(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, [*value, *value.values()]))


_KINDS = {
    "active": _is_flag,
    "default_access": _is_flag,
    "permanent_code": _is_flag,
    "sms_connection": _is_flag,
    "company_name": _is_text,
    "logo": _is_logo,
    "phone": _is_text,
    "email": _is_text,
    "address": _is_text,
    "description": _is_texts,
}
