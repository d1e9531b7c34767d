"""Cancelling a visit, under the company's conditions."""

from __future__ import annotations

from sqlalchemy import Connection

from slotsvc.portal.booking.actions import ActionKind
from slotsvc.portal.booking.desk import Desk, note
from slotsvc.portal.booking.reviewing import NotOpenError
from slotsvc.portal.booking.telling import Told, tell
from slotsvc.portal.booking.turns import turn_of
from slotsvc.portal.service.answers import Visit, VisitState
from slotsvc.portal.service.errors import ErrorKind, ServiceError

MOST_CAUSE = 500


async def cancel(desk: Desk, id: str, *, request_id: str, cause: str, etag: str) -> Visit:
    """Cancels the visit and writes to the contact; cancelling twice is cancelling once.

    ``etag``: of the visit as the page showed it. Raises ``NotOpenError``, and ``ServiceError``:
    CHANGED where it is not what the page showed any more.
    """
    async with turn_of(desk.visitor.client_id):
        return await _cancel(desk, await desk.visit(id), request_id, cause, etag)


async def _cancel(desk: Desk, visit: Visit, request_id: str, cause: str, etag: str) -> Visit:
    if visit.state is VisitState.CANCELLED:
        return visit
    verdict = desk.may(ActionKind.CANCEL, visit)
    if not verdict.open:
        raise NotOpenError(verdict, visit)
    cancelled = await _cancelled(desk, visit, request_id, cause[:MOST_CAUSE], etag)
    letter = await tell(desk, cancelled, Told.CANCELLED)

    def write(connection: Connection) -> None:
        note(connection, desk, cancelled, "VISIT_CANCELLED")
        letter.put(connection)

    await desk.portal.database.write(write)
    desk.portal.outbox.wake()
    return cancelled


async def _cancelled(desk: Desk, visit: Visit, request_id: str, cause: str, etag: str) -> Visit:
    try:
        return await desk.calls.cancel(visit.name, request_id, cause=cause, etag=etag)
    except ServiceError as error:
        if error.kind is not ErrorKind.WRONG_STATE:
            raise
        now = await desk.visit_named(visit.name)
        if now.state is not VisitState.CANCELLED:
            raise
        return now
