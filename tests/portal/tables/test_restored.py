"""The portal's tables after a restore: nothing that was under way is done a second time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from slotsvc.portal.tables.database import engine_on
from slotsvc.portal.tables.migrate import upgrade
from slotsvc.portal.tables.restored import PROBLEM, Settled, settle_restored
from slotsvc.portal.tables.schema import AUDIT, INVITATIONS, OUTBOX, SESSIONS

NOW = datetime(2030, 6, 3, 7, 0, tzinfo=UTC)
AT = int(NOW.timestamp())


def letter(id: int, **columns: object) -> dict[str, object]:
    plain = {
        "id": id, "channel": "MAIL", "kind": "BOOKED", "recipient": "r", "sealed": b"s",
        "created_at": AT - 900, "due_at": AT - 600, "sent_at": None, "failed_at": None,
    }  # fmt: skip
    return plain | columns


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A copy with a due letter, one for tomorrow, and a sent one; a login and an invitation."""
    path = tmp_path / "portal.db"
    upgrade(path)
    engine = engine_on(path, "BEGIN IMMEDIATE", 1)
    session = {
        "id": "s", "kind": "CLIENT", "subject": "c", "level": 2,
        "created_at": AT - 900, "seen_at": AT - 900, "expires_at": AT + 900,
    }  # fmt: skip
    invitation = {
        "token_hash": "t", "kind": "STAFF", "subject": "x", "created_at": AT - 900,
        "expires_at": AT + 900,
    }  # fmt: skip
    letters = [letter(1), letter(2, due_at=AT + 86_400), letter(3, sent_at=AT - 700, sealed=None)]
    with engine.begin() as connection:
        connection.execute(insert(OUTBOX), letters)
        connection.execute(insert(SESSIONS).values(session))
        connection.execute(insert(INVITATIONS).values(invitation))
    engine.dispose()
    return path


def rows(path: Path) -> dict[str, list[object]]:
    engine: Engine = engine_on(path, "BEGIN", 1)
    with engine.begin() as connection:
        found = {t.name: list(connection.execute(select(t))) for t in (OUTBOX, SESSIONS, AUDIT)}
    engine.dispose()
    return found  # type: ignore[return-value]


def test_letters_that_were_due_are_not_sent_again(path: Path) -> None:
    """They may have gone out since the copy was made; those of later times have not, and will."""
    assert settle_restored(path, NOW) == Settled(letters=1, sessions=1, codes=1)

    outbox = {row.id: row for row in rows(path)["outbox"]}  # type: ignore[attr-defined]
    assert (outbox[1].failed_at, outbox[1].problem, outbox[1].sealed) == (AT, PROBLEM, None)
    assert (outbox[2].failed_at, outbox[2].sealed) == (None, b"s")
    assert outbox[3].problem is None


def test_everybody_signs_in_anew_and_it_is_on_record(path: Path) -> None:
    """A login that was ended since would be good again; the audit says who did what."""
    settle_restored(path, NOW)

    found = rows(path)
    assert [row.ended_at for row in found["sessions"]] == [AT]  # type: ignore[attr-defined]
    assert [row.what for row in found["audit"]] == ["RESTORED"]  # type: ignore[attr-defined]
