"""The outbox: sealed rows, credits and limits in one transaction, nothing kept afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slotsvc.portal.messages.credits import OutOfCreditsError, top_up
from slotsvc.portal.messages.letters import Attachment, Channel, LetterError
from slotsvc.portal.messages.outbox import CountryRefusedError, MonthlyLimitError, NoSmsError
from slotsvc.portal.secrets import PortalSecrets
from tests.portal.messages.post_office import MARIE, NOW, NUMBER, PostOffice, mail, post_office, sms


async def due(office: PostOffice, channel: Channel = Channel.MAIL) -> list[str]:
    found = await office.database.read(lambda on: office.outbox.due(on, channel, 10))
    return [each.letter.text for each in found if each.letter is not None]


async def test_a_copy_of_the_tables_tells_neither_recipient_nor_code(office: PostOffice) -> None:
    """S1: the database's files hold no address, number, code or subject of a waiting letter."""
    await office.put(mail(), sms())

    content = b"".join(path.read_bytes() for path in office.path.parent.glob("portal.db*"))

    for told in (MARIE, NUMBER, NUMBER[3:], "123456", "Your code"):
        assert told.encode() not in content


async def test_what_was_put_comes_out_whole(office: PostOffice) -> None:
    """A letter with everything in it is the same on the other side of the seal."""
    letter = mail(
        html="<p>é</p>",
        attachments=(Attachment("a.ics", "text/calendar; method=PUBLISH", b"\x00\xff"),),
    )
    await office.put(letter)

    (found,) = await office.database.read(lambda on: office.outbox.due(on, Channel.MAIL, 10))

    assert found.letter == letter
    assert len(found.key) == 32


async def test_letters_come_in_the_order_they_are_due(office: PostOffice) -> None:
    """The older one first; one that is due later waits."""
    await office.put(
        mail(text="second"),
        mail(text="first", due_at=NOW - timedelta(minutes=1)),
        mail(text="later", due_at=NOW + timedelta(minutes=1)),
    )

    assert await due(office) == ["first", "second"]
    office.pass_time(minutes=1)
    assert await due(office) == ["first", "second", "later"]


async def test_a_letter_without_the_key_that_sealed_it_is_told_apart(office: PostOffice) -> None:
    """A lost key file stops no later letter: the row is there, its letter is not."""
    await office.put(mail())
    office.outbox._secrets = PortalSecrets([b"x" * 32])

    (found,) = await office.database.read(lambda on: office.outbox.due(on, Channel.MAIL, 10))

    assert found.letter is None


async def test_a_text_message_takes_a_fifth_of_a_credit_and_the_audit_tells(
    office: PostOffice,
) -> None:
    """0.2 credit leaves with the message, in its transaction."""
    await office.put(sms())

    assert await office.credits() == 8
    assert await office.audited("SMS_CREDITS_TAKEN") == [
        {"tenths": -2, "left": 8, "kind": "LOGIN_CODE"}
    ]


async def test_without_credit_nothing_is_written(tmp_path: Path, office: PostOffice) -> None:
    """One tenth is not enough; what else the transaction did is rolled back by its caller."""
    await office.put(*[sms() for _ in range(4)])
    with pytest.raises(MonthlyLimitError):
        await office.put(sms())

    (tmp_path / "poor").mkdir()
    with post_office(tmp_path / "poor", office.outbox._sms, sms_credits=1) as poor:
        with pytest.raises(OutOfCreditsError):
            await poor.put(sms())
        assert await poor.rows() == []
        assert await poor.credits() == 1


async def test_credits_are_topped_up(office: PostOffice) -> None:
    """The balance grows, and the audit says by whose hand."""
    left = await office.database.write(lambda on: top_up(on, "monaco", 50, "cli", NOW))

    assert left == 60
    assert await office.audited("SMS_CREDITS_ADDED") == [{"tenths": 50, "left": 60}]


async def test_the_month_has_a_hard_stop(office: PostOffice) -> None:
    """S7: the fifth message of November is refused, credits or not; December takes messages."""
    for _ in range(4):
        await office.put(sms())

    with pytest.raises(MonthlyLimitError):
        await office.put(sms())
    office.moment[0] = datetime(2026, 12, 1, tzinfo=UTC)
    await office.put(sms())

    assert len(await office.rows()) == 5


@pytest.mark.parametrize(
    "number", ["+12025550123", "+37744123456x", "+4915112345678", "0612345678"]
)
async def test_only_numbers_of_named_countries_are_written_to(
    office: PostOffice, number: str
) -> None:
    """S7: a number of another country, or what is no number in E.164, takes no credit."""
    with pytest.raises(CountryRefusedError):
        await office.put(sms(number))

    assert await office.credits() == 10


async def test_without_a_provider_no_message_is_taken(tmp_path: Path) -> None:
    """Nothing piles up that nobody will send."""
    with post_office(tmp_path) as office:
        assert not office.outbox.takes_sms
        with pytest.raises(NoSmsError):
            await office.put(sms())


@pytest.mark.parametrize("end", ["\n", "\r", "\r\nBcc: thief@example.org", "\0", "\u2028"])
def test_line_ends_do_not_come_into_headers(end: str) -> None:
    """S31: recipient, subject and names of attachments with a line end are refused, not cleaned."""
    with pytest.raises(LetterError, match="to:"):
        mail(MARIE + end)
    with pytest.raises(LetterError, match=r"attachments\.name"):
        Attachment("a" + end, "text/calendar", b"")
    with pytest.raises(LetterError, match=r"attachments\.media_type"):
        Attachment("a", "text/calendar" + end, b"")


def test_a_letter_says_nothing_of_itself_in_a_log() -> None:
    """The ``repr`` of a letter holds neither recipient nor words."""
    assert "marie" not in repr(mail())
    assert "123456" not in repr(sms())


async def test_what_is_too_late_is_forgotten_without_a_carrier(office: PostOffice) -> None:
    """Nobody carries letters: once they are too late, what they say is erased, and an SMS that no
    try can have sent gives its credit back."""
    await office.put(mail(expires_at=NOW + timedelta(minutes=10)), mail(), sms())
    before = await office.credits()

    office.pass_time(minutes=21)
    await office.database.write(office.outbox.sweep)

    first, second, third = await office.rows()
    assert (first.sealed, first.problem) == (None, "EXPIRED")
    assert first.failed_at is not None
    assert second.sealed is not None
    assert third.sealed is not None
    office.pass_time(days=3)
    await office.database.write(office.outbox.sweep)
    assert [row.sealed for row in await office.rows()] == [None, None, None]
    assert await office.credits() == before + 2


async def test_rows_leave_after_a_month(office: PostOffice) -> None:
    """What went or was given up is gone after 32 days; what waits stays."""
    await office.put(mail(), mail(expires_at=NOW + timedelta(days=60)))
    sent, _ = await office.database.read(lambda on: office.outbox.due(on, Channel.MAIL, 10))
    await office.database.write(lambda on: office.outbox.mark_sent(on, sent))

    office.pass_time(days=31)
    await office.database.write(office.outbox.sweep)
    assert len(await office.rows()) == 2
    office.pass_time(days=2)
    await office.database.write(office.outbox.sweep)
    (left,) = await office.rows()
    assert left.sealed is not None
