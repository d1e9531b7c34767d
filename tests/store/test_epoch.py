"""A restore begins an epoch: numbers leap, positions of the lost time lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from slotsvc.domain.errors import InvalidRequestError, LostPositionError
from slotsvc.scheduling.epochs import changes_of, epoch_of, in_epoch
from slotsvc.scheduling.ports import Event
from slotsvc.store.audit import verify_chain
from slotsvc.store.engine import sqlite_url, writer_engine
from slotsvc.store.epoch import begin_epoch, current_epoch, first_revision
from slotsvc.store.events import append_events, events_after, last_position
from slotsvc.store.migrate import upgrade

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FOUNDED = (
    "INSERT INTO tenant (id, display_name, tags, revision, calendar_revision) "
    "VALUES ('acme', 'Acme', '[]', 1, 41)"
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "slotsvc.db"
    upgrade(sqlite_url(path))
    engine = writer_engine(path)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        connection.exec_driver_sql(FOUNDED)
        yield connection


def happen(connection: Connection, times: int) -> list[str]:
    """Events; gives the position behind each."""
    positions = []
    for _ in range(times):
        append_events(connection, "acme", [(Event("TEAM_UPDATED", "north", None, 0), NOW)])
        positions.append(last_position(connection, "acme"))
    return positions


def test_a_store_that_was_never_restored_is_in_epoch_0(connection: Connection) -> None:
    """And new companies begin with etag 1."""
    assert current_epoch(connection) == 0
    assert first_revision(connection) == 1


def test_every_company_is_told_in_its_trail(connection: Connection) -> None:
    """One event and one audit entry; the chain holds."""
    epoch = begin_epoch(connection, NOW)

    (told,) = events_after(connection, "acme", "", 10)
    assert (told.event.kind, told.event.data) == ("STORE_RESTORED", {"epoch": epoch.number})
    checked = verify_chain(connection, "acme")
    assert (checked.entries, checked.broken_at) == (1, None)


def test_positions_of_the_lost_time_are_told_from_those_before_and_after(
    connection: Connection,
) -> None:
    """Whether they lie ahead of the store, or new events have overtaken them, or two restores."""
    kept = happen(connection, 3)
    lost = str(int(kept[-1]) + 2)
    begin_epoch(connection, NOW)
    again = happen(connection, 2)
    lost_again = str(int(again[-1]) + 1)
    begin_epoch(connection, NOW)
    happen(connection, 5)

    for position in (lost, lost_again):
        with pytest.raises(LostPositionError):
            events_after(connection, "acme", position, 10)
    kinds = [one.event.kind for one in events_after(connection, "acme", kept[-1], 100)]
    assert kinds == [
        "STORE_RESTORED",
        *["TEAM_UPDATED"] * 2,
        "STORE_RESTORED",
        *["TEAM_UPDATED"] * 5,
    ]
    assert len(events_after(connection, "acme", "", 100)) == 3 + len(kinds)
    assert events_after(connection, "acme", last_position(connection, "acme"), 10) == []


def test_a_position_nobody_gave_out_is_still_no_position(connection: Connection) -> None:
    """Words are refused as before."""
    with pytest.raises(InvalidRequestError) as refused:
        events_after(connection, "acme", "north", 10)
    assert not isinstance(refused.value, LostPositionError)


def test_epochs_grow_whatever_the_clock_says(connection: Connection) -> None:
    """Later restores have higher numbers, also when the clock was set back, and also than the epoch
    of the store that is replaced."""
    first = begin_epoch(connection, NOW).number
    second = begin_epoch(connection, NOW - timedelta(days=400)).number
    third = begin_epoch(connection, NOW, known=second + 1000).number
    assert first < second < third
    assert third == second + 1001


def test_two_restores_of_one_copy_on_empty_machines_differ(engine: Engine) -> None:
    """Nothing is known of the first restore: a minute later the number is another one."""
    numbers = []
    for minutes in (0, 1):
        with engine.connect() as connection, connection.begin() as undone:
            numbers.append(begin_epoch(connection, NOW + timedelta(minutes=minutes)).number)
            undone.rollback()
    assert numbers[1] > numbers[0] > 0


def test_versions_leap_and_still_count_changes(connection: Connection) -> None:
    """Higher than all that came before; the number of changes stays what it was."""
    connection.exec_driver_sql(
        "INSERT INTO route (tenant, technician, day, shift, version, state, change) "
        "VALUES ('acme', 'ann', '2030-06-04', 0, 7, 'DRAFT', 7)"
    )
    for _ in range(2):
        epoch = begin_epoch(connection, NOW).number
        version = connection.exec_driver_sql("SELECT version FROM route").scalar_one()
        assert (epoch_of(version), changes_of(version)) == (epoch, 7)
        assert version == in_epoch(7, epoch) < 2**53


def test_etags_leap(connection: Connection) -> None:
    """No change after a restore gets an etag of the lost time."""
    epoch = begin_epoch(connection, NOW)
    revision = connection.exec_driver_sql("SELECT calendar_revision FROM tenant").scalar_one()
    assert revision > 41 + 1_000_000
    assert first_revision(connection) > epoch.number
