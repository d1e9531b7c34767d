"""Technicians and vans between proto and domain; signatures as in ``calendar_convert``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from slotsvc.domain.eligibility import HIGHEST_LEVEL, Certificate
from slotsvc.domain.technician import ALL_SECTORS, SectorWeek, Technician, Tenant, Van
from slotsvc.pb.v1 import calendar_service_pb2 as pb
from slotsvc.scheduling.calendar_ports import CalendarRead
from slotsvc.scheduling.calendar_rules import WEEKDAYS, check_certificate
from slotsvc.scheduling.calendars import EntityKey
from slotsvc.scheduling.field_checks import Violations
from slotsvc.server import fields, hours_convert, names
from slotsvc.server.calendar_convert import MAX_SECTORS, NAME_LENGTH

MAX_TAGS = 64
MOST_VISITS = 1000
SHORTEST_TRAVEL, LONGEST_TRAVEL = timedelta(minutes=1), timedelta(hours=24)
LONGEST_OVERTIME = timedelta(hours=12)
PACES = (50, 300)

_NOTHING = timedelta(0)


def technician_from_pb(
    wrong: Violations,
    path: str,
    value: pb.Technician,
    key: EntityKey[Technician],
    known: CalendarRead | None,
) -> Technician:
    company = None if known is None else known.tenant(key.tenant)
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
    max_travel, max_overtime = _limits(wrong, path, value)
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
        tags=wrong.tags(f"{path}.tags", value.tags, MAX_TAGS, _tags(company)),
        certificates=_certificates(wrong, f"{path}.certificates", value.certificates, company),
        van=van_id(wrong, f"{path}.van", value.van, key.tenant, known),
        sectors=_sectors(wrong, f"{path}.sectors", value.sectors, company),
        max_travel=max_travel,
        max_visits=wrong.whole(f"{path}.max_visits", value.max_visits, 1, MOST_VISITS, 0) or None,
        max_overtime=max_overtime,
        unpaid_first_leg=value.unpaid_first_leg,
        unpaid_last_leg=value.unpaid_last_leg,
        pace=wrong.whole(f"{path}.pace", value.pace, *PACES, unset=100),
    )


def technician_to_pb(technician: Technician, tenant: str) -> pb.Technician:
    told = pb.Technician(
        display_name=technician.display_name,
        team=names.TEAM.build(tenant, technician.team),
        time_zone=technician.zone,
        start_location=fields.to_latlng(technician.start_place),
        working_time=hours_convert.to_working_time(technician.working_time),
        tags=sorted(technician.tags),
        certificates=_to_certificates(technician.certificates),
        van=to_van(technician.van, tenant),
        max_visits=technician.max_visits or 0,
        unpaid_first_leg=technician.unpaid_first_leg,
        unpaid_last_leg=technician.unpaid_last_leg,
        pace=0 if technician.pace == 100 else technician.pace,
    )
    if technician.end_place != technician.start_place:
        told.end_location.CopyFrom(fields.to_latlng(technician.end_place))
    if technician.max_travel is not None:
        told.max_travel.CopyFrom(fields.to_duration(technician.max_travel))
    if technician.max_overtime:
        told.max_overtime.CopyFrom(fields.to_duration(technician.max_overtime))
    if technician.sectors != ALL_SECTORS:
        told.sectors.CopyFrom(_to_sectors(technician.sectors))
    return told


def van_from_pb(
    wrong: Violations, path: str, value: pb.Van, key: EntityKey[Van], known: CalendarRead | None
) -> Van:
    company = None if known is None else known.tenant(key.tenant)
    return Van(
        key.id,
        wrong.text(f"{path}.display_name", value.display_name, NAME_LENGTH, required=True),
        wrong.tags(f"{path}.tags", value.tags, MAX_TAGS, _tags(company)),
        _certificates(wrong, f"{path}.certificates", value.certificates, company),
    )


def van_to_pb(van: Van) -> pb.Van:
    return pb.Van(
        display_name=van.display_name,
        tags=sorted(van.tags),
        certificates=_to_certificates(van.certificates),
    )


def van_id(wrong: Violations, path: str, name: str, tenant: str, known: CalendarRead | None) -> str:
    """The id of a van that exists; "" for an unset name."""
    if not name:
        return ""
    _, id = names.VAN.read(wrong, path, name, tenant=tenant)
    if known is not None and id and known.fetch(tenant, Van, id) is None:
        wrong.add(path, "no such van")
    return id


def to_van(id: str, tenant: str) -> str:
    """The name of a van; "" for none."""
    return names.VAN.build(tenant, id) if id else ""


def _limits(
    wrong: Violations, path: str, value: pb.Technician
) -> tuple[timedelta | None, timedelta]:
    travel, overtime = None, _NOTHING
    if value.HasField("max_travel"):
        at = f"{path}.max_travel"
        travel = fields.duration(wrong, at, value.max_travel, SHORTEST_TRAVEL, LONGEST_TRAVEL)
    if value.HasField("max_overtime"):
        at = f"{path}.max_overtime"
        overtime = fields.duration(wrong, at, value.max_overtime, _NOTHING, LONGEST_OVERTIME)
    return travel, overtime


def _tags(company: Tenant | None) -> frozenset[str] | None:
    return None if company is None else company.tags


def _certificates(
    wrong: Violations, path: str, values: Sequence[pb.Certificate], company: Tenant | None
) -> tuple[Certificate, ...]:
    if not wrong.count(path, values, MAX_TAGS):
        return ()
    return tuple(
        _certificate(wrong, f"{path}[{index}]", value, _tags(company))
        for index, value in enumerate(values)
    )


def _certificate(
    wrong: Violations, path: str, value: pb.Certificate, known: frozenset[str] | None
) -> Certificate:
    before = len(wrong.found)
    first = last = None
    if value.HasField("valid_from"):
        first = fields.day(wrong, f"{path}.valid_from", value.valid_from)
    if value.HasField("valid_until"):
        last = fields.day(wrong, f"{path}.valid_until", value.valid_until)
    certificate = Certificate(
        wrong.tag(f"{path}.tag", value.tag, known),
        wrong.whole(f"{path}.level", value.level, 1, HIGHEST_LEVEL, unset=1),
        first,
        last,
    )
    if len(wrong.found) == before:
        check_certificate(wrong, path, certificate)
    return certificate


def _to_certificates(certificates: Sequence[Certificate]) -> list[pb.Certificate]:
    told = []
    for certificate in certificates:
        one = pb.Certificate(tag=certificate.tag, level=certificate.level)
        for field in ("valid_from", "valid_until"):
            if (day := getattr(certificate, field)) is not None:
                getattr(one, field).CopyFrom(fields.to_date(day))
        told.append(one)
    return told


def _sectors(
    wrong: Violations, path: str, value: pb.SectorWeek, company: Tenant | None
) -> SectorWeek:
    known = None if company is None else company.sectors
    return tuple(
        wrong.tags(
            f"{path}.{day}.sectors", getattr(value, day).sectors, MAX_SECTORS, known, "sector"
        )
        if value.HasField(day)  # type: ignore[arg-type]
        else None
        for day in WEEKDAYS
    )


def _to_sectors(week: SectorWeek) -> pb.SectorWeek:
    days = zip(WEEKDAYS, week, strict=True)
    return pb.SectorWeek(
        **{
            day: pb.SectorList(sectors=sorted(sectors))
            for day, sectors in days
            if sectors is not None
        }
    )
