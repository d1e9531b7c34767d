"""Whose shifts a change of the calendar may alter, and on which service dates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from slotsvc.domain.closures import Closure
from slotsvc.domain.technician import Loan, Team, Technician, Tenant, Van
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.working_time import Absence, ShiftException
from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.scheduling.ports import ReadTx

type Days = tuple[date, date]
"""First and last service date, both included."""

_DAY = timedelta(days=1)
_PAGE = 500


def affected(
    tx: ReadTx, tenant: str, before: Entity | None, after: Entity | None
) -> tuple[tuple[str, ...], Days] | None:
    """Ids of technicians, sorted, and the dates on which their shifts may differ now.

    ``before`` None: created; ``after`` None: deleted. Call it before or after the write, in its
    transaction. Dates begin yesterday at the earliest, for what is over is not judged anew, and
    end at ``date.max`` when no end is known. None: no shift can differ.
    """
    found = [(one, days) for one in (before, after) if (days := _days(one, before, after))]
    people = sorted({who for one, _ in found for who in _people(tx, tenant, one)})
    if not people:
        return None
    first = max(min(days[0] for _, days in found), tx.now().date() - _DAY)
    last = max(days[1] for _, days in found)
    return (tuple(people), (first, last)) if first <= last else None


def _days(one: Entity | None, before: Entity | None, after: Entity | None) -> Days | None:
    """The dates that ``one`` lies over, with a margin of a day for zones and neighbours."""
    match one:
        case Absence(window=window) | Closure(window=TimeWindow() as window):
            return _around(window.start.date() - _DAY, window.end.date())
        case Closure(dates=(first, last)) | Loan(first_date=first, last_date=last):
            return _around(first, last)
        case ShiftException(day=day):
            return _around(day, day)
        case Technician() | Van() | Team() | Tenant() if _differs(before, after):
            return date.min, date.max
    return None


def _around(first: date, last: date) -> Days:
    # the shift before ends where the next one begins, so neighbours change too
    return first - _DAY, last + _DAY


def _differs(before: Entity | None, after: Entity | None) -> bool:
    """Whether anything that shifts are made of changed; names are not."""
    if before is None or after is None:
        # nobody is in a new team or van, and one that is deleted was left by all before
        return isinstance(before or after, Technician)
    return _relevant(before) != _relevant(after)


def _relevant(entity: Entity) -> Entity | str:
    match entity:
        case Tenant(public_holidays=calendar) | Team(public_holidays=calendar):
            return calendar
        case Technician() | Van():
            return replace(entity, display_name="")
    return entity


def _people(tx: ReadTx, tenant: str, one: Entity | None) -> Iterable[str]:
    match one:
        case Absence() | ShiftException() | Loan():
            return (one.technician,)
        case Technician():
            return (one.id,)
        case Van():
            return tx.drivers(tenant, one.id)
        case Team():
            return _of_team(tx, tenant, one.id)
        case Closure(team=team) if team:
            return _of_team(tx, tenant, team)
        case Closure() | Tenant():
            return _everybody(tx, tenant)
    return ()


def _of_team(tx: ReadTx, tenant: str, team: str) -> Iterable[str]:
    return (who.id for who in tx.technicians(tenant, team, date.min, date.max))


def _everybody(tx: ReadTx, tenant: str) -> Iterable[str]:
    after = ""
    while page := tx.page(tenant, Technician, after, _PAGE):
        yield from (who.id for who, _ in page)
        after = page[-1][0].id
