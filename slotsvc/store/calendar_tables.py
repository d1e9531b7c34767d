"""How each thing a company sets up becomes a row and comes back; the key columns are added later.

``to_row`` gives every column but ``tenant`` and ``revision``; ``from_row`` takes the whole row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, Table

from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Team, Technician, Tenant
from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.domain.working_time import Absence, AbsenceCategory, ShiftException
from slotsvc.store import hours_text as text
from slotsvc.store import tables
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
    }


def tenant_from(row: Row[Any]) -> Tenant:
    return Tenant(row.id, row.display_name, text.tags_from(row.tags))


def team_row(team: Team) -> Columns:
    return {"id": team.id, "display_name": team.display_name, "zone": team.zone}


def team_from(row: Row[Any]) -> Team:
    return Team(row.id, row.display_name, row.zone)


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
    }


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
    )


def shift_exception_row(exception: ShiftException) -> Columns:
    return {
        "technician": exception.technician,
        "id": exception.id,
        "day": exception.day.isoformat(),
        "hours": text.day_text(exception.hours),
        "note": exception.note,
    }


def shift_exception_from(row: Row[Any]) -> ShiftException:
    day = date.fromisoformat(row.day)
    return ShiftException(row.id, row.technician, day, text.day_from(row.hours), row.note)


def absence_row(absence: Absence) -> Columns:
    return {
        "technician": absence.technician,
        "id": absence.id,
        "start_at": to_epoch(absence.window.start),
        "end_at": to_epoch(absence.window.end),
        "category": absence.category.value,
        "note": absence.note,
    }


def absence_from(row: Row[Any]) -> Absence:
    window = TimeWindow(from_epoch(row.start_at), from_epoch(row.end_at))
    return Absence(row.id, row.technician, window, AbsenceCategory(row.category), row.note)


ENTITIES: Mapping[type, EntityTable[Any]] = {
    Tenant: EntityTable("tenant", tables.TENANT, tenant_row, tenant_from),
    Team: EntityTable("team", tables.TEAM, team_row, team_from),
    Technician: EntityTable("technician", tables.TECHNICIAN, technician_row, technician_from),
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
}
"""Every kind of ``slotsvc.scheduling.ports.Entity``."""
