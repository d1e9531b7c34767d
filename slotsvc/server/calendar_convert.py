"""Everything a company sets up, between proto and domain, with all of its validation.

``*_from_pb(wrong, path, value, key, known)``: ``path`` is where ``value`` stands in the request,
``key`` the ids of the new entity, ``known`` what is set up already, for references to tags and
teams; None: references are not looked at yet.
"""

from __future__ import annotations

from datetime import timedelta

from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Team, Technician, Tenant
from slotsvc.domain.working_time import Absence, AbsenceCategory, ShiftException
from slotsvc.pb.v1 import calendar_service_pb2 as pb
from slotsvc.scheduling.calendar_rules import check_offering
from slotsvc.scheduling.calendars import EntityKey
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.ports import CalendarRead
from slotsvc.server import fields, hours_convert, names

NAME_LENGTH = 200
ADDRESS_LENGTH = 400
NOTE_LENGTH = 500
MAX_TENANT_TAGS = 200
MAX_TECHNICIAN_TAGS = 64
MAX_REQUIRED_TAGS = 32
SHORTEST_SERVICE, LONGEST_SERVICE = timedelta(minutes=1), timedelta(hours=24)
LONGEST_NOTICE = timedelta(days=60)
DEFAULT_HORIZON, LONGEST_HORIZON = timedelta(days=28), timedelta(days=366)
LONGEST_ABSENCE = timedelta(days=366)

_NOTHING = timedelta(0)
_SECOND = timedelta(seconds=1)
_CATEGORIES = {
    pb.ABSENCE_CATEGORY_UNSPECIFIED: AbsenceCategory.OTHER,
    pb.ABSENCE_CATEGORY_HOLIDAY: AbsenceCategory.HOLIDAY,
    pb.ABSENCE_CATEGORY_SICKNESS: AbsenceCategory.SICKNESS,
    pb.ABSENCE_CATEGORY_TRAINING: AbsenceCategory.TRAINING,
    pb.ABSENCE_CATEGORY_OTHER: AbsenceCategory.OTHER,
}
_TOLD_CATEGORIES = {category: number for number, category in _CATEGORIES.items()}


def tenant_from_pb(
    wrong: Violations,
    path: str,
    value: pb.Tenant,
    key: EntityKey[Tenant],
    known: CalendarRead | None,
) -> Tenant:
    return Tenant(
        key.id,
        wrong.text(f"{path}.display_name", value.display_name, NAME_LENGTH, required=True),
        wrong.tags(f"{path}.tags", value.tags, MAX_TENANT_TAGS, known=None),
    )


def tenant_to_pb(tenant: Tenant) -> pb.Tenant:
    return pb.Tenant(display_name=tenant.display_name, tags=sorted(tenant.tags))


def team_from_pb(
    wrong: Violations, path: str, value: pb.Team, key: EntityKey[Team], known: CalendarRead | None
) -> Team:
    return Team(
        key.id,
        wrong.text(f"{path}.display_name", value.display_name, NAME_LENGTH, required=True),
        wrong.zone(f"{path}.time_zone", value.time_zone, required=True),
    )


def team_to_pb(team: Team) -> pb.Team:
    return pb.Team(display_name=team.display_name, time_zone=team.zone)


def technician_from_pb(
    wrong: Violations,
    path: str,
    value: pb.Technician,
    key: EntityKey[Technician],
    known: CalendarRead | None,
) -> Technician:
    _, team_id = names.TEAM.read(wrong, f"{path}.team", value.team, tenant=key.tenant)
    team = known.team(key.tenant, team_id) if known is not None and team_id else None
    if known is not None and team_id and team is None:
        wrong.add(f"{path}.team", "no such team")
    for field in ("start_location", "working_time"):
        if not value.HasField(field):
            wrong.add(f"{path}.{field}", "required")
    start = fields.location(wrong, f"{path}.start_location", value.start_location)
    end = start
    if value.HasField("end_location"):
        end = fields.location(wrong, f"{path}.end_location", value.end_location)
    zone = wrong.zone(f"{path}.time_zone", value.time_zone)
    return Technician(
        id=key.id,
        display_name=wrong.text(
            f"{path}.display_name", value.display_name, NAME_LENGTH, required=True
        ),
        team=team_id,
        zone=zone or (team.zone if team is not None else ""),
        start_place=start,
        end_place=end,
        working_time=hours_convert.working_time(wrong, f"{path}.working_time", value.working_time),
        tags=wrong.tags(f"{path}.tags", value.tags, MAX_TECHNICIAN_TAGS, _tags(key, known)),
    )


def technician_to_pb(technician: Technician, tenant: str) -> pb.Technician:
    told = pb.Technician(
        display_name=technician.display_name,
        team=names.TEAM.build(tenant, technician.team),
        time_zone=technician.zone,
        start_location=fields.to_latlng(technician.start_place),
        working_time=hours_convert.to_working_time(technician.working_time),
        tags=sorted(technician.tags),
    )
    if technician.end_place != technician.start_place:
        told.end_location.CopyFrom(fields.to_latlng(technician.end_place))
    return told


def site_from_pb(
    wrong: Violations, path: str, value: pb.Site, key: EntityKey[Site], known: CalendarRead | None
) -> Site:
    if not value.HasField("location"):
        wrong.add(f"{path}.location", "required")
    has_hours = bool(value.opening_hours)
    return Site(
        id=key.id,
        display_name=wrong.text(f"{path}.display_name", value.display_name, NAME_LENGTH),
        location=fields.location(wrong, f"{path}.location", value.location),
        zone=wrong.zone(f"{path}.time_zone", value.time_zone, required=has_hours),
        opening_hours=hours_convert.opening_hours(
            wrong, f"{path}.opening_hours", value.opening_hours
        ),
        client=wrong.text(f"{path}.client", value.client, NAME_LENGTH),
        address=wrong.text(f"{path}.address", value.address, ADDRESS_LENGTH, lines=True),
    )


def site_to_pb(site: Site) -> pb.Site:
    return pb.Site(
        display_name=site.display_name,
        location=fields.to_latlng(site.location),
        time_zone=site.zone,
        opening_hours=hours_convert.to_opening_hours(site.opening_hours),
        client=site.client,
        address=site.address,
    )


def activity_type_from_pb(
    wrong: Violations,
    path: str,
    value: pb.ActivityType,
    key: EntityKey[ActivityType],
    known: CalendarRead | None,
) -> ActivityType:
    for field in ("service_duration", "offer_grid"):
        if not value.HasField(field):
            wrong.add(f"{path}.{field}", "required")
    before = len(wrong.found)
    notice, horizon = _NOTHING, DEFAULT_HORIZON
    if value.HasField("notice"):
        at = f"{path}.notice"
        notice = fields.duration(wrong, at, value.notice, _NOTHING, LONGEST_NOTICE)
    if value.HasField("horizon"):
        at = f"{path}.horizon"
        horizon = fields.duration(wrong, at, value.horizon, _SECOND, LONGEST_HORIZON)
    if len(wrong.found) == before:
        check_offering(wrong, path, notice, horizon)
    return ActivityType(
        id=key.id,
        display_name=wrong.text(
            f"{path}.display_name", value.display_name, NAME_LENGTH, required=True
        ),
        service=service_duration(wrong, f"{path}.service_duration", value),
        requires=wrong.tags(
            f"{path}.required_tags", value.required_tags, MAX_REQUIRED_TAGS, _tags(key, known)
        ),
        grid=hours_convert.offer_grid(wrong, f"{path}.offer_grid", value.offer_grid),
        notice=notice,
        horizon=horizon,
    )


def service_duration(wrong: Violations, path: str, value: pb.ActivityType) -> timedelta:
    """Time on site; a missing one has been told already."""
    if not value.HasField("service_duration"):
        return SHORTEST_SERVICE
    return fields.duration(wrong, path, value.service_duration, SHORTEST_SERVICE, LONGEST_SERVICE)


def activity_type_to_pb(activity_type: ActivityType) -> pb.ActivityType:
    return pb.ActivityType(
        display_name=activity_type.display_name,
        service_duration=fields.to_duration(activity_type.service),
        required_tags=sorted(activity_type.requires),
        offer_grid=hours_convert.to_offer_grid(activity_type.grid),
        notice=fields.to_duration(activity_type.notice),
        horizon=fields.to_duration(activity_type.horizon),
    )


def shift_exception_from_pb(
    wrong: Violations,
    path: str,
    value: pb.ShiftException,
    key: EntityKey[ShiftException],
    known: CalendarRead | None,
) -> ShiftException:
    return ShiftException(
        key.id,
        key.technician,
        fields.day(wrong, f"{path}.date", value.date),
        hours_convert.day_hours(wrong, f"{path}.hours", value.hours),
        wrong.text(f"{path}.note", value.note, NOTE_LENGTH, lines=True),
    )


def shift_exception_to_pb(exception: ShiftException) -> pb.ShiftException:
    return pb.ShiftException(
        date=fields.to_date(exception.day),
        hours=hours_convert.to_day_hours(exception.hours),
        note=exception.note,
    )


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
    )


def absence_to_pb(absence: Absence) -> pb.Absence:
    return pb.Absence(
        window=fields.to_window(absence.window),
        category=_TOLD_CATEGORIES[absence.category],
        note=absence.note,
    )


def _tags[E: (Technician, ActivityType)](
    key: EntityKey[E], known: CalendarRead | None
) -> frozenset[str] | None:
    return None if known is None else known.tags(key.tenant)
