"""How SQLite is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from slotsvc.store.engine import (
    path_of,
    reader_engine,
    require_fixed_library,
    sqlite_url,
    writer_engine,
)
from slotsvc.store.errors import LibraryTooOldError


def pragmas(engine) -> dict[str, object]:
    names = ("journal_mode", "synchronous", "foreign_keys", "query_only")
    with engine.connect() as connection:
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}


def test_connections_are_durable_and_strict(tmp_path: Path) -> None:
    """WAL, synchronous=FULL and foreign keys on every connection; readers cannot write."""
    writer = writer_engine(tmp_path / "t.db")
    durable = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert pragmas(writer) == durable | {"query_only": 0}

    reader = reader_engine(tmp_path / "t.db", 1)
    assert pragmas(reader) == durable | {"query_only": 1}
    with reader.connect() as connection, pytest.raises(DBAPIError, match="readonly"):
        connection.exec_driver_sql("CREATE TABLE t (x)")

    reader.dispose()
    writer.dispose()


def test_a_writer_takes_the_lock_when_it_begins(tmp_path: Path) -> None:
    """Of two writers the second is refused at its BEGIN, not at some later statement."""
    first, second = (writer_engine(tmp_path / "t.db") for _ in range(2))
    with first.begin(), pytest.raises(DBAPIError, match="locked"), second.begin():
        pass
    first.dispose()
    second.dispose()


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 2)])
def test_a_library_that_loses_commits_is_refused(version: tuple[int, ...]) -> None:
    """A SQLite with the WAL-reset bug is named, with the version that is needed."""
    with pytest.raises(LibraryTooOldError, match=r"3\.51\.3"):
        require_fixed_library(version)


def test_a_fixed_library_is_taken() -> None:
    """The first version with the fix is good enough."""
    require_fixed_library((3, 51, 3))


def test_a_path_survives_its_address(tmp_path: Path) -> None:
    """Blanks, question marks and percent signs in a path do not change which file is meant."""
    path = tmp_path / "a b?c%20d" / "t.db"

    assert path_of(sqlite_url(path)) == path


def test_errors_do_not_carry_values(tmp_path: Path) -> None:
    """What is written to the log of a failed statement contains no personal data."""
    engine = writer_engine(tmp_path / "t.db")
    with engine.connect() as connection, pytest.raises(DBAPIError) as failed:
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (?)", ("secret",))
    engine.dispose()

    assert "secret" not in str(failed.value)
