"""The windows worth asking for: what the site, the clock, the booking rules and promises leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from slotsvc.solver.constraints import (
    Closed,
    blackout,
    commitment,
    cut_off,
    notice,
    opening_hours,
    quota,
    sector_day,
)
from slotsvc.solver.query import AskedWindow, SlotQuery


def asked_windows(
    query: SlotQuery, zone: str, now: datetime
) -> tuple[list[AskedWindow], list[tuple[Closed, AskedWindow]]]:
    """What may be offered, sorted by start, and what is closed to everybody, with the rule.

    ``zone``: the team's, on whose wall clock the booking rules are read.
    """
    asked: list[AskedWindow] = []
    closed = [(opening_hours.closed(), candidate) for candidate in query.closed]
    days = {day: _of_day(query, day, zone, now) for day in {a.day for a in query.windows}}
    for one in query.windows:
        promise = one.window.promise
        refused = notice.check(promise, now, query.notice, query.horizon) or days[one.day]
        found = refused or _kept(query, one)
        if isinstance(found, Closed):
            closed.append((found, one))
        else:
            asked.extend(found)
    return asked, closed


def _of_day(query: SlotQuery, day: date, zone: str, now: datetime) -> Closed | None:
    rules = query.rules
    return (
        cut_off.check(rules, day, zone, now)
        or blackout.check(rules, day)
        or sector_day.check(rules, query.sector, day)
        or quota.check(rules, query.taken.get(day, 0))
    )


def _kept(query: SlotQuery, asked: AskedWindow) -> Closed | list[AskedWindow]:
    """What is left of a window before the due time and inside what was promised."""
    if query.due is None and query.promised is None:
        return [asked]
    in_time = commitment.until_due(asked.window, query.due)
    if isinstance(in_time, Closed):
        return in_time
    pieces = commitment.as_promised(in_time, query.promised)
    if isinstance(pieces, Closed):
        return pieces
    return [replace(asked, window=piece) for piece in pieces]
