"""What an operator is told of a SQLite file that is damaged, or that cannot be looked at."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pysqlite3 import dbapi2

from slotsvc.cli.checks import portal_check
from slotsvc.cli.main import main
from slotsvc.portal.tables.migrate import upgrade as upgrade_portal
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade

PAGE = 4096


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with empty tables."""
    upgrade(sqlite_url(tmp_path / "data" / "slotsvc.db"))
    return tmp_path / "data"


def told(*args: str | Path, code: int) -> dict[str, Any]:
    """The one JSON object that a command prints."""
    ended = CliRunner().invoke(main, [*map(str, args), "--json"])
    assert ended.exit_code == code, (ended.output, ended.exception)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def overwrite(database: Path, table: str) -> None:
    """The first page of a table, as a broken disk does."""
    with closing(dbapi2.connect(str(database))) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", [table]
        ).fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xff" * PAGE)


TABLES = ("alembic_version", "tenant", "team", "technician", "event", "audit", "visit",
          "placement", "route", "epoch")  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_a_damaged_page_is_a_finding(data: Path, table: str) -> None:
    """Of whatever table it is: exit code 1, with what SQLite's own check says."""
    overwrite(data / "slotsvc.db", table)

    found = told("verify", "--data-dir", data, code=1)

    assert not found["ok"]
    assert ("pages", "slotsvc.db") in {(t["check"], t["where"]) for t in found["troubles"]}
    shown = CliRunner().invoke(main, ["verify", "--data-dir", str(data)])
    assert "WRONG  pages: slotsvc.db: " in shown.stdout


def test_a_missing_table_is_a_finding(data: Path) -> None:
    """Its pages fit together; what was in them is gone."""
    with closing(dbapi2.connect(str(data / "slotsvc.db"))) as connection:
        connection.execute("DROP TABLE audit")
        connection.commit()

    troubles = told("verify", "--data-dir", data, code=1)["troubles"]

    assert any(t["check"] == "tables" and "audit" in t["what"] for t in troubles)


def malformed(database: Path) -> None:
    with closing(dbapi2.connect(str(database))) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET sql = 'nonsense' WHERE name = 'audit'")
        connection.commit()


def no_database(database: Path) -> None:
    database.write_bytes(b"not a database " * PAGE)


@pytest.mark.parametrize("harm", [malformed, no_database])
@pytest.mark.parametrize("command", ["serve", "migrate", "restore"])
def test_a_damaged_file_is_one_sentence(data: Path, harm: Any, command: str) -> None:
    """It names the file, what SQLite says, and what to do."""
    harm(data / "slotsvc.db")
    args = {"serve": ["--address", "127.0.0.1:0", "--http", "off"], "restore": ["--in-place"]}

    ended = CliRunner().invoke(
        main, [command, *args.get(command, []), "--data-dir", str(data), "--json"]
    )

    error = json.loads(ended.stdout)["error"]
    assert (ended.exit_code, error["reason"]) == (3, "STORE_DAMAGED")
    assert "database slotsvc.db is damaged (" in error["message"]
    assert "restore a backup" in error["message"]


def test_a_file_that_cannot_be_opened_is_not_called_damaged(data: Path) -> None:
    """Such as in a directory that cannot be written: exit code 3, nothing was looked at."""
    (data / "slotsvc.db-wal").mkdir()

    error = told("verify", "--data-dir", data, code=3)["error"]

    assert error["reason"] == "STORE_NOT_OPEN"
    assert "cannot be opened" in error["message"]


def test_a_directory_that_cannot_be_written_is_named(data: Path, tmp_path: Path) -> None:
    """By ``restore``, in a sentence without numbers of errors."""
    copy, there = tmp_path / "copy.tar.gz", tmp_path / "file" / "data"
    told("backup", copy, "--data-dir", data, code=0)
    there.parent.touch()

    error = told("restore", copy, "--data-dir", there, code=1)["error"]

    assert f"{there} could not be written" in error["message"]
    assert "Errno" not in error["message"]


def test_a_damaged_database_of_the_portal_is_one_sentence(data: Path) -> None:
    """For commands on it, for ``doctor``, and for ``verify``, which looks at the service's all the
    same."""
    no_database(data / "portal.db")

    message = told("portal", "units", "--data-dir", data, code=3)["error"]["message"]
    assert "portal.db cannot be used (file is not a database)" in message
    assert portal_check(data / "portal.db", data / "portal-keys.json").state == "fail"
    found = told("verify", "--data-dir", data, code=1)
    assert [t["where"] for t in found["troubles"]] == ["portal.db"]


def test_a_backup_with_tables_of_a_newer_portal_is_refused(data: Path, tmp_path: Path) -> None:
    """Nothing is changed by it."""
    upgrade_portal(data / "portal.db")
    with closing(dbapi2.connect(str(data / "portal.db"))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
        connection.commit()
    told("backup", tmp_path / "copy.tar.gz", "--data-dir", data, code=0)

    error = told("restore", tmp_path / "copy.tar.gz", "--data-dir", tmp_path / "new", code=1)[
        "error"
    ]

    assert "0099" in error["message"]
    assert not (tmp_path / "new" / "slotsvc.db").exists()
