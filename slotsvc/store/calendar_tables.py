"""How each thing a company sets up becomes a row and comes back; the key columns are added later.

``to_row`` gives every column but ``tenant`` and ``revision``; ``from_row`` takes the whole row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, Table

from slotsvc.domain.closures import Closure
from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Loan, Team, Technician, Tenant, Van
from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.domain.working_time import Absence, AbsenceCategory, ShiftException
from slotsvc.store import hours_text as text
from slotsvc.store import tables
from slotsvc.store.booking_rules_text import rules_from, rules_text
from slotsvc.store.travel_block import micro_degrees, place

type Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EntityTable[E]:
    """Where one kind is stored. ``of_technician``: its key has the technician in it."""

    word: str
    table: Table
    to_row: Callable[[E], Columns]
    from_row: Callable[[Row[Any]], E]
    of_technician: bool = False


def tenant_row(tenant: Tenant) -> Columns:
    return {
        "id": tenant.id,
        "display_name": tenant.display_name,
        "tags": text.tags_text(tenant.tags),
        "sectors": text.tags_text(tenant.sectors),
        "public_holidays": tenant.public_holidays,
    }


def tenant_from(row: Row[Any]) -> Tenant:
    return Tenant(
        row.id,
        row.display_name,
        text.tags_from(row.tags),
        text.tags_from(row.sectors),
        row.public_holidays,
    )


def team_row(team: Team) -> Columns:
    return {
        "id": team.id,
        "display_name": team.display_name,
        "zone": team.zone,
        "public_holidays": team.public_holidays,
        "emergency_reserve_s": text.seconds_of(team.emergency_reserve),
    }


def team_from(row: Row[Any]) -> Team:
    reserve = timedelta(seconds=row.emergency_reserve_s)
    return Team(row.id, row.display_name, row.zone, row.public_holidays, reserve)


def van_row(van: Van) -> Columns:
    return {
        "id": van.id,
        "display_name": van.display_name,
        "tags": text.tags_text(van.tags),
        "certificates": text.certificates_text(van.certificates),
    }


def van_from(row: Row[Any]) -> Van:
    certificates = text.certificates_from(row.certificates)
    return Van(row.id, row.display_name, text.tags_from(row.tags), certificates)


def technician_row(technician: Technician) -> Columns:
    return {
        "id": technician.id,
        "display_name": technician.display_name,
        "team": technician.team,
        "zone": technician.zone,
        "start_lat_e6": micro_degrees(technician.start_place.lat),
        "start_lon_e6": micro_degrees(technician.start_place.lon),
        "end_lat_e6": micro_degrees(technician.end_place.lat),
        "end_lon_e6": micro_degrees(technician.end_place.lon),
        "week": text.week_text(technician.working_time),
        "tags": text.tags_text(technician.tags),
        "certificates": text.certificates_text(technician.certificates),
        "van": technician.van,
        "sectors": text.sectors_text(technician.sectors),
        "max_travel_s": _maybe_seconds(technician.max_travel),
        "max_visits": technician.max_visits,
        "max_overtime_s": text.seconds_of(technician.max_overtime),
        "unpaid_first_leg": int(technician.unpaid_first_leg),
        "unpaid_last_leg": int(technician.unpaid_last_leg),
        "pace": technician.pace,
    }


def _maybe_seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else text.seconds_of(duration)


def technician_from(row: Row[Any]) -> Technician:
    return Technician(
        id=row.id,
        display_name=row.display_name,
        team=row.team,
        zone=row.zone,
        start_place=place(row.start_lat_e6, row.start_lon_e6),
        end_place=place(row.end_lat_e6, row.end_lon_e6),
        working_time=text.week_from(row.week),
        tags=text.tags_from(row.tags),
        certificates=text.certificates_from(row.certificates),
        van=row.van,
        sectors=text.sectors_from(row.sectors),
        max_travel=None if row.max_travel_s is None else timedelta(seconds=row.max_travel_s),
        max_visits=row.max_visits,
        max_overtime=timedelta(seconds=row.max_overtime_s),
        unpaid_first_leg=bool(row.unpaid_first_leg),
        unpaid_last_leg=bool(row.unpaid_last_leg),
        pace=row.pace,
    )


def site_row(site: Site) -> Columns:
    return {
        "id": site.id,
        "display_name": site.display_name,
        "lat_e6": micro_degrees(site.location.lat),
        "lon_e6": micro_degrees(site.location.lon),
        "zone": site.zone,
        "opening_hours": text.opening_hours_text(site.opening_hours),
        "client": site.client,
        "address": site.address,
        "sector": site.sector,
        "access_s": text.seconds_of(site.access),
    }


def site_from(row: Row[Any]) -> Site:
    return Site(
        id=row.id,
        display_name=row.display_name,
        location=place(row.lat_e6, row.lon_e6),
        zone=row.zone,
        opening_hours=text.opening_hours_from(row.opening_hours),
        client=row.client,
        address=row.address,
        sector=row.sector,
        access=timedelta(seconds=row.access_s),
    )


def activity_type_row(activity_type: ActivityType) -> Columns:
    return {
        "id": activity_type.id,
        "display_name": activity_type.display_name,
        "service_s": text.seconds_of(activity_type.service),
        "requires": text.tags_text(activity_type.requires),
        "grid": text.grid_text(activity_type.grid),
        "notice_s": text.seconds_of(activity_type.notice),
        "horizon_s": text.seconds_of(activity_type.horizon),
        "rules": rules_text(activity_type.rules),
        "setup_s": text.seconds_of(activity_type.setup),
        "pausable": int(activity_type.pausable),
    }


def activity_type_from(row: Row[Any]) -> ActivityType:
    return ActivityType(
        id=row.id,
        display_name=row.display_name,
        service=timedelta(seconds=row.service_s),
        requires=text.tags_from(row.requires),
        grid=text.grid_from(row.grid),
        notice=timedelta(seconds=row.notice_s),
        horizon=timedelta(seconds=row.horizon_s),
        rules=rules_from(row.rules),
        setup=timedelta(seconds=row.setup_s),
        pausable=bool(row.pausable),
    )


def shift_exception_row(exception: ShiftException) -> Columns:
    return {
        "technician": exception.technician,
        "id": exception.id,
        "day": exception.day.isoformat(),
        "hours": text.day_text(exception.hours),
        "note": exception.note,
        "van": exception.van,
    }


def shift_exception_from(row: Row[Any]) -> ShiftException:
    day = date.fromisoformat(row.day)
    hours = text.day_from(row.hours)
    return ShiftException(row.id, row.technician, day, hours, row.note, row.van)


def absence_row(absence: Absence) -> Columns:
    resumed = absence.resume_place
    return {
        "technician": absence.technician,
        "id": absence.id,
        "start_at": to_epoch(absence.window.start),
        "end_at": to_epoch(absence.window.end),
        "category": absence.category.value,
        "note": absence.note,
        "resume_home": int(absence.resume_home),
        "resume_lat_e6": None if resumed is None else micro_degrees(resumed.lat),
        "resume_lon_e6": None if resumed is None else micro_degrees(resumed.lon),
    }


def absence_from(row: Row[Any]) -> Absence:
    window = TimeWindow(from_epoch(row.start_at), from_epoch(row.end_at))
    return Absence(
        id=row.id,
        technician=row.technician,
        window=window,
        category=AbsenceCategory(row.category),
        note=row.note,
        resume_home=bool(row.resume_home),
        resume_place=None
        if row.resume_lat_e6 is None
        else place(row.resume_lat_e6, row.resume_lon_e6),
    )


def loan_row(loan: Loan) -> Columns:
    return {
        "technician": loan.technician,
        "id": loan.id,
        "to_team": loan.to_team,
        "first_day": loan.first_date.isoformat(),
        "last_day": loan.last_date.isoformat(),
        "shared": int(loan.shared),
    }


def loan_from(row: Row[Any]) -> Loan:
    first, last = date.fromisoformat(row.first_day), date.fromisoformat(row.last_day)
    return Loan(row.id, row.technician, row.to_team, first, last, bool(row.shared))


def closure_row(closure: Closure) -> Columns:
    first, last = closure.dates or (None, None)
    window = closure.window
    return {
        "id": closure.id,
        "team": closure.team,
        "first_day": None if first is None else first.isoformat(),
        "last_day": None if last is None else last.isoformat(),
        "start_at": None if window is None else to_epoch(window.start),
        "end_at": None if window is None else to_epoch(window.end),
        "on_duty": text.tags_text(closure.on_duty),
        "note": closure.note,
    }


def closure_from(row: Row[Any]) -> Closure:
    dates = window = None
    if row.first_day is None:
        window = TimeWindow(from_epoch(row.start_at), from_epoch(row.end_at))
    else:
        dates = date.fromisoformat(row.first_day), date.fromisoformat(row.last_day)
    on_duty = text.tags_from(row.on_duty)
    return Closure(row.id, row.team, dates, window, on_duty, row.note)


ENTITIES: Mapping[type, EntityTable[Any]] = {
    Tenant: EntityTable("tenant", tables.TENANT, tenant_row, tenant_from),
    Team: EntityTable("team", tables.TEAM, team_row, team_from),
    Technician: EntityTable("technician", tables.TECHNICIAN, technician_row, technician_from),
    Van: EntityTable("van", tables.VAN, van_row, van_from),
    Closure: EntityTable("closure", tables.CLOSURE, closure_row, closure_from),
    Site: EntityTable("site", tables.SITE, site_row, site_from),
    ActivityType: EntityTable(
        "activity type", tables.ACTIVITY_TYPE, activity_type_row, activity_type_from
    ),
    ShiftException: EntityTable(
        "shift exception",
        tables.SHIFT_EXCEPTION,
        shift_exception_row,
        shift_exception_from,
        of_technician=True,
    ),
    Absence: EntityTable("absence", tables.ABSENCE, absence_row, absence_from, of_technician=True),
    Loan: EntityTable("loan", tables.LOAN, loan_row, loan_from, of_technician=True),
}
"""Every kind of ``slotsvc.scheduling.ports.Entity``."""
