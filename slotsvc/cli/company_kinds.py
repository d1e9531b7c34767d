"""What a company sets up, kind by kind: how the service lists, makes and changes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message

    from slotsvc.cli.channel import Service


@dataclass(frozen=True, slots=True)
class Kind:
    """``word``: as in ``CreateTeam``; ``field``: as in ``CreateTeamRequest.team``.

    ``of_technician``: it belongs to one technician, else to the tenant.
    """

    word: str
    field: str
    of_technician: bool = False

    @property
    def many(self) -> str:
        """Several of them: the field of the list's answer, and the key in a company's file."""
        return f"{self.field}s"

    def call(self, service: Service, verb: str, **request: Any) -> Any:
        """The answer of ``verb`` (Get, Create, Update, List). Raises ``CommandError``."""
        from slotsvc.pb.v1 import calendar_service_pb2 as messages

        name = f"{verb}{self.word}s" if verb == "List" else f"{verb}{self.word}"
        message = getattr(messages, f"{name}Request")(**request)
        return service.ask(getattr(service.calendar, name), message)

    def under(self, service: Service, parent: str) -> list[Message]:
        """Every one of a tenant or a technician, page by page."""
        found: list[Message] = []
        token = ""
        while True:
            page = self.call(service, "List", parent=parent, page_size=1000, page_token=token)
            found += getattr(page, self.many)
            token = page.next_page_token
            if not token:
                return found

    def all_of(self, service: Service, tenant: str) -> list[Message]:
        """Every one of a tenant, those of its technicians too."""
        parents: Sequence[str] = [tenant]
        if self.of_technician:
            parents = [one.name for one in TECHNICIAN.under(service, tenant)]  # type: ignore[attr-defined]
        return [one for parent in parents for one in self.under(service, parent)]


TENANT = Kind("Tenant", "tenant")
TEAM = Kind("Team", "team")
VAN = Kind("Van", "van")
TECHNICIAN = Kind("Technician", "technician")
SITE = Kind("Site", "site")
ACTIVITY = Kind("ActivityType", "activity_type")
CLOSURE = Kind("Closure", "closure")
EXCEPTION = Kind("ShiftException", "shift_exception", of_technician=True)
ABSENCE = Kind("Absence", "absence", of_technician=True)
LOAN = Kind("Loan", "loan", of_technician=True)

IN_ORDER = (TEAM, VAN, TECHNICIAN, SITE, ACTIVITY, CLOSURE, EXCEPTION, ABSENCE, LOAN)
"""Everything of a tenant; what refers to something comes behind it."""
