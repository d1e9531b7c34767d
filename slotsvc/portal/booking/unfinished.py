"""What the engine did and the portal did not write down, because it stopped in between.

Who confirms and never comes back, since he saw no answer, has an appointment all the same: here it
gets its letter and its entry in the audit.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from slotsvc.portal.access.contacts import contact_by_id, sites_of
from slotsvc.portal.access.sessions import visitor_of
from slotsvc.portal.booking.desk import Desk
from slotsvc.portal.booking.kept_holds import HoldOutcome, KeptHold, close, unfinished
from slotsvc.portal.booking.reviewing import settle
from slotsvc.portal.parts import Portal
from slotsvc.portal.service.answers import Visit, VisitState
from slotsvc.portal.service.errors import ErrorKind, ServiceError
from slotsvc.portal.tables.units import unit_by_id
from slotsvc.portal.visitor import ClientVisitor, Level

_EVERY_S = 60.0
_LATER = timedelta(minutes=1)
"""So long after its end a confirmation of a hold is not under way any more."""
_LONG_AGO = datetime.fromtimestamp(0, UTC)
_KEPT = (VisitState.BOOKED, VisitState.EN_ROUTE, VisitState.STARTED, VisitState.DONE)

_log = structlog.get_logger(__name__)


async def finish_bookings(portal: Portal) -> None:
    """Once a minute, and at once after a start, for ever."""
    while True:
        try:
            await finish(portal)
        except (ServiceError, SQLAlchemyError) as error:
            _log.warning("bookings wait", error=type(error).__name__)
        await asyncio.sleep(_EVERY_S)


async def finish(portal: Portal) -> None:
    """Looks at each hold that ended and of which nobody knows what became. Raises ``ServiceError``
    UNAVAILABLE or REFUSED: the others are looked at the next time."""
    before = portal.clock() - _LATER
    for hold in await portal.database.read(lambda tx: unfinished(tx, before)):
        try:
            await _look(portal, hold)
        except ServiceError as error:
            if error.kind in (ErrorKind.UNAVAILABLE, ErrorKind.REFUSED):
                raise
            _log.error("hold not looked at", hold=hold.id, reason=error.reason)


async def _look(portal: Portal, hold: KeptHold) -> None:
    visitor = await portal.database.read(lambda tx: _who(tx, hold))
    visit = await _visit(portal, visitor, hold) if visitor else None
    if visit is not None and visit.hold == hold.name:
        return  # the engine gave it more time
    if visitor is None or visit is None or not _became(hold, visit):
        await portal.database.write(lambda tx: close(tx, hold.name, HoldOutcome.LAPSED))
        return
    desk = await Desk.of(portal, visitor, visitor.locale)
    await settle(desk, hold, visit, before=None)
    _log.info("booking finished", hold=hold.id)


def _who(connection: Connection, hold: KeptHold) -> ClientVisitor | None:
    """Who made the hold: as if he looked, whether he still may or not. None: he is gone."""
    contact = contact_by_id(connection, hold.contact)
    bu = unit_by_id(connection, contact.business_unit) if contact else None
    if contact is None or bu is None:
        return None
    return visitor_of(
        contact,
        bu,
        sites_of(connection, contact),
        session="",
        level=Level.LINK,
        proven_until=_LONG_AGO,
        csrf_token="",
    )


async def _visit(portal: Portal, visitor: ClientVisitor, hold: KeptHold) -> Visit | None:
    try:
        return await portal.service.for_client(visitor.client).visit(hold.visit)
    except ServiceError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            return None
        raise


def _became(hold: KeptHold, visit: Visit) -> bool:
    """Whether the hold became the appointment: its window was told before it ended. Told later, it
    was somebody else's doing."""
    promise = visit.promise
    if promise is None or promise.told is None or visit.state not in _KEPT:
        return False
    return promise.window == hold.window and promise.told <= hold.expires
