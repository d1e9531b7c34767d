"""Exit code 3: ``verify`` and ``migrate`` could not begin; nothing is said of the books."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from pysqlite3 import dbapi2
from sqlalchemy import make_url

from slotsvc.cli.main import main
from slotsvc.store.engine import sqlite_url
from slotsvc.store.file_lock import FileLock
from slotsvc.store.migrate import upgrade


def reason_of(command: str, data: Path) -> str:
    """Of a command that must end with 3, also where people read."""
    args = [command, "--data-dir", str(data)]
    ended = CliRunner().invoke(main, [*args, "--json"])
    shown = CliRunner().invoke(main, args)
    assert (ended.exit_code, shown.exit_code) == (3, 3), (ended.output, ended.exception)
    reason: str = json.loads(ended.stdout)["error"]["reason"]
    return reason


def older(database: Path) -> None:
    revision(database, "0001")


def newer(database: Path) -> None:
    revision(database, "0099")


def revision(database: Path, number: str) -> None:
    with closing(dbapi2.connect(str(database))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [number])
        connection.commit()


@pytest.mark.parametrize(
    ("harm", "command", "reason"),
    [
        (older, "verify", "SCHEMA_TOO_OLD"),
        (newer, "verify", "SCHEMA_TOO_NEW"),
        (newer, "migrate", "SCHEMA_TOO_NEW"),
        (Path.unlink, "verify", "STORE_NOT_OPEN"),
    ],
)
def test_other_tables_or_none(
    tmp_path: Path, harm: Callable[[Path], None], command: str, reason: str
) -> None:
    """Another version, or no file at all, is no finding."""
    upgrade(sqlite_url(tmp_path / "slotsvc.db"))
    harm(tmp_path / "slotsvc.db")
    assert reason_of(command, tmp_path) == reason


def test_a_file_in_use_is_not_migrated_now(tmp_path: Path) -> None:
    """As ``serve`` says it."""
    upgrade(sqlite_url(tmp_path / "slotsvc.db"))
    with FileLock(tmp_path / "slotsvc.db"):
        assert reason_of("migrate", tmp_path) == "STORE_LOCKED"


@pytest.mark.parametrize("command", ["verify", "migrate"])
def test_a_postgresql_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Nobody listens: that says nothing of the books either."""
    monkeypatch.setenv("SLOTSVC_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/slotsvc")
    assert reason_of(command, tmp_path) == "STORE_NOT_OPEN"


def test_tables_that_may_not_be_read(
    tmp_path: Path, empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role without the right is no damage; a table that is gone is, with exit code 1."""
    upgrade(empty_postgres_url)
    role = f"stranger_{make_url(empty_postgres_url).database}"
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(f"GRANT SELECT ON alembic_version TO {role}")
        try:
            stranger = make_url(empty_postgres_url).set(username=role)
            monkeypatch.setenv("SLOTSVC_DATABASE_URL", stranger.render_as_string(False))
            assert reason_of("verify", tmp_path) == "STORE_NOT_OPEN"
            connection.execute("DROP TABLE audit CASCADE")
            monkeypatch.setenv("SLOTSVC_DATABASE_URL", empty_postgres_url)
            ended = CliRunner().invoke(main, ["verify", "--data-dir", str(tmp_path), "--json"])
            troubles = json.loads(ended.stdout)["troubles"]
            assert (ended.exit_code, troubles[0]["check"]) == (1, "tables"), troubles
        finally:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")
