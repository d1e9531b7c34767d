"""Telephone numbers in E.164: of which country they are."""

from __future__ import annotations

import phonenumbers


def country_of(number: str) -> str | None:
    """The ISO 3166 code of a number such as ``+33612345678``; None: it is no number in E.164."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) != number:
        return None
    country: str | None = phonenumbers.region_code_for_number(parsed)
    return country
