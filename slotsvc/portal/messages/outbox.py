"""The outbox: letters are written in the transaction that causes them, and sent afterwards.

Rows hold the letter sealed, so that a copy of the tables opens no link and shows no code (S1), and
forget it once it is sent or given up. A crash between sending and marking sends again: at least
once, under one Message-ID or idempotency key.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from slotsvc.portal.clock import Clock
from slotsvc.portal.messages.credits import SmsRefusedError, give_back, take_for_sms
from slotsvc.portal.messages.letters import Channel, Letter, LetterError, packed, unpacked
from slotsvc.portal.messages.numbers import country_of
from slotsvc.portal.options import PortalOptions, SmsOptions
from slotsvc.portal.secrets import PortalSecrets, SecretsError
from slotsvc.portal.tables.schema import OUTBOX

KEPT_AT_MOST = timedelta(days=2)
KEPT_AFTERWARDS = timedelta(days=32)  # the month's count of text messages looks back 31 days
_UNDER_WAY = timedelta(minutes=10)  # a carrier may have it in hand when its time ends
_PROBLEM_LENGTH = 200
_KEY_LENGTH = 32


class CountryRefusedError(SmsRefusedError):
    """The number is of a country that is not written to."""


class MonthlyLimitError(SmsRefusedError):
    """So many text messages this month that none is taken any more (S7)."""


class NoSmsError(SmsRefusedError):
    """No SMS provider is set up."""


@dataclass(frozen=True, slots=True)
class DueLetter:
    """A letter to be sent now. ``key``: the same at every try, of no meaning to anybody.
    ``tries``: those that failed. ``expired``: it is too late for it. ``letter`` None: the key that
    sealed it is gone.
    """

    id: int
    business_unit: str | None
    channel: Channel
    kind: str
    key: str
    tries: int
    expired: bool
    letter: Letter | None


class Outbox:
    """Takes letters in a caller's transaction, and hands them to the worker.

    ``sms`` None: there is no way to send text messages, and none are taken.
    """

    def __init__(self, secrets: PortalSecrets, clock: Clock, sms: SmsOptions | None) -> None:
        self._secrets = secrets
        self._clock = clock
        self._sms = sms
        self._awake = asyncio.Event()

    @classmethod
    def of(cls, options: PortalOptions, secrets: PortalSecrets, clock: Clock) -> Outbox:
        """The outbox of one portal. A sink takes text messages without a provider, too."""
        sms = options.sms or (SmsOptions(url="") if options.sink else None)
        return cls(secrets, clock, sms)

    @property
    def takes_sms(self) -> bool:
        """Whether text messages can be sent at all."""
        return self._sms is not None

    def put(self, connection: Connection, letter: Letter) -> None:
        """Writes the letter in the running transaction. Call ``wake`` once that is committed.

        Raises ``SmsRefusedError`` (``OutOfCreditsError``, ``CountryRefusedError``,
        ``MonthlyLimitError``, ``NoSmsError``): then nothing was written and no credit taken.
        """
        now = self._clock()
        if letter.channel is Channel.SMS:
            self._pay(connection, letter, now)
        due = letter.due_at or now
        row = {
            "business_unit": letter.business_unit,
            "channel": letter.channel.value,
            "kind": letter.kind,
            "recipient": self._secrets.mac("outbox:recipient", letter.to),
            "sealed": self._secrets.seal("outbox", packed(letter)),
            "created_at": _seconds(now),
            "due_at": _seconds(due),
            "expires_at": _seconds(letter.expires_at or due + KEPT_AT_MOST),
        }
        connection.execute(insert(OUTBOX).values(row))

    def wake(self) -> None:
        """Tells the worker that there is something to send. From the event loop only."""
        self._awake.set()

    async def awakened(self, seconds: float) -> None:
        """Waits until somebody wakes the worker, at most so many seconds."""
        try:
            await asyncio.wait_for(self._awake.wait(), seconds)
        except TimeoutError:
            return
        self._awake.clear()

    def due(self, connection: Connection, channel: Channel, most: int) -> list[DueLetter]:
        """What has to be sent now, oldest first."""
        now = _seconds(self._clock())
        query = (
            select(OUTBOX)
            .where(OUTBOX.c.sent_at.is_(None), OUTBOX.c.failed_at.is_(None))
            .where(OUTBOX.c.channel == channel.value, OUTBOX.c.due_at <= now)
            .order_by(OUTBOX.c.due_at, OUTBOX.c.id)
            .limit(most)
        )
        return [self._due_letter(row, now) for row in connection.execute(query)]

    def mark_sent(self, connection: Connection, sent: DueLetter) -> None:
        """It went out; what it said is forgotten."""
        at = _seconds(self._clock())
        _set(connection, sent.id, sent_at=at, sealed=None, problem=None)

    def mark_failed(
        self, connection: Connection, failed: DueLetter, problem: str, retry: timedelta | None
    ) -> None:
        """A try failed; it is due again after ``retry``, or given up: then what it said is
        forgotten, and an SMS that no try can have sent gives its credit back."""
        told = problem[:_PROBLEM_LENGTH]
        if retry is None:
            _give_up(connection, failed, told, self._clock())
            return
        again = _seconds(self._clock() + retry)
        _set(connection, failed.id, tries=failed.tries + 1, due_at=again, problem=told)

    def sweep(self, connection: Connection) -> None:
        """Gives up what is too late to be sent, even while its carrier is away: what it said is
        forgotten. Takes out what went or was given up weeks ago."""
        now = self._clock()
        too_late = select(OUTBOX).where(
            OUTBOX.c.sent_at.is_(None),
            OUTBOX.c.failed_at.is_(None),
            OUTBOX.c.expires_at < _seconds(now - _UNDER_WAY),
        )
        for row in connection.execute(too_late).all():
            _give_up(connection, row, "EXPIRED", now)
        oldest = _seconds(now - KEPT_AFTERWARDS)
        ended = func.coalesce(OUTBOX.c.sent_at, OUTBOX.c.failed_at)
        connection.execute(delete(OUTBOX).where(ended < oldest, OUTBOX.c.created_at < oldest))

    def _due_letter(self, row: Any, now: int) -> DueLetter:
        try:
            letter = unpacked(row, self._secrets.opened("outbox", row.sealed))
        except SecretsError:
            letter = None
        return DueLetter(
            row.id,
            row.business_unit,
            Channel(row.channel),
            row.kind,
            self._secrets.derived_token("outbox:key", f"{row.id}:{row.created_at}")[:_KEY_LENGTH],
            row.tries,
            row.expires_at <= now,
            letter,
        )

    def _pay(self, connection: Connection, letter: Letter, now: datetime) -> None:
        if letter.business_unit is None:
            raise LetterError("business_unit: an SMS needs one, whose credits it takes")
        if self._sms is None:
            raise NoSmsError("no SMS provider is set up")
        if country_of(letter.to) not in self._sms.countries:
            raise CountryRefusedError("numbers of this country are not written to")
        if _sms_of_month(connection, now) >= self._sms.monthly_limit:
            raise MonthlyLimitError("the month's limit of text messages is reached")
        take_for_sms(connection, letter.business_unit, letter.kind, now)


def _sms_of_month(connection: Connection, now: datetime) -> int:
    """Text messages taken since the first of the month (UTC), whatever became of them."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    query = select(func.count()).where(
        OUTBOX.c.channel == Channel.SMS.value, OUTBOX.c.created_at >= _seconds(first)
    )
    return int(connection.execute(query).scalar_one())


def _give_up(connection: Connection, letter: Any, problem: str, now: datetime) -> None:
    """``letter``: a ``DueLetter``, or its row."""
    _set(connection, letter.id, failed_at=_seconds(now), sealed=None, problem=problem)
    if letter.channel == Channel.SMS and letter.business_unit and not letter.tries:
        give_back(connection, letter.business_unit, letter.kind, now)


def _set(connection: Connection, id: int, **values: object) -> None:
    connection.execute(update(OUTBOX).where(OUTBOX.c.id == id).values(values))


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
