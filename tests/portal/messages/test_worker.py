"""The worker: order, retries, giving up, crashes, and carriers that are away."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from sqlalchemy.exc import OperationalError

from slotsvc.portal.messages.carriers import (
    CarrierError,
    DelayedError,
    UndeliverableError,
    UnreachableError,
    Voice,
)
from slotsvc.portal.messages.letters import Channel, Letter
from slotsvc.portal.messages.mail import MailCarrier
from slotsvc.portal.messages.sink import Sink, sunk_letters
from slotsvc.portal.messages.worker import run
from slotsvc.portal.options import MailOptions, PortalOptions, ServiceOptions, SmsOptions
from tests.portal.mail_server import mail_server
from tests.portal.messages.post_office import NOW, PostOffice, mail, opened, post_office, sms
from tests.portal.sms_server import sms_server

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Bag:
    """A carrier that keeps what it is given; ``failures`` come first, one for each try."""

    failures: list[CarrierError | Exception] = field(default_factory=list)
    sent: list[tuple[str, Letter, Voice]] = field(default_factory=list)
    rests: int = 0

    async def send(self, key: str, letter: Letter, voice: Voice) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((key, letter, voice))

    async def rest(self) -> None:
        self.rests += 1

    @property
    def texts(self) -> list[str]:
        return [letter.text for _, letter, _ in self.sent]


async def test_what_was_sent_is_forgotten(office: PostOffice) -> None:
    """After sending, the row keeps kind, times and the recipient's mark, and no letter."""
    bag = Bag()
    await office.put(mail(text="one"), mail(text="two"))

    assert await office.round(Channel.MAIL, bag).empty() == 2

    assert bag.texts == ["one", "two"]
    assert bag.sent[0][2] == Voice("Acme Boilers", "hello@acme.example")
    first, second = await office.rows()
    assert first.sealed is None
    assert first.sent_at == NOW.timestamp()
    assert first.recipient == second.recipient != ""
    assert bag.rests == 1


async def test_a_letter_outlives_tables_that_fail(office: PostOffice) -> None:
    """What goes wrong on our side is no fault of the letter: it waits and goes later."""
    bag = Bag()
    await office.put(mail(text="one"))
    away = "ALTER TABLE business_units RENAME TO away"
    await office.database.write(lambda on: on.exec_driver_sql(away))
    with pytest.raises(OperationalError):
        await office.round(Channel.MAIL, bag).empty()
    back = "ALTER TABLE away RENAME TO business_units"
    await office.database.write(lambda on: on.exec_driver_sql(back))

    assert await office.round(Channel.MAIL, bag).empty() == 1


async def test_a_failing_letter_is_tried_five_times_with_growing_pauses(office: PostOffice) -> None:
    """10 s, 30 s, 2 min, 10 min later; then it is given up and forgotten, and says why."""
    bag = Bag([DelayedError("451")] * 5)
    round = office.round(Channel.MAIL, bag)
    await office.put(mail())
    pauses = []

    for _ in range(5):
        await round.empty()
        (row,) = await office.rows()
        pauses.append(row.due_at - office.moment[0].timestamp())
        office.pass_time(minutes=10)

    assert pauses[:4] == [10, 30, 120, 600]
    assert (row.sealed, row.problem, row.sent_at) == (None, "451", None)
    assert row.failed_at is not None
    assert not bag.failures
    assert await round.empty() == 0


async def test_a_refused_letter_does_not_stop_those_behind_it(office: PostOffice) -> None:
    """Refused: given up at once. A letter that breaks the carrier's code: likewise."""
    bag = Bag([UndeliverableError("550"), ValueError("bad")])
    await office.put(mail(text="refused"), mail(text="broken"), mail(text="good"))

    await office.round(Channel.MAIL, bag).empty()

    assert bag.texts == ["good"]
    assert [row.problem for row in await office.rows()] == ["550", "ValueError", None]


async def test_a_carrier_that_is_away_costs_no_try(office: PostOffice) -> None:
    """Letters wait, however long it takes, and go out once it is back."""
    bag = Bag([UnreachableError("ConnectError")] * 8)
    round = office.round(Channel.MAIL, bag)
    await office.put(mail())

    for _ in range(8):
        with pytest.raises(UnreachableError):
            await round.empty()
    await round.empty()

    assert len(bag.sent) == 1
    assert (await office.rows())[0].tries == 0


async def test_what_is_too_late_is_not_sent(office: PostOffice) -> None:
    """A code that expired is given up; an SMS that was never tried gives its credit back."""
    bag = Bag()
    expires_at = NOW + timedelta(minutes=10)
    await office.put(mail(expires_at=expires_at), sms(expires_at=expires_at))
    office.pass_time(minutes=10)

    await office.round(Channel.MAIL, bag).empty()
    await office.round(Channel.SMS, bag).empty()

    assert bag.sent == []
    assert [row.problem for row in await office.rows()] == ["EXPIRED", "EXPIRED"]
    assert await office.credits() == 10
    assert await office.audited("SMS_CREDITS_BACK") == [
        {"tenths": 2, "left": 10, "kind": "LOGIN_CODE"}
    ]


async def test_an_sms_that_may_have_gone_keeps_its_price(office: PostOffice) -> None:
    """After a try of unknown outcome the provider may have sent and charged it."""
    await office.put(sms())
    round = office.round(Channel.SMS, Bag([DelayedError("ReadTimeout"), UndeliverableError("400")]))

    await round.empty()
    office.pass_time(minutes=1)
    await round.empty()

    assert (await office.rows())[0].failed_at is not None
    assert await office.credits() == 8


async def test_a_killed_worker_sends_again_under_the_same_message_id(
    tmp_path: Path, office: PostOffice
) -> None:
    """At least once: a process is killed between sending and marking, the next one sends again."""
    await office.put(mail())
    async with mail_server() as server:
        words = ["-m", "tests.portal.messages.dying_worker", str(tmp_path), str(server.port)]
        killed = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT)
        assert await killed.wait() == -signal.SIGKILL
        options = MailOptions(f"smtp://127.0.0.1:{server.port}", "visits@acme.example")
        with opened(tmp_path) as next_one:
            sent = await next_one.round(Channel.MAIL, MailCarrier(options, lambda: NOW)).empty()

    assert sent == 1
    first, second = server.letters
    assert first["Message-ID"] == second["Message-ID"]
    assert (await office.rows())[0].sent_at is not None


async def test_waking_sends_at_once_and_errors_do_not_end_the_rounds(
    office: PostOffice, tmp_path: Path
) -> None:
    """The running worker rests when its carrier is away, then delivers; logs tell no recipient."""

    class Shaky(Bag):
        async def send(self, key: str, letter: Letter, voice: Voice) -> None:
            await super().send(key, letter, voice)
            arrived.set()

    arrived = asyncio.Event()
    shaky = Shaky([UnreachableError("ConnectError"), UndeliverableError("550")])
    with structlog.testing.capture_logs() as lines:
        running = asyncio.create_task(office.round(Channel.MAIL, shaky).run())
        await office.put(mail(text="lost"), mail(text="good"))
        await asyncio.wait_for(arrived.wait(), 5)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert shaky.texts == ["good"]
    assert {"letters_wait", "letter_given_up"} <= {line["event"] for line in lines}
    assert "marie" not in str(lines)
    assert "lost" not in str(lines)


async def test_the_running_portal_sends_by_both_ways(tmp_path: Path) -> None:
    """``run`` takes the options' carriers: mail by SMTP, SMS by HTTP, neither waiting for the
    other: the provider of text messages dawdles until the e-mail is there."""
    async with mail_server() as server:
        with sms_server() as provider, post_office(tmp_path, SmsOptions(provider.url)) as office:
            provider.hold.clear()
            options = PortalOptions(
                address="127.0.0.1:0",
                tenant="tenants/acme",
                database=office.path,
                key_ring=tmp_path / "keys.json",
                service=ServiceOptions("127.0.0.1:1"),
                mail=MailOptions(f"smtp://127.0.0.1:{server.port}", "visits@acme.example"),
                sms=SmsOptions(provider.url),
            )
            portal: Any = SimpleNamespace(
                options=options,
                database=office.database,
                outbox=office.outbox,
                clock=lambda: office.moment[0],
            )
            await office.put(sms(), mail())
            running = asyncio.create_task(run(portal))
            try:
                await until(lambda: len(server.letters) == 1 and len(provider.posts) == 1)
                provider.hold.set()
                await until_sent(office)
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running


async def test_a_sink_takes_the_place_of_both(tmp_path: Path, office: PostOffice) -> None:
    """E-mails and text messages lie in one directory, in one order."""
    sink = Sink(tmp_path / "sink")
    await office.put(sms(), mail())

    await office.round(Channel.SMS, sink).empty()
    await office.round(Channel.MAIL, sink).empty()

    letters = sunk_letters(tmp_path / "sink")
    assert [letter.channel for letter in letters] == [Channel.SMS, Channel.MAIL]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


async def until_sent(office: PostOffice) -> None:
    async with asyncio.timeout(5):
        while not all(row.sent_at for row in await office.rows()):
            await asyncio.sleep(0.01)
