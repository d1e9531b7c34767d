"""Which language a page is in: the visitor's choice, his record, his browser, the company's."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from slotsvc.portal.languages import LOCALES, SOURCE
from slotsvc.portal.visitor import BusinessUnit, Visitor
from slotsvc.portal.web.cookies import LANGUAGE


def choose_locale(request: Request, unit: BusinessUnit | None, visitor: Visitor | None) -> str:
    """Cookie, then the contact's locale, then Accept-Language, then the business unit's first.

    Clients get what their business unit speaks; pages without one, all languages.
    """
    spoken = unit.locales if unit and unit.locales else LOCALES
    wishes = [request.cookies.get(LANGUAGE), visitor.locale if visitor else None]
    wishes += accepted_languages(request.headers.get("Accept-Language", ""))
    default = unit.locales[0] if unit and unit.locales else SOURCE
    return next((wish for wish in wishes if wish in spoken), default)


def accepted_languages(header: str) -> Sequence[str]:
    """The languages of ``Accept-Language`` (RFC 9110 §12.5.4), most wanted first, without regions.

    What cannot be read is left out.
    """
    wanted = [_quality(part) for part in header[:200].split(",")]
    found = sorted((entry for entry in wanted if entry), key=lambda entry: -entry[0])
    return [language for _, language in found]


def _quality(part: str) -> tuple[float, str] | None:
    tag, _, parameter = part.strip().partition(";")
    language = tag.strip().partition("-")[0].lower()
    try:
        quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
    except ValueError:
        return None
    return (quality, language) if language and quality > 0 else None
