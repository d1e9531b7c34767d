"""The judgement of the books finds damage that was done behind the service's back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from benchmarks.company import Company
from benchmarks.history import Change, History
from benchmarks.torture.aftermath import Expected, check_books
from tests.e2e.days import TOMORROW
from tests.service_fixtures import booked, offered, running_service, settings_for


@pytest.fixture
async def books(tmp_path: Path) -> tuple[Path, Expected]:
    """Two visits of two hours each, on one day, and what their clients were told."""
    settings = settings_for(tmp_path)
    answers, references = [], {}
    async with running_service(settings) as service:
        company = await Company(service.calls, "acme").found()
        await company.technician("ann")
        await company.activity("service", minutes=110)
        for number in range(2):
            slot = (await offered(service.calls, company.search(on=TOMORROW)))[0]
            visit = await booked(service.calls, slot, external_ref=f"order-{number}")
            id = visit.name.rpartition("/")[2]
            answers.append(Change(0, "VISIT_BOOKED", id, 2.0 * number, 2.0 * number + 1))
            references[f"order-{number}"] = True
    return settings.database_file, Expected("acme", "crew", references, History(answers))


async def test_untouched_books_are_right(books: tuple[Path, Expected]) -> None:
    """Nothing is found."""
    assert await check_books(*books) == []


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            "UPDATE placement SET promise_start = (SELECT MIN(promise_start) FROM placement), "
            "promise_end = (SELECT MIN(promise_end) FROM placement)",
            "LATE",
        ),
        ("DELETE FROM event WHERE position = (SELECT MAX(position) FROM event)", "version"),
        ("UPDATE route SET version = version + 1", "stands at version"),
        ("UPDATE visit SET external_ref = 'order-0'", "order-0: booked 2 times"),
        ("UPDATE placement SET state = 'CANCELLED' WHERE position = 1", "booked 0 times"),
        ("UPDATE audit SET entry = replace(entry, 'BOOKED', 'BOOKEE') WHERE sequence = 5",
         "audit chain"),
    ],
)  # fmt: skip
async def test_damage_is_found(books: tuple[Path, Expected], damage: str, found: str) -> None:
    """An overlap, a lost event, a lost booking, a doubled one, a forged audit entry."""
    database, expected = books
    with sqlite3.connect(database) as connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(damage)
    connection.close()
    assert found in "; ".join(await check_books(database, expected))
