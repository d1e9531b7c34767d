"""The one way from what is set up to shifts: reads all layers, lays them over each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from slotsvc.domain.closures import Closure
from slotsvc.domain.layers import Layers, teams_on, work_days
from slotsvc.domain.technician import Loan, Technician
from slotsvc.domain.visit import RouteKey
from slotsvc.domain.working_time import NoShiftReason, Shift, WorkDay
from slotsvc.scheduling.calendar_ports import CalendarRead
from slotsvc.scheduling.public_holidays import public_holidays

_DAY = timedelta(days=1)


def read_work_days(
    tx: CalendarRead,
    tenant: str,
    technicians: Sequence[Technician],
    first: date,
    last: date,
    team: str | None = None,
) -> Mapping[tuple[str, date], WorkDay]:
    """What becomes of the service dates from ``first`` to ``last``, by (technician, date).

    ``team``: as that team sees it (OTHER_TEAM where somebody is lent away); None: as it is.
    Seven queries at most, however many technicians.
    """
    layers = read_layers(tx, tenant, technicians, first, last)
    days = [first + n * _DAY for n in range((last - first).days + 1)]
    return {
        (who.id, day): found
        for who in technicians
        for day, found in work_days(who, days, layers, team).items()
    }


def read_shift(tx: CalendarRead, who: Technician, key: RouteKey) -> Shift | NoShiftReason:
    """The shift of one route as the calendar stands; see ``shift_numbered``."""

    def read() -> Shift | NoShiftReason:
        found = read_work_days(tx, key.tenant, [who], key.day, key.day)[who.id, key.day]
        return shift_numbered(found, key.shift)

    return tx.derived(key.tenant, ("shift", key), read)


def read_teams(tx: CalendarRead, who: Technician, key: RouteKey) -> frozenset[str]:
    """The teams that the technician of a route belongs to on its date."""

    def read() -> frozenset[str]:
        loans = tx.loans(key.tenant, [who.id], key.day, key.day).get(who.id, ())
        return teams_on(who, loans, key.day)

    return tx.derived(key.tenant, ("teams", key), read)


def shift_numbered(found: WorkDay, number: int) -> Shift | NoShiftReason:
    """The shift of a day with this number; DAY_OFF for a number the day does not have, ABSENT for
    one that nothing is left of."""
    if isinstance(found, NoShiftReason):
        return found
    missing = NoShiftReason.ABSENT if number <= found[-1].number else NoShiftReason.DAY_OFF
    return next((shift for shift in found if shift.number == number), missing)


def read_layers(
    tx: CalendarRead, tenant: str, technicians: Sequence[Technician], first: date, last: date
) -> Layers:
    """All that lies over the weeks of ``technicians`` from ``first`` to ``last``."""
    ids = [who.id for who in technicians]
    first, last = first - _DAY, last + _DAY
    loans = tx.loans(tenant, ids, first, last)
    teams = _teams(technicians, loans)
    exceptions = tx.shift_exceptions(tenant, ids, first, last)
    drive = any(who.van for who in technicians) or any(
        exception.van for of_one in exceptions.values() for exception in of_one.values()
    )
    return Layers(
        exceptions=exceptions,
        absences=tx.absences(tenant, ids, *_instants(first, last)),
        loans=loans,
        vans={van.id: van for van in tx.vans(tenant)} if drive else {},
        holidays=_holidays(tx, tenant, teams, first, last),
        closures=_closures(tx.closures(tenant), teams),
    )


def _teams(
    technicians: Iterable[Technician], loans: Mapping[str, Sequence[Loan]]
) -> frozenset[str]:
    lent = (loan.to_team for of_one in loans.values() for loan in of_one)
    return frozenset((*(who.team for who in technicians), *lent))


def _holidays(
    tx: CalendarRead, tenant: str, teams: Iterable[str], first: date, last: date
) -> Mapping[str, frozenset[date]]:
    company = tx.tenant(tenant)
    usual = company.public_holidays if company is not None else ""
    found = {}
    for id in teams:
        team = tx.team(tenant, id)
        calendar = (team.public_holidays if team is not None else "") or usual
        found[id] = public_holidays(calendar, first, last)
    return found


def _closures(closures: Sequence[Closure], teams: Iterable[str]) -> Mapping[str, Sequence[Closure]]:
    return {team: [c for c in closures if c.team in ("", team)] for team in teams}


def _instants(first: date, last: date) -> tuple[datetime, datetime]:
    """A UTC span that covers the local days in every zone, night shifts included."""
    return (
        datetime.combine(first - _DAY, time(), UTC),
        datetime.combine(last + 3 * _DAY, time(), UTC),
    )
