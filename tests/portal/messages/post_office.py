"""An outbox with its tables, and letters to put in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Row, insert, select

from slotsvc.portal.messages.carriers import Carrier
from slotsvc.portal.messages.letters import Channel, Letter
from slotsvc.portal.messages.outbox import Outbox
from slotsvc.portal.messages.worker import PostRound
from slotsvc.portal.options import SmsOptions
from slotsvc.portal.secrets import PortalSecrets
from slotsvc.portal.tables.database import PortalDatabase
from slotsvc.portal.tables.migrate import upgrade
from slotsvc.portal.tables.schema import AUDIT, BUSINESS_UNITS, OUTBOX

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MARIE = "marie@client.example"
NUMBER = "+33612345678"


@dataclass
class PostOffice:
    """One outbox, its tables and the clock it goes by."""

    database: PortalDatabase
    secrets: PortalSecrets
    outbox: Outbox
    path: Path
    moment: list[datetime] = field(default_factory=lambda: [NOW])

    def pass_time(self, **span: float) -> None:
        self.moment[0] += timedelta(**span)

    async def put(self, *letters: Letter) -> None:
        def write(connection: Connection) -> None:
            for letter in letters:
                self.outbox.put(connection, letter)

        await self.database.write(write)
        self.outbox.wake()

    async def rows(self) -> list[Row[tuple[object, ...]]]:
        query = select(OUTBOX).order_by(OUTBOX.c.id)
        return await self.database.read(lambda on: list(on.execute(query).all()))

    async def audited(self, what: str) -> list[dict[str, object]]:
        query = select(AUDIT.c.data).where(AUDIT.c.what == what).order_by(AUDIT.c.id)
        return await self.database.read(lambda on: list(on.execute(query).scalars()))

    async def credits(self) -> int:
        query = select(BUSINESS_UNITS.c.sms_credits)
        return await self.database.read(lambda on: int(on.execute(query).scalar_one()))

    def round(self, channel: Channel, carrier: Carrier) -> PostRound:
        return PostRound(self.database, self.outbox, channel, carrier, rest_seconds=0.01)


@contextmanager
def post_office(
    directory: Path, sms: SmsOptions | None = None, sms_credits: int = 10
) -> Iterator[PostOffice]:
    """A post office for the business unit "monaco", with so many tenths of a credit."""
    upgrade(directory / "portal.db")
    with opened(directory, sms) as office:
        with office.database._writer.begin() as connection:
            connection.execute(
                insert(BUSINESS_UNITS).values(
                    id="monaco",
                    team="tenants/acme/teams/north",
                    locales=["fr", "en"],
                    time_zone="Europe/Monaco",
                    live={"company_name": "Acme Boilers", "email": "hello@acme.example"},
                    sms_credits=sms_credits,
                )
            )
        yield office


@contextmanager
def opened(directory: Path, sms: SmsOptions | None = None) -> Iterator[PostOffice]:
    """The post office whose files are in ``directory``."""
    database = PortalDatabase(directory / "portal.db")
    secrets = PortalSecrets.open_or_create(directory / "keys.json")
    moment = [NOW]
    outbox = Outbox(secrets, lambda: moment[0], sms)
    try:
        yield PostOffice(database, secrets, outbox, directory / "portal.db", moment)
    finally:
        database.close()


def mail(to: str = MARIE, text: str = "Your code is 123456.", **more: object) -> Letter:
    """An e-mail with a code in it."""
    return Letter("monaco", Channel.MAIL, "LOGIN_CODE", to, "Your code", text, **more)  # type: ignore[arg-type]


def sms(to: str = NUMBER, text: str = "Your code is 123456.", **more: object) -> Letter:
    """A text message with a code in it."""
    return Letter("monaco", Channel.SMS, "LOGIN_CODE", to, "", text, **more)  # type: ignore[arg-type]
