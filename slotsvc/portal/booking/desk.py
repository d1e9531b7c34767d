"""One visitor's view of the engine: nothing passes that is not his.

The engine keeps clients apart; here the contact's sites, the business unit and what it shows are
kept apart, too. What is not his looks like what does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from slotsvc.portal.booking.actions import ActionKind, Verdict, judged
from slotsvc.portal.booking.cards import Card, card_of
from slotsvc.portal.booking.shown import Shown, shown_by
from slotsvc.portal.parts import Portal
from slotsvc.portal.service.answers import Visit, VisitState, Window
from slotsvc.portal.service.client_calls import ClientCalls
from slotsvc.portal.service.errors import ErrorKind, ServiceError
from slotsvc.portal.tables.audit import record
from slotsvc.portal.visitor import ClientVisitor, Level

_ID = re.compile(r"[a-z0-9_-]{1,63}")


def not_found() -> ServiceError:
    """There is no such thing, or it is not his."""
    return ServiceError(ErrorKind.NOT_FOUND, "NOT_FOUND")


def note(
    connection: Connection, desk: Desk, visit: Visit, what: str, **told: str | Window | None
) -> None:
    """An entry of the audit: the engine knows the client, and not which of his contacts it was.

    ``told``: details; of a window its start on the clock of the business unit; None and "" are left
    out.
    """
    who, unit = f"contacts/{desk.visitor.contact}", desk.visitor.bu.id
    data = {key: _start_of(desk, value) for key, value in told.items() if value}
    subject = subject_of(visit)
    record(connection, desk.now, who, what, business_unit=unit, subject=subject, data=data)


def _start_of(desk: Desk, told: str | Window) -> str:
    if isinstance(told, str):
        return told
    return f"{told.start.astimezone(desk.zone):%Y-%m-%d %H:%M}"


def subject_of(visit: Visit) -> str:
    """What the audit calls a visit."""
    return f"visits/{visit.id}"


@dataclass(frozen=True, slots=True)
class Desk:
    """The portal as one visitor uses it during one request. ``locale``: of its page."""

    portal: Portal
    visitor: ClientVisitor
    calls: ClientCalls
    shown: Shown
    locale: str

    @classmethod
    async def of(cls, portal: Portal, visitor: ClientVisitor, locale: str) -> Self:
        """The desk of a visitor; reads what his business unit shows."""
        shown = await portal.database.read(lambda tx: shown_by(tx, visitor.bu.id))
        return cls(portal, visitor, portal.service.for_client(visitor.client), shown, locale)

    @property
    def now(self) -> datetime:
        """The portal's clock."""
        return self.portal.clock()

    @property
    def zone(self) -> ZoneInfo:
        """The clock that clients of the business unit read."""
        return ZoneInfo(self.visitor.bu.time_zone)

    @property
    def proven(self) -> bool:
        """Whether the session was proven by more than a permanent link."""
        return self.visitor.level >= Level.PROVEN or self.visitor.proven_until > self.now

    def sees(self, visit: Visit) -> bool:
        """Whether the visit is his to see."""
        return (
            visit.client == self.visitor.client
            and visit.state is not VisitState.RELEASED
            and visit.activity_type in self.shown.types
            and visit.team in ("", self.visitor.bu.team)
            and self.visitor.sees_site(visit.site)
        )

    async def visit(self, id: str) -> Visit:
        """The visit with this last part of its name. Raises ``ServiceError`` NOT_FOUND."""
        return await self.visit_named(self.named("visits", id))

    def named(self, collection: str, id: str) -> str:
        """The resource name for the last part of an address. Raises ``ServiceError`` NOT_FOUND for
        what cannot be one."""
        if not _ID.fullmatch(id):
            raise not_found()
        return self.portal.service.name(collection, id)

    async def visit_named(self, name: str) -> Visit:
        """The same by resource name."""
        visit = await self.calls.visit(name)
        if not self.sees(visit):
            raise not_found()
        return visit

    async def cards(self, visits: Iterable[Visit]) -> list[Card]:
        """The visits that he may see, with the words around them."""
        return [await self.card(visit) for visit in visits if self.sees(visit)]

    async def card(self, visit: Visit) -> Card:
        """A visit with the words around it."""
        catalogue = self.portal.service.catalogue
        site = await catalogue.site(visit.site) if visit.site else None
        kind = await catalogue.activity_type(visit.activity_type)
        return card_of(visit, self.shown.types[visit.activity_type], kind, site)

    def may(self, kind: ActionKind, visit: Visit) -> Verdict:
        """Whether he may do it with the visit now."""
        return judged(self.shown.actions, kind, visit, self.now, proven=self.proven)
