"""Company, teams, sites and activity types between proto and domain, with all their validation.

``*_from_pb(wrong, path, value, key, known)``: ``path`` is where ``value`` stands in the request,
``key`` the ids of the new entity, ``known`` what is set up already, for references to tags and
teams; None: references are not looked at yet.
"""

from __future__ import annotations

from datetime import timedelta

from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Team, Tenant
from slotsvc.pb.v1 import calendar_service_pb2 as pb
from slotsvc.scheduling.calendar_ports import CalendarRead
from slotsvc.scheduling.calendar_rules import check_offering
from slotsvc.scheduling.calendars import EntityKey
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.public_holidays import NONE, is_calendar
from slotsvc.server import fields, hours_convert
from slotsvc.server.booking_rules_convert import booking_rules, set_booking_rules

NAME_LENGTH = 200
ADDRESS_LENGTH = 400
MAX_TENANT_TAGS = 200
MAX_REQUIRED_TAGS = 32
SHORTEST_SERVICE, LONGEST_SERVICE = timedelta(minutes=1), timedelta(hours=24)
LONGEST_NOTICE = timedelta(days=60)
DEFAULT_HORIZON, LONGEST_HORIZON = timedelta(days=28), timedelta(days=366)
LONGEST_ACCESS = timedelta(hours=4)
LONGEST_RESERVE = timedelta(hours=24)
MAX_SECTORS = 200

_NOTHING = timedelta(0)
_SECOND = timedelta(seconds=1)


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
        wrong.tags(f"{path}.sectors", value.sectors, MAX_SECTORS, None, "sector"),
        _public_holidays(wrong, f"{path}.public_holidays", value.public_holidays),
    )


def tenant_to_pb(tenant: Tenant) -> pb.Tenant:
    return pb.Tenant(
        display_name=tenant.display_name,
        tags=sorted(tenant.tags),
        sectors=sorted(tenant.sectors),
        public_holidays=tenant.public_holidays,
    )


def team_from_pb(
    wrong: Violations, path: str, value: pb.Team, key: EntityKey[Team], known: CalendarRead | None
) -> Team:
    calendar = value.public_holidays
    if calendar != NONE:
        _public_holidays(wrong, f"{path}.public_holidays", calendar)
    reserve = _NOTHING
    if value.HasField("emergency_reserve"):
        at = f"{path}.emergency_reserve"
        reserve = fields.duration(wrong, at, value.emergency_reserve, _NOTHING, LONGEST_RESERVE)
    return Team(
        key.id,
        wrong.text(f"{path}.display_name", value.display_name, NAME_LENGTH, required=True),
        wrong.zone(f"{path}.time_zone", value.time_zone, required=True),
        calendar,
        reserve,
    )


def team_to_pb(team: Team) -> pb.Team:
    told = pb.Team(
        display_name=team.display_name, time_zone=team.zone, public_holidays=team.public_holidays
    )
    if team.emergency_reserve:
        told.emergency_reserve.CopyFrom(fields.to_duration(team.emergency_reserve))
    return told


def _public_holidays(wrong: Violations, path: str, value: str) -> str:
    if value and not is_calendar(value):
        wrong.add(path, 'a country such as "MC" or a part of one such as "FR-57" (ISO 3166)')
    return value


def site_from_pb(
    wrong: Violations, path: str, value: pb.Site, key: EntityKey[Site], known: CalendarRead | None
) -> Site:
    if not value.HasField("location"):
        wrong.add(f"{path}.location", "required")
    has_hours = bool(value.opening_hours)
    access = _NOTHING
    if value.HasField("access_duration"):
        at = f"{path}.access_duration"
        access = fields.duration(wrong, at, value.access_duration, _NOTHING, LONGEST_ACCESS)
    if value.sector:
        wrong.tag(f"{path}.sector", value.sector, _sectors(key, known), "sector")
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
        sector=value.sector,
        access=access,
    )


def site_to_pb(site: Site) -> pb.Site:
    told = pb.Site(
        display_name=site.display_name,
        location=fields.to_latlng(site.location),
        time_zone=site.zone,
        opening_hours=hours_convert.to_opening_hours(site.opening_hours),
        client=site.client,
        address=site.address,
        sector=site.sector,
    )
    if site.access:
        told.access_duration.CopyFrom(fields.to_duration(site.access))
    return told


def _sectors[E: (Site, ActivityType)](
    key: EntityKey[E], known: CalendarRead | None
) -> frozenset[str] | None:
    company = None if known is None else known.tenant(key.tenant)
    return None if company is None else company.sectors


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
    notice, horizon, setup = _NOTHING, DEFAULT_HORIZON, _NOTHING
    if value.HasField("notice"):
        at = f"{path}.notice"
        notice = fields.duration(wrong, at, value.notice, _NOTHING, LONGEST_NOTICE)
    if value.HasField("horizon"):
        at = f"{path}.horizon"
        horizon = fields.duration(wrong, at, value.horizon, _SECOND, LONGEST_HORIZON)
    if len(wrong.found) == before:
        check_offering(wrong, path, notice, horizon)
    if value.HasField("setup_duration"):
        at = f"{path}.setup_duration"
        setup = fields.duration(wrong, at, value.setup_duration, _NOTHING, LONGEST_ACCESS)
    return ActivityType(
        id=key.id,
        display_name=wrong.text(
            f"{path}.display_name", value.display_name, NAME_LENGTH, required=True
        ),
        service=service_duration(wrong, f"{path}.service_duration", value),
        requires=wrong.requirements(
            f"{path}.required_tags", value.required_tags, MAX_REQUIRED_TAGS, _tags(key, known)
        ),
        grid=hours_convert.offer_grid(wrong, f"{path}.offer_grid", value.offer_grid),
        notice=notice,
        horizon=horizon,
        rules=booking_rules(wrong, path, value, _sectors(key, known)),
        setup=setup,
        pausable=value.pausable,
    )


def service_duration(wrong: Violations, path: str, value: pb.ActivityType) -> timedelta:
    """Time on site; a missing one has been told already."""
    if not value.HasField("service_duration"):
        return SHORTEST_SERVICE
    return fields.duration(wrong, path, value.service_duration, SHORTEST_SERVICE, LONGEST_SERVICE)


def activity_type_to_pb(activity_type: ActivityType) -> pb.ActivityType:
    told = pb.ActivityType(
        display_name=activity_type.display_name,
        service_duration=fields.to_duration(activity_type.service),
        required_tags=sorted(activity_type.requires),
        offer_grid=hours_convert.to_offer_grid(activity_type.grid),
        notice=fields.to_duration(activity_type.notice),
        horizon=fields.to_duration(activity_type.horizon),
        pausable=activity_type.pausable,
    )
    if activity_type.setup:
        told.setup_duration.CopyFrom(fields.to_duration(activity_type.setup))
    set_booking_rules(told, activity_type.rules)
    return told


def _tags(key: EntityKey[ActivityType], known: CalendarRead | None) -> frozenset[str] | None:
    return None if known is None else known.tags(key.tenant)
