"""The table of what a company sets up: one row for each kind, read by ``calendar_service``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from slotsvc.domain.closures import Closure
from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Loan, Team, Technician, Tenant, Van
from slotsvc.domain.working_time import Absence, ShiftException
from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.scheduling.calendars import EntityKey
from slotsvc.server import calendar_convert as convert
from slotsvc.server import dates_convert as dates
from slotsvc.server import names
from slotsvc.server import people_convert as people
from slotsvc.server.names import NamePattern


@dataclass(frozen=True, slots=True)
class CalendarKind[E: Entity]:
    """One kind. ``word``: as in ``CreateTeam``; ``field``: as in ``CreateTeamRequest.team``."""

    entity: type[E]
    word: str
    field: str
    names: NamePattern
    from_pb: Callable[..., E]
    to_pb: Callable[[E, str], Any]

    @property
    def plural(self) -> str:
        """As in ``ListTeams``; the field of its answer is ``field`` with an s."""
        return f"{self.word}s"

    def key(self, ids: tuple[str, ...]) -> EntityKey[E]:
        """``ids``: as in the name, outermost first."""
        technician = ids[1] if len(ids) == 3 else ""
        return EntityKey(self.entity, ids[0], ids[-1], technician)

    def told(self, key: EntityKey[E], entity: E, etag: str) -> Message:
        """The proto message, with name and etag."""
        message: Any = self.to_pb(entity, key.tenant)
        message.name = self.name(key, entity.id)
        message.etag = etag
        return message  # type: ignore[no-any-return]

    def name(self, key: EntityKey[E], id: str) -> str:
        """The name of the entity ``id`` beside ``key``."""
        ids = (key.tenant, key.technician, id) if key.technician else (key.tenant, id)
        return self.names.build(*ids[-len(self.names.variables) :])


def _alone[E](to_pb: Callable[[E], Any]) -> Callable[[E, str], Any]:
    return lambda entity, _tenant: to_pb(entity)


KINDS: tuple[CalendarKind[Any], ...] = (
    CalendarKind(
        Tenant,
        "Tenant",
        "tenant",
        names.TENANT,
        convert.tenant_from_pb,
        _alone(convert.tenant_to_pb),
    ),
    CalendarKind(
        Team, "Team", "team", names.TEAM, convert.team_from_pb, _alone(convert.team_to_pb)
    ),
    CalendarKind(
        Technician,
        "Technician",
        "technician",
        names.TECHNICIAN,
        people.technician_from_pb,
        people.technician_to_pb,
    ),
    CalendarKind(Van, "Van", "van", names.VAN, people.van_from_pb, _alone(people.van_to_pb)),
    CalendarKind(
        Closure, "Closure", "closure", names.CLOSURE, dates.closure_from_pb, dates.closure_to_pb
    ),
    CalendarKind(
        Site, "Site", "site", names.SITE, convert.site_from_pb, _alone(convert.site_to_pb)
    ),
    CalendarKind(
        ActivityType,
        "ActivityType",
        "activity_type",
        names.ACTIVITY_TYPE,
        convert.activity_type_from_pb,
        _alone(convert.activity_type_to_pb),
    ),
    CalendarKind(
        ShiftException,
        "ShiftException",
        "shift_exception",
        names.SHIFT_EXCEPTION,
        dates.shift_exception_from_pb,
        dates.shift_exception_to_pb,
    ),
    CalendarKind(
        Absence,
        "Absence",
        "absence",
        names.ABSENCE,
        dates.absence_from_pb,
        _alone(dates.absence_to_pb),
    ),
    CalendarKind(Loan, "Loan", "loan", names.LOAN, dates.loan_from_pb, dates.loan_to_pb),
)
