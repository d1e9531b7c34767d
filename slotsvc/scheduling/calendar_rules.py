"""What a working week, opening hours and an offer grid must obey, beyond each field by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from itertools import pairwise

from slotsvc.domain.eligibility import Certificate, tag_of
from slotsvc.domain.errors import InUseError
from slotsvc.domain.layers import Layers, work_days
from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Loan, Technician, Tenant, Van
from slotsvc.domain.working_time import (
    BreakRule,
    DayHours,
    LocalInterval,
    NoShiftReason,
    ShiftException,
    ShiftHours,
    WorkingTime,
)
from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.ports import WriteTx

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_DAY_S = 86_400
_PAGE = 500
_PLAIN_DAY = date(2001, 1, 1)
_NO_HOURS = DayHours(None)
_NOBODY = Technician(
    id="nobody",
    display_name="",
    team="",
    zone="UTC",
    start_place=Location(0, 0),
    end_place=Location(0, 0),
    working_time=WorkingTime((_NO_HOURS,) * 7),
)


def check_day(wrong: Violations, path: str, day: DayHours) -> None:
    """Shifts come one after the other, and every pause can be taken, alone and with the others."""
    if day.hours is None:
        for name, values in (("breaks", day.breaks), ("more", day.more)):
            if values:
                wrong.add(f"{path}.{name}", f"a day without hours has no {name}")
        return
    for number, shift in enumerate(day.shifts):
        _check_breaks(wrong, path if number == 0 else f"{path}.more[{number - 1}]", shift)
    for number, (one, other) in enumerate(pairwise(day.shifts)):
        if _second(other.hours.start) < _end_s(one.hours):
            wrong.add(f"{path}.more[{number}].hours", "begins before the shift before it ends")


def _check_breaks(wrong: Violations, path: str, shift: ShiftHours) -> None:
    alone = [_can_take(shift.hours, [rule]) for rule in shift.breaks]
    for index, fits in enumerate(alone):
        if not fits:
            wrong.add(f"{path}.breaks[{index}]", "must lie inside the hours, with its duration")
    if all(alone) and not _can_take(shift.hours, shift.breaks):
        wrong.add(f"{path}.breaks", "cannot all be taken on one day")


def check_week(wrong: Violations, path: str, week: WorkingTime) -> None:
    """No shift begins before those of the day before are over."""
    for number, day in enumerate(week.week):
        following = (number + 1) % 7
        next_hours = week.week[following].hours
        if not day.shifts or next_hours is None:
            continue
        if _end_s(day.shifts[-1].hours) > _DAY_S + _second(next_hours.start):
            reason = f"begins before the shift of {WEEKDAYS[number]} ends"
            wrong.add(f"{path}.{WEEKDAYS[following]}.hours", reason)


def check_certificate(wrong: Violations, path: str, certificate: Certificate) -> None:
    """It holds on some date."""
    first, last = certificate.valid_from, certificate.valid_until
    if first is not None and last is not None and last < first:
        wrong.add(f"{path}.valid_until", "must not be earlier than valid_from")


def check_loan(
    wrong: Violations, path: str, loan: Loan, owner: Technician, others: Sequence[Loan]
) -> None:
    """To another team, and no two at once. ``others``: of the same technician, itself or not."""
    if loan.to_team == owner.team:
        wrong.add(f"{path}.to_team", "is the technician's own team")
    for other in others:
        overlap = loan.first_date <= other.last_date and other.first_date <= loan.last_date
        if other.id != loan.id and overlap:
            wrong.add(f"{path}.first_date", f"overlaps the loan {other.id}")


def check_cells(wrong: Violations, path: str, cells: Sequence[LocalInterval]) -> None:
    """Cells come in order and do not overlap, the last one not even the first of the next day."""
    for index, (one, other) in enumerate(pairwise(cells), start=1):
        if _second(other.start) < _end_s(one):
            wrong.add(f"{path}[{index}]", "must begin where the cell before ends, or later")
    if cells and _end_s(cells[-1]) > _DAY_S + _second(cells[0].start):
        wrong.add(f"{path}[{len(cells) - 1}]", "reaches into the first cell of the next day")


def check_opening_day(wrong: Violations, path: str, intervals: Sequence[LocalInterval]) -> None:
    """Opening intervals of one day do not overlap; their order is free."""
    order = sorted(range(len(intervals)), key=lambda i: _second(intervals[i].start))
    for one, other in pairwise(order):
        if _second(intervals[other].start) < _end_s(intervals[one]):
            wrong.add(f"{path}[{other}]", "overlaps another interval of the day")


def check_offering(wrong: Violations, path: str, notice: timedelta, horizon: timedelta) -> None:
    """Something can be offered at all."""
    if notice >= horizon:
        wrong.add(f"{path}.horizon", "must be longer than notice")


def refuse_lost_words(tx: WriteTx, tenant: str, before: Entity, after: Entity) -> None:
    """A tag or a sector in use stays with the tenant. Raises ``InUseError``."""
    if not (isinstance(before, Tenant) and isinstance(after, Tenant)):
        return
    tags, sectors = before.tags - after.tags, before.sectors - after.sectors
    if used := tags and tags & _tags_in_use(tx, tenant):
        raise InUseError(
            f"technicians, vans or activity types use the tag {min(used)}", {"tag": min(used)}
        )
    if used := sectors and sectors & _sectors_in_use(tx, tenant):
        raise InUseError(f"something still names the sector {min(used)}", {"sector": min(used)})


def _tags_in_use(tx: WriteTx, tenant: str) -> frozenset[str]:
    used: set[str] = set()
    owners: list[Technician | Van] = [*_all(tx, tenant, Technician), *_all(tx, tenant, Van)]
    for owner in owners:
        used |= owner.tags
        used |= {certificate.tag for certificate in owner.certificates}
    for activity_type in _all(tx, tenant, ActivityType):
        used |= {tag_of(requirement) for requirement in activity_type.requires}
    return frozenset(used)


def _sectors_in_use(tx: WriteTx, tenant: str) -> frozenset[str]:
    used = {site.sector for site in _all(tx, tenant, Site)}
    for technician in _all(tx, tenant, Technician):
        used.update(*(sectors for sectors in technician.sectors if sectors is not None))
    for activity_type in _all(tx, tenant, ActivityType):
        used |= {days.sector for days in activity_type.rules.sector_days}
    return frozenset(used)


def _all[E: (Technician, Van, ActivityType, Site)](
    tx: WriteTx, tenant: str, kind: type[E]
) -> list[E]:
    found: list[E] = []
    after = ""
    while page := tx.page(tenant, kind, after, _PAGE):
        found += [entity for entity, _ in page]
        after = found[-1].id
    return found


def _can_take(hours: LocalInterval, rules: Sequence[BreakRule]) -> bool:
    # asks the code that lays hours on dates, so that the two never disagree
    day = ShiftException("", _NOBODY.id, _PLAIN_DAY, DayHours(hours, tuple(rules)))
    layers = Layers(exceptions={_NOBODY.id: {_PLAIN_DAY: day}})
    found = work_days(_NOBODY, [_PLAIN_DAY], layers)[_PLAIN_DAY]
    return not isinstance(found, NoShiftReason) and len(found[0].breaks) == len(rules)


def _second(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def _end_s(interval: LocalInterval) -> int:
    """Second of the end, counted from the midnight before the start."""
    end = _second(interval.end)
    return end if interval.end > interval.start else end + _DAY_S
