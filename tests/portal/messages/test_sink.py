"""The sink: letters as files that only their owner reads, in order."""

from __future__ import annotations

import stat
from pathlib import Path

from slotsvc.portal.messages.carriers import Voice
from slotsvc.portal.messages.letters import Attachment, Channel
from slotsvc.portal.messages.sink import Sink, sunk_letters
from tests.portal.messages.post_office import MARIE, NUMBER, mail, sms


async def test_letters_lie_in_order_and_say_everything(tmp_path: Path) -> None:
    """Recipient, subject, text and links can be read back, oldest first, over restarts too."""
    link = "https://visits.acme.example/monaco/l/abc"
    await Sink(tmp_path).send("k1", mail(text=f"Hello,\n\nopen:\n{link}\n"), Voice("Acme"))
    await Sink(tmp_path).send("k2", sms(), Voice())

    first, second = sunk_letters(tmp_path)

    assert (first.channel, first.kind, first.to) == (Channel.MAIL, "LOGIN_CODE", MARIE)
    assert first.subject == "Your code"
    assert first.links == [link]
    assert (second.channel, second.to, second.text) == (Channel.SMS, NUMBER, "Your code is 123456.")
    assert first.path.name == "000001-MAIL-LOGIN_CODE.txt"
    assert second.path.name == "000002-SMS-LOGIN_CODE.txt"


async def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    """Codes lie in these files: mode 0600, in a directory of mode 0700."""
    directory = tmp_path / "letters"
    letter = mail(attachments=(Attachment("../a b.ics", "text/calendar", b"BEGIN"),))
    await Sink(directory).send("k", letter, Voice())

    files = sorted(directory.iterdir())

    assert [path.name for path in files] == [
        "000001-MAIL-LOGIN_CODE-.._a_b.ics",
        "000001-MAIL-LOGIN_CODE.txt",
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
