"""Public holidays by country or part of one, read from the ``holidays`` library.

https://holidays.readthedocs.io: public holidays only, days off in lieu included. The library takes
0.4 s to import, so only a calendar that names a country pays for it.
"""

from __future__ import annotations

import warnings
from datetime import date
from functools import cache

NONE = "none"
"""Of a team: no public holidays, whatever the company says."""


def public_holidays(calendar: str, first: date, last: date) -> frozenset[date]:
    """Those from ``first`` to ``last``, both included, of "FR", "FR-57", "MC".

    No dates for "" and for "none". Raises ``ValueError`` for a calendar that nobody knows.
    """
    if calendar in ("", NONE):
        return frozenset()
    years = range(first.year, last.year + 1)
    return frozenset(
        day for year in years for day in _of_year(calendar, year) if first <= day <= last
    )


def is_calendar(calendar: str) -> bool:
    """Whether ``calendar`` names a country ("MC") or a part of one ("FR-57")."""
    country, dash, part = calendar.partition("-")
    parts = _countries().get(country)
    return parts is not None and (part in parts if dash else True)


@cache
def _countries() -> dict[str, frozenset[str]]:
    import holidays

    found = holidays.list_supported_countries(include_aliases=False)
    return {country: frozenset(parts) for country, parts in found.items()}


@cache
def _of_year(calendar: str, year: int) -> frozenset[date]:
    import holidays

    country, _, part = calendar.partition("-")
    if not is_calendar(calendar):
        raise ValueError(f"no public holidays are known for {calendar}")
    with warnings.catch_warnings():
        # some countries warn that far years are guesses or missing
        warnings.simplefilter("ignore")
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
