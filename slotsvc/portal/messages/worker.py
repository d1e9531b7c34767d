"""The worker that empties the outbox: each channel by itself, oldest letter first.

A letter that is refused is given up at once; one that fails otherwise is tried five times, with
growing pauses. When the carrier itself is away, nothing counts as a try and the channel rests.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import Connection, select

from slotsvc.portal.messages.carriers import (
    Carrier,
    CarrierError,
    DelayedError,
    NoCarrier,
    UnreachableError,
    Voice,
)
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.messages.mail import MailCarrier
from slotsvc.portal.messages.outbox import DueLetter, Outbox
from slotsvc.portal.messages.sink import Sink
from slotsvc.portal.messages.sms import HttpSms
from slotsvc.portal.options import PortalOptions
from slotsvc.portal.parts import Portal
from slotsvc.portal.tables.database import PortalDatabase
from slotsvc.portal.tables.schema import BUSINESS_UNITS

RETRIES = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 120, 600))
_LOOK_SECONDS = 2.0
_FIRST_REST_SECONDS = 1.0
_LONGEST_REST_SECONDS = 60.0
_BATCH = 20

_log = structlog.get_logger(__name__)


async def run(portal: Portal) -> None:
    """Sends what the outbox holds until it is cancelled."""
    async with asyncio.TaskGroup() as tasks:
        for channel, carrier in carriers(portal).items():
            post = PostRound(portal.database, portal.outbox, channel, carrier)
            tasks.create_task(post.run(), name=f"outbox {channel}")


def carriers(portal: Portal) -> dict[Channel, Carrier]:
    """What the options say letters travel by."""
    options: PortalOptions = portal.options
    if options.sink is not None:
        sink = Sink(options.sink)
        return {Channel.MAIL: sink, Channel.SMS: sink}
    mail = MailCarrier(options.mail, portal.clock) if options.mail else NoCarrier()
    return {Channel.MAIL: mail, Channel.SMS: HttpSms(options.sms) if options.sms else NoCarrier()}


class PostRound:
    """One channel's round: what is due, to its carrier. ``rest_seconds``: the first rest."""

    def __init__(
        self,
        database: PortalDatabase,
        outbox: Outbox,
        channel: Channel,
        carrier: Carrier,
        rest_seconds: float = _FIRST_REST_SECONDS,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._channel = channel
        self._carrier = carrier
        self._first_rest = rest_seconds
        self._rest = rest_seconds

    async def run(self) -> None:
        """Goes round for ever; whatever happens, there is another round."""
        while True:
            try:
                await self.empty()
                self._rest = self._first_rest
            except Exception as error:
                # texts of errors may quote a letter: only its kind is told
                problem = str(error) if isinstance(error, CarrierError) else type(error).__name__
                _log.warning("letters_wait", channel=self._channel.value, problem=problem)
                await asyncio.sleep(self._rest)
                self._rest = min(self._rest * 2, _LONGEST_REST_SECONDS)
                continue
            await self._outbox.awakened(_LOOK_SECONDS)

    async def empty(self) -> int:
        """Sends what is due now; gives how many letters went. Raises ``UnreachableError``."""
        sent = 0
        try:
            while batch := await self._database.read(self._due):
                for due in batch:
                    sent += await self._one(due)
        finally:
            await self._carrier.rest()
        return sent

    def _due(self, connection: Connection) -> list[DueLetter]:
        return self._outbox.due(connection, self._channel, _BATCH)

    async def _one(self, due: DueLetter) -> bool:
        problem = await self._problem(due)
        if problem is None:
            await self._database.write(lambda on: self._outbox.mark_sent(on, due))
            return True
        told, retry = problem
        await self._database.write(lambda on: self._outbox.mark_failed(on, due, told, retry))
        _log.warning(
            "letter_failed" if retry else "letter_given_up",
            channel=self._channel.value,
            kind=due.kind,
            row=due.id,
            problem=told,
        )
        return False

    async def _problem(self, due: DueLetter) -> tuple[str, timedelta | None] | None:
        """Sends the letter; None: it went. Else why not, and after how long to try again."""
        if due.letter is None:
            return "UNREADABLE", None
        if due.expired:
            return "EXPIRED", None
        voice = await self._database.read(lambda on: voice_of(on, due.business_unit))
        try:
            await self._carrier.send(due.key, due.letter, voice)
        except UnreachableError:
            raise
        except DelayedError as error:
            return str(error), RETRIES[due.tries] if due.tries < len(RETRIES) else None
        except CarrierError as error:
            return str(error), None
        except Exception as error:  # one broken letter must not stop those behind it
            return type(error).__name__, None
        return None


def voice_of(connection: Connection, business_unit: str | None) -> Voice:
    """In whose name the letters of a business unit speak: its settings in force."""
    query = select(BUSINESS_UNITS.c.live).where(BUSINESS_UNITS.c.id == business_unit)
    live = connection.execute(query).scalar_one_or_none() or {}
    return Voice(live.get("company_name", ""), live.get("email", ""))
