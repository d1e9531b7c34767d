"""Dates, times and windows as people say them, in the clock of a business unit; telephone numbers.

Windows are half-open, and told by both their ends: "Mon 23 Nov, 10:00–12:00". The year is told only
where it is not the present one. Where a clock shows an hour twice, the hour says which it is.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import phonenumbers
from babel.dates import format_date as babel_date

_SHORT = {"en": "EEE d MMM", "fr": "EEE d MMM", "es": "EEE d MMM", "it": "EEE d MMM"}
_LONG = {
    "en": "EEEE d MMMM",
    "fr": "EEEE d MMMM",
    "es": "EEEE, d 'de' MMMM",
    "it": "EEEE d MMMM",
}
_YEAR = {"en": " y", "fr": " y", "es": " 'de' y", "it": " y"}
_SHORT_YEAR = " y"
_FIRST = {"fr": "'1er'"}
"""The first day of a month, where it is no plain number."""


def local(instant: datetime, zone: str) -> datetime:
    """The instant on the clock of ``zone`` (IANA)."""
    return instant.astimezone(ZoneInfo(zone))


def spoken_date(day: date, locale: str, this_year: int, *, long: bool = False) -> str:
    """ "Mon 23 Nov"; ``long``: "Monday 23 November"."""
    return _spoken(day, locale, day.year != this_year, long)


def spoken_time(instant: datetime, zone: str) -> str:
    """ "10:00"; "02:30 (UTC+2)" where the clock shows that time twice."""
    there = local(instant, zone)
    told = f"{there:%H:%M}"
    if there.replace(fold=0).utcoffset() == there.replace(fold=1).utcoffset():
        return told
    return f"{told} ({_offset(there.utcoffset() or timedelta())})"


def spoken_datetime(
    instant: datetime, zone: str, locale: str, this_year: int, *, long: bool = False
) -> str:
    """ "Mon 23 Nov, 10:00"."""
    day = spoken_date(local(instant, zone).date(), locale, this_year, long=long)
    return f"{day}, {spoken_time(instant, zone)}"


def spoken_span(start: datetime, end: datetime, zone: str) -> str:
    """The hours of a window within one day: "10:00–12:00"."""
    return f"{spoken_time(start, zone)}–{spoken_time(end, zone)}"


def spoken_window(
    start: datetime,
    end: datetime,
    zone: str,
    locale: str,
    this_year: int,
    *,
    long: bool = False,
) -> str:
    """ "Mon 23 Nov, 10:00–12:00"; both dates where it goes over midnight."""
    first, last = local(start, zone), local(end, zone)
    ends_at_midnight = last.date() - first.date() == timedelta(days=1) and not (
        last.hour or last.minute
    )
    if first.date() == last.date() or ends_at_midnight:
        day = spoken_date(first.date(), locale, this_year, long=long)
        return f"{day}, {spoken_span(start, end, zone)}"
    ends = (spoken_datetime(at, zone, locale, this_year, long=long) for at in (start, end))
    return " – ".join(ends)


def spoken_number(number: str) -> str:
    """A telephone number in groups, with its country: "+33 6 39 98 00 01" (ITU-T E.123). What is no
    such number stays as it was typed."""
    known = _number(number)
    if known is None:
        return number
    return str(phonenumbers.format_number(known, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def called_number(number: str) -> str:
    """The number behind "tel:" (RFC 3966): its digits, and "+" before the country."""
    known = _number(number)
    if known is None:
        return "".join(sign for sign in number if sign.isdigit() or sign == "+")
    return str(phonenumbers.format_number(known, phonenumbers.PhoneNumberFormat.E164))


def _number(text: str) -> phonenumbers.PhoneNumber | None:
    if "@" in text:
        return None
    try:
        known = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    return known if phonenumbers.is_possible_number(known) else None


@cache
def _spoken(day: date, locale: str, with_year: bool, long: bool) -> str:
    pattern = (_LONG if long else _SHORT)[locale]
    if with_year:
        pattern += _YEAR[locale] if long else _SHORT_YEAR
    if day.day == 1:
        pattern = pattern.replace(" d ", f" {_FIRST.get(locale, 'd')} ")
    return babel_date(day, pattern, locale=_territory(locale))


def _territory(locale: str) -> str:
    """British English: the day stands before the month."""
    return "en_GB" if locale == "en" else locale


def _offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
