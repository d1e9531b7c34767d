"""Names that people know, in place of ids: looked up once each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from slotsvc.cli.failure import CommandError
from slotsvc.cli.words import place_words, short, span_of_day

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.visit_service_pb2 import Visit


@dataclass
class KnownNames:
    """Asks the service; what it does not tell is named by its id."""

    service: Service
    zone: ZoneInfo
    _found: dict[str, str] = field(default_factory=dict)
    _visits: dict[str, Visit] = field(default_factory=dict)

    def technician(self, name: str) -> str:
        """Such as "Chiara Rossi"."""
        from slotsvc.pb.v1.calendar_service_pb2 import GetTechnicianRequest

        ask, request = self.service.calendar.GetTechnician, GetTechnicianRequest(name=name)
        return self._name(name, lambda: self.service.ask(ask, request).technician.display_name)

    def site(self, name: str) -> str:
        """Such as "Rue Imberty"."""
        from slotsvc.pb.v1.calendar_service_pb2 import GetSiteRequest

        ask, request = self.service.calendar.GetSite, GetSiteRequest(name=name)
        return self._name(name, lambda: self.service.ask(ask, request).site.display_name)

    def activity(self, name: str) -> str:
        """Such as "Boiler service"."""
        from slotsvc.pb.v1.calendar_service_pb2 import GetActivityTypeRequest

        ask, request = self.service.calendar.GetActivityType, GetActivityTypeRequest(name=name)
        return self._name(name, lambda: self.service.ask(ask, request).activity_type.display_name)

    def visit(self, name: str) -> str:
        """Such as "Rue Imberty, told 08:00-10:00"."""
        visit = self.read(name)
        return f"{self.where(visit)}, {told}" if (told := self.told(visit)) else self.where(visit)

    def row(self, name: str) -> str:
        """As ``visit``, for a table: "Rue Imberty 08:00-10:00"."""
        visit = self.read(name)
        return f"{self.where(visit)} {self.told(visit).removeprefix('told ')}".rstrip()

    def read(self, name: str) -> Visit:
        """The visit, as it stood when it was first asked for."""
        from slotsvc.pb.v1.visit_service_pb2 import GetVisitRequest

        if name not in self._visits:
            request = GetVisitRequest(name=name)
            self._visits[name] = self.service.ask(self.service.visits.GetVisit, request).visit
        return self._visits[name]

    def where(self, visit: Visit) -> str:
        """The site's name, or the point."""
        return self.site(visit.site) if visit.site else place_words(visit.location)

    def told(self, visit: Visit) -> str:
        """Such as "told 08:00-10:00"; "" when nobody was told anything."""
        if not visit.HasField("promise"):
            return ""
        return f"told {span_of_day(visit.promise.window, self.zone)}"

    def _name(self, name: str, ask: Callable[[], str]) -> str:
        if name not in self._found:
            try:
                self._found[name] = ask() or short(name)
            except CommandError as failure:
                if failure.reason not in ("NOT_FOUND", "PERMISSION_DENIED"):
                    raise
                self._found[name] = short(name)
        return self._found[name]


def zone_of_visit(service: Service, visit: Visit) -> ZoneInfo:
    """The clock its client lives by: the technician's team's, else that of the team it waits for;
    UTC for a visit that has neither."""
    if visit.place.technician:
        return service.zone_of_technician(visit.place.technician)
    return ZoneInfo(service.team(visit.team).time_zone) if visit.team else ZoneInfo("UTC")
