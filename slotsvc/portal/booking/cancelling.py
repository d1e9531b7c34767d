"""Cancelling a visit, under the company's conditions."""

from __future__ import annotations

from sqlalchemy import Connection

from slotsvc.portal.booking.actions import ActionKind
from slotsvc.portal.booking.desk import Desk, note, subject_of
from slotsvc.portal.booking.reviewing import NotOpenError
from slotsvc.portal.booking.telling import Told, tell
from slotsvc.portal.booking.turns import turn_of
from slotsvc.portal.service.answers import Visit, VisitState
from slotsvc.portal.service.errors import ErrorKind, ServiceError
from slotsvc.portal.tables.audit import was_done

MOST_CAUSE = 500
_DONE = "VISIT_CANCELLED"
_NOT_SO_ANY_MORE = (ErrorKind.WRONG_STATE, ErrorKind.CHANGED, ErrorKind.REPEATED)


async def cancel(desk: Desk, id: str, *, request_id: str, cause: str, etag: str) -> Visit:
    """Cancels the visit and writes to the contact; cancelling twice is cancelling once.

    ``etag``: of the visit as the page showed it. Raises ``NotOpenError``, and ``ServiceError``:
    CHANGED where it is not what the page showed any more.
    """
    async with turn_of(desk.visitor.client_id):
        return await _cancel(desk, await desk.visit(id), request_id, cause, etag)


async def _cancel(desk: Desk, visit: Visit, request_id: str, cause: str, etag: str) -> Visit:
    again = visit.state is VisitState.CANCELLED  # perhaps by this form, whose answer was lost
    verdict = desk.may(ActionKind.CANCEL, visit)
    if not (again or verdict.open):
        raise NotOpenError(verdict, visit)
    cancelled = await _cancelled(desk, visit, request_id, cause[:MOST_CAUSE], etag)
    if cancelled is None:
        return visit
    letter = await tell(desk, cancelled, Told.CANCELLED)

    def write(connection: Connection) -> None:
        if again and was_done(connection, _DONE, subject_of(cancelled)):
            return
        note(connection, desk, cancelled, _DONE, start=cancelled.window, cause=cause)
        letter.put(connection)

    await desk.portal.database.write(write)
    desk.portal.outbox.wake()
    return cancelled


async def _cancelled(
    desk: Desk, visit: Visit, request_id: str, cause: str, etag: str
) -> Visit | None:
    """None: it was cancelled before, and not by this form."""
    try:
        return await desk.calls.cancel(visit.name, request_id, cause=cause, etag=etag)
    except ServiceError as error:
        if error.kind not in _NOT_SO_ANY_MORE:
            raise
        now = await desk.visit_named(visit.name)
        if now.state is not VisitState.CANCELLED:
            raise
        return None
