"""What holds on some dates only: exceptions, absences, loans, closures, between proto and domain.

The signatures are those of ``calendar_convert``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol

from google.type.date_pb2 import Date

from slotsvc.domain.closures import Closure
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Loan
from slotsvc.domain.working_time import Absence, AbsenceCategory, DayHours, ShiftException
from slotsvc.pb.v1 import calendar_service_pb2 as pb
from slotsvc.scheduling.calendar_ports import CalendarRead
from slotsvc.scheduling.calendar_rules import check_loan
from slotsvc.scheduling.calendars import EntityKey
from slotsvc.scheduling.field_checks import Violations
from slotsvc.server import fields, hours_convert, names
from slotsvc.server.people_convert import to_van, van_id

NOTE_LENGTH = 500
LONGEST_ABSENCE = timedelta(days=366)
MOST_DAYS = 366
MOST_ON_DUTY = 200

_CATEGORIES = {
    pb.ABSENCE_CATEGORY_UNSPECIFIED: AbsenceCategory.OTHER,
    pb.ABSENCE_CATEGORY_HOLIDAY: AbsenceCategory.HOLIDAY,
    pb.ABSENCE_CATEGORY_SICKNESS: AbsenceCategory.SICKNESS,
    pb.ABSENCE_CATEGORY_TRAINING: AbsenceCategory.TRAINING,
    pb.ABSENCE_CATEGORY_OTHER: AbsenceCategory.OTHER,
}
_TOLD_CATEGORIES = {category: number for number, category in _CATEGORIES.items()}


def shift_exception_from_pb(
    wrong: Violations,
    path: str,
    value: pb.ShiftException,
    key: EntityKey[ShiftException],
    known: CalendarRead | None,
) -> ShiftException:
    hours: DayHours | None = hours_convert.day_hours(wrong, f"{path}.hours", value.hours)
    if value.usual_hours:
        hours = None
        if value.HasField("hours"):
            wrong.add(f"{path}.hours", "must be unset with usual_hours")
    return ShiftException(
        key.id,
        key.technician,
        fields.day(wrong, f"{path}.date", value.date),
        hours,
        wrong.text(f"{path}.note", value.note, NOTE_LENGTH, lines=True),
        van_id(wrong, f"{path}.van", value.van, key.tenant, known),
    )


def shift_exception_to_pb(exception: ShiftException, tenant: str) -> pb.ShiftException:
    told = pb.ShiftException(
        date=fields.to_date(exception.day),
        note=exception.note,
        van=to_van(exception.van, tenant),
        usual_hours=exception.hours is None,
    )
    if exception.hours is not None:
        told.hours.CopyFrom(hours_convert.to_day_hours(exception.hours))
    return told


def absence_from_pb(
    wrong: Violations,
    path: str,
    value: pb.Absence,
    key: EntityKey[Absence],
    known: CalendarRead | None,
) -> Absence:
    if value.category not in _CATEGORIES:
        wrong.add(f"{path}.category", "no such category")
    return Absence(
        key.id,
        key.technician,
        fields.window(wrong, f"{path}.window", value.window, LONGEST_ABSENCE),
        _CATEGORIES.get(value.category, AbsenceCategory.OTHER),
        wrong.text(f"{path}.note", value.note, NOTE_LENGTH, lines=True),
        value.resume_at_start,
        _resumed_at(wrong, path, value),
    )


def _resumed_at(wrong: Violations, path: str, value: pb.Absence) -> Location | None:
    if not value.HasField("resume_location"):
        return None
    if value.resume_at_start:
        wrong.add(f"{path}.resume_at_start", "not with resume_location")
    return fields.location(wrong, f"{path}.resume_location", value.resume_location)


def absence_to_pb(absence: Absence) -> pb.Absence:
    told = pb.Absence(
        window=fields.to_window(absence.window),
        category=_TOLD_CATEGORIES[absence.category],
        note=absence.note,
        resume_at_start=absence.resume_home,
    )
    if absence.resume_place is not None:
        told.resume_location.CopyFrom(fields.to_latlng(absence.resume_place))
    return told


def loan_from_pb(
    wrong: Violations, path: str, value: pb.Loan, key: EntityKey[Loan], known: CalendarRead | None
) -> Loan:
    before = len(wrong.found)
    _, team = names.TEAM.read(wrong, f"{path}.to_team", value.to_team, tenant=key.tenant)
    first, last = _dates(wrong, path, value)
    loan = Loan(key.id, key.technician, team, first, last, value.shared)
    if known is not None and len(wrong.found) == before:
        _check_loan(wrong, path, loan, key, known)
    return loan


def _check_loan(
    wrong: Violations, path: str, loan: Loan, key: EntityKey[Loan], known: CalendarRead
) -> None:
    if known.team(key.tenant, loan.to_team) is None:
        wrong.add(f"{path}.to_team", "no such team")
    owner = known.technician(key.tenant, loan.technician)
    if owner is not None:
        others = known.loans(key.tenant, [owner.id], loan.first_date, loan.last_date)
        check_loan(wrong, path, loan, owner, others.get(owner.id, ()))


def loan_to_pb(loan: Loan, tenant: str) -> pb.Loan:
    return pb.Loan(
        to_team=names.TEAM.build(tenant, loan.to_team),
        first_date=fields.to_date(loan.first_date),
        last_date=fields.to_date(loan.last_date),
        shared=loan.shared,
    )


def closure_from_pb(
    wrong: Violations,
    path: str,
    value: pb.Closure,
    key: EntityKey[Closure],
    known: CalendarRead | None,
) -> Closure:
    dated = value.HasField("first_date") or value.HasField("last_date")
    if dated and value.HasField("window"):
        wrong.add(f"{path}.window", "must be unset with dates")
    dates = _dates(wrong, path, value) if dated else None
    window = None
    if dates is None:
        window = fields.window(wrong, f"{path}.window", value.window, LONGEST_ABSENCE)
    return Closure(
        key.id,
        _team(wrong, f"{path}.team", value.team, key.tenant, known),
        dates,
        window,
        _on_duty(wrong, f"{path}.on_duty", value.on_duty, key.tenant, known),
        wrong.text(f"{path}.note", value.note, NOTE_LENGTH, lines=True),
    )


def closure_to_pb(closure: Closure, tenant: str) -> pb.Closure:
    told = pb.Closure(
        team=names.TEAM.build(tenant, closure.team) if closure.team else "",
        on_duty=[names.TECHNICIAN.build(tenant, id) for id in sorted(closure.on_duty)],
        note=closure.note,
    )
    if closure.window is not None:
        told.window.CopyFrom(fields.to_window(closure.window))
    if closure.dates is not None:
        told.first_date.CopyFrom(fields.to_date(closure.dates[0]))
        told.last_date.CopyFrom(fields.to_date(closure.dates[1]))
    return told


class _Dated(Protocol):
    @property
    def first_date(self) -> Date: ...
    @property
    def last_date(self) -> Date: ...


def _dates(wrong: Violations, path: str, value: _Dated) -> tuple[date, date]:
    """Two dates in order; stand-ins are in order too."""
    before = len(wrong.found)
    first = fields.day(wrong, f"{path}.first_date", value.first_date)
    last = fields.day(wrong, f"{path}.last_date", value.last_date)
    if len(wrong.found) > before:
        return first, first
    if last < first:
        wrong.add(f"{path}.last_date", "must not be earlier than first_date")
    elif (last - first).days >= MOST_DAYS:
        wrong.add(f"{path}.last_date", f"at most {MOST_DAYS} days")
    return first, last


def _team(wrong: Violations, path: str, name: str, tenant: str, known: CalendarRead | None) -> str:
    if not name:
        return ""
    _, team = names.TEAM.read(wrong, path, name, tenant=tenant)
    if known is not None and team and known.team(tenant, team) is None:
        wrong.add(path, "no such team")
    return team


def _on_duty(
    wrong: Violations, path: str, values: Sequence[str], tenant: str, known: CalendarRead | None
) -> frozenset[str]:
    if not wrong.count(path, values, MOST_ON_DUTY):
        return frozenset()
    wrong.distinct(path, values)
    found = set()
    for index, name in enumerate(values):
        at = f"{path}[{index}]"
        _, id = names.TECHNICIAN.read(wrong, at, name, tenant=tenant)
        if known is not None and id and known.technician(tenant, id) is None:
            wrong.add(at, "no such technician")
        found.add(id)
    return frozenset(found)
