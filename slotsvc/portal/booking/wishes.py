"""When a client would like to be visited, and what that means for a search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from slotsvc.portal.service.answers import Window

MOST_WINDOWS = 64
MOST_SEEN = 60
_NOON_LATEST = time(13)
_NOON_EARLIEST = time(12)
_DAY = timedelta(days=1)


class Part(StrEnum):
    """Part of the day."""

    MORNING = "am"
    AFTERNOON = "pm"


class Query(Protocol):
    """Names with values, as addresses and forms carry them."""

    def getlist(self, key: str, /) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Wishes:
    """Filters of a search. ``weekdays``: Monday is 0; empty: any. ``part`` None: all day.

    ``seen``: days that are on the page already.
    """

    part: Part | None = None
    weekdays: frozenset[int] = frozenset()
    not_before: date | None = None
    seen: tuple[date, ...] = ()

    @property
    def any(self) -> bool:
        """Whether something is wished for."""
        return bool(self.part or self.weekdays or self.not_before)

    @classmethod
    def read(cls, query: Query) -> Wishes:
        """From an address or a form; what cannot be read is left out."""
        part = next((part for part in Part if part.value in query.getlist("part")), None)
        weekdays = {int(day) for day in query.getlist("day") if day in set("0123456")}
        dates = _dates(query.getlist("from"))
        seen = _dates(part for text in query.getlist("seen") for part in text.split("."))
        chosen = frozenset(weekdays) if len(weekdays) < 7 else frozenset[int]()
        return cls(part, chosen, dates[0] if dates else None, tuple(sorted(seen)[:MOST_SEEN]))

    def having_seen(self, days: Iterable[date]) -> Wishes:
        """The same, these days being on the page now."""
        return replace(self, seen=tuple(sorted({*self.seen, *days})))

    def as_query(self) -> str:
        """What ``read`` reads, "" for no wishes."""
        told: list[tuple[str, str]] = [("part", self.part.value)] if self.part else []
        told += [("day", str(day)) for day in sorted(self.weekdays)]
        if self.not_before:
            told.append(("from", self.not_before.isoformat()))
        if self.seen:
            told.append(("seen", ".".join(day.strftime("%Y%m%d") for day in self.seen)))
        return urlencode(told)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a search is limited to. ``first`` None: from today. ``dates`` (): every day."""

    first: date | None = None
    dates: tuple[date, ...] = ()
    windows: tuple[Window, ...] = ()


def limits_of(wishes: Wishes, today: date, horizon: timedelta, zone: ZoneInfo) -> Limits | None:
    """The wishes as a search knows them; None: no day is left to look at."""
    first = max(today, wishes.not_before or today)
    if first > today + horizon:
        return None
    if not (wishes.weekdays or wishes.seen or wishes.part):
        return Limits(first if first > today else None)
    days = [first + n * _DAY for n in range((today + horizon - first).days + 1)]
    left = [day for day in days if day not in wishes.seen and _fits(day, wishes.weekdays)]
    if not left:
        return None
    if wishes.part is None:
        return Limits(dates=tuple(left))
    left = left[:MOST_WINDOWS]
    return Limits(dates=tuple(left), windows=tuple(_part(day, wishes.part, zone) for day in left))


def _fits(day: date, weekdays: frozenset[int]) -> bool:
    return not weekdays or day.weekday() in weekdays


def _part(day: date, part: Part, zone: ZoneInfo) -> Window:
    """Windows around noon belong to both halves when they end by one, or begin at twelve."""
    midnight = datetime.combine(day, time(), zone)
    if part is Part.MORNING:
        return Window(midnight.astimezone(UTC), _at(day, _NOON_LATEST, zone))
    return Window(_at(day, _NOON_EARLIEST, zone), _at(day + _DAY, time(), zone))


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def _dates(texts: Iterable[str]) -> list[date]:
    found = []
    for text in texts:
        try:
            found.append(date.fromisoformat(text))
        except ValueError:
            continue
    return found
