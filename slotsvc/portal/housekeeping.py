"""What is done once a minute: last uses written down, what ran out taken away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from slotsvc.portal.access import challenges, invitations, limits, sessions
from slotsvc.portal.booking import kept_holds

if TYPE_CHECKING:
    from slotsvc.portal.parts import Portal

_EVERY_S = 60.0
_LOG = structlog.get_logger("slotsvc.portal")


async def keep_house(portal: Portal) -> None:
    """Once a minute, for ever; a last time when it is cancelled."""
    try:
        while True:
            await asyncio.sleep(_EVERY_S)
            await tidy(portal)
    finally:
        await portal.activity.flush(portal.database)


async def tidy(portal: Portal) -> None:
    """Once: what ``keep_house`` does each minute."""
    now = portal.clock()

    def sweep(connection: Connection) -> None:
        for table in (limits, challenges, invitations, sessions, kept_holds):
            table.sweep(connection, now)
        portal.outbox.sweep(connection)

    try:
        await portal.activity.flush(portal.database)
        await portal.database.write(sweep)
    except SQLAlchemyError as error:
        _LOG.error("housekeeping.failed", error=type(error).__name__)
