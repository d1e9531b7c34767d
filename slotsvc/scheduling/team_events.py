"""Which events concern a team. ``docs/events.md`` says it for callers.

Judged when an event is delivered, by the calendar as it stands then. In doubt an event is told: the
filter spares a team what is not about it, and hides nothing from anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from slotsvc.domain.technician import Loan
from slotsvc.scheduling.ports import Event, ReadTx, StoredEvent

ABOUT_A_VISIT = ("VISIT_", "HOLD_", "MOVE_", "PROMISE_")
"""Kinds whose subject is a visit begin so."""

ABOUT_A_TECHNICIAN = ("TECHNICIAN_",)
"""Kinds whose subject is a technician."""

ABOUT_THE_COMPANY = ("TENANT_", "ACTIVITY_TYPE_", "VAN_", "CLOSURE_", "STORE_")
"""Kinds that concern every team, unless they name one."""

_ALL_TIME = (date(1970, 1, 1), date(9999, 12, 30))


def visit_of(event: Event) -> str:
    """The visit concerned; "" for none."""
    if event.kind.startswith(ABOUT_A_VISIT):
        return event.subject
    return str(event.data.get("visit", ""))


def technician_of(event: Event) -> str:
    """The technician concerned; "" for none."""
    if event.route is not None:
        return event.route.technician
    if event.kind.startswith(ABOUT_A_TECHNICIAN):
        return event.subject
    return str(event.data.get("technician", ""))


def subject_of(event: Event) -> str:
    """What else is concerned, an id; "" for an event about a visit or a technician only."""
    return "" if event.subject in (visit_of(event), technician_of(event)) else event.subject


@dataclass(frozen=True)
class TeamEvents:
    """One team of one tenant, seen through one snapshot."""

    tx: ReadTx
    tenant: str
    team: str

    def among(self, events: Iterable[StoredEvent]) -> Sequence[StoredEvent]:
        """Those that concern the team, in their order."""
        return [stored for stored in events if self.concern(stored.event)]

    def concern(self, event: Event) -> bool:
        """Whether ``event`` is about the team, its technicians, their routes, or its visits."""
        if self.team in self._named(event):
            return True
        if event.route is not None and self._works_here(event.route.technician, event.route.day):
            return True
        if visit := visit_of(event):
            return self._is_of_team(visit, placed=event.route is not None)
        if event.route is None and (who := technician_of(event)):
            return self._works_here(who)
        return event.kind.startswith(ABOUT_THE_COMPANY) and not event.data.get("team")

    def _named(self, event: Event) -> set[str]:
        named = {str(event.data[key]) for key in ("team", "left_team") if key in event.data}
        return named | {event.subject} if event.kind.startswith("TEAM_") else named

    def _works_here(self, technician: str, day: date | None = None) -> bool:
        """On ``day``; None: ever. Members who are lent away stay members."""
        if technician in self._members:
            return True
        return any(day is None or loan.covers(day) for loan in self._loans_here(technician))

    def _loans_here(self, technician: str) -> Sequence[Loan]:
        if technician not in self._known_loans:
            found = self.tx.loans(self.tenant, [technician], *_ALL_TIME)
            here = [loan for loan in found.get(technician, ()) if loan.to_team == self.team]
            self._known_loans[technician] = here
        return self._known_loans[technician]

    def _is_of_team(self, visit: str, *, placed: bool) -> bool:
        """``placed``: the event tells on which route, so that the visit's own does not count."""
        stored = self.tx.visit(self.tenant, visit)
        if stored is None:
            return False
        if stored.visit.team == self.team:
            return True
        if placed:
            return False
        if stored.placement is None:
            # work that waits for no team in particular waits for any
            return not stored.visit.team
        route = stored.placement.route
        return self._works_here(route.technician, route.day)

    @cached_property
    def _known_loans(self) -> dict[str, Sequence[Loan]]:
        return {}

    @cached_property
    def _members(self) -> frozenset[str]:
        return frozenset(who.id for who in self.tx.technicians(self.tenant, self.team))
