"""``slotsvc backup`` and ``slotsvc restore`` as an operator calls them."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pysqlite3 import dbapi2

from slotsvc.cli.main import main
from slotsvc.portal.tables.migrate import upgrade as upgrade_portal
from slotsvc.store.engine import sqlite_url
from slotsvc.store.file_lock import FileLock
from slotsvc.store.migrate import newest, upgrade


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, args)])


def error_of(*args: str | Path) -> tuple[int, str, str]:
    """Exit code, reason and message of a command that must fail."""
    ended = call(*args, "--json")
    error = json.loads(ended.stdout)["error"]
    return ended.exit_code, error["reason"], error["message"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with both databases and all keys."""
    data = tmp_path / "data"
    upgrade(sqlite_url(data / "slotsvc.db"))
    upgrade_portal(data / "portal.db")
    for name in ("keys.json", "portal-keys.json", "portal-service-keys.json"):
        (data / name).touch(0o600)
        (data / name).write_text(f'"{name}"')
    return data


@pytest.fixture
def archive(data: Path, tmp_path: Path) -> Path:
    target = tmp_path / "copy.tar.gz"
    told = call("backup", target, "--data-dir", data)
    assert told.exit_code == 0, told.output
    assert "portal-keys.json elsewhere" in told.stdout
    return target


def test_a_backup_holds_no_keys_unless_asked(data: Path, archive: Path, tmp_path: Path) -> None:
    """Both together open every client's pages."""
    with_keys = tmp_path / "with.tar.gz"
    asked = json.loads(
        call("backup", with_keys, "--data-dir", data, "--with-keys", "--json").stdout
    )
    plain = json.loads(
        call("backup", tmp_path / "plain.tar.gz", "--data-dir", data, "--json").stdout
    )

    assert set(plain["files"]) == {"slotsvc.db", "portal.db"}
    assert set(asked["files"]) - set(plain["files"]) == {
        "keys.json", "portal-keys.json", "portal-service-keys.json"
    }  # fmt: skip
    assert (plain["revision"], plain["epoch"]) == (newest(), 0)
    assert stat.S_IMODE(with_keys.stat().st_mode) == 0o600


def test_it_leaves_nothing_but_the_backup(archive: Path) -> None:
    """No directory in the making, no half file."""
    assert sorted(p.name for p in archive.parent.iterdir()) == ["copy.tar.gz", "data"]


def test_a_backup_is_not_overwritten(data: Path, archive: Path) -> None:
    """Exit code 1, one sentence."""
    code, reason, message = error_of("backup", archive, "--data-dir", data)
    assert (code, reason) == (1, "BACKUP")
    assert "exists already" in message


def test_nothing_to_copy_is_told(tmp_path: Path) -> None:
    """An empty directory stays empty."""
    code, _, message = error_of("backup", tmp_path / "x.tar.gz", "--data-dir", tmp_path / "none")
    assert (code, "there is no database" in message.lower()) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_restored_into_an_empty_directory(archive: Path, tmp_path: Path) -> None:
    """Both databases for their owner only; what keys are missing is said."""
    other = tmp_path / "other"
    told = json.loads(call("restore", archive, "--data-dir", other, "--json").stdout)

    assert told["epoch"] > 0
    assert [Path(p).name for p in told["missing_keys"]] == ["keys.json", "portal-keys.json"]
    for name in ("slotsvc.db", "portal.db"):
        assert stat.S_IMODE((other / name).stat().st_mode) == 0o600
    assert not [p.name for p in other.iterdir() if p.name.endswith(("-wal", "-shm"))]
    assert call("verify", "--data-dir", other).exit_code == 0


def test_what_is_there_is_not_replaced_by_accident(data: Path, archive: Path) -> None:
    """Refused without --force; with it, what was there is moved aside."""
    code, reason, _ = error_of("restore", archive, "--data-dir", data)
    assert (code, reason) == (1, "OCCUPIED")
    kept = (data / "portal-keys.json").read_text()

    told = json.loads(call("restore", archive, "--data-dir", data, "--force", "--json").stdout)

    aside = Path(told["replaced"])
    assert {p.name for p in aside.iterdir()} >= {"slotsvc.db", "portal.db"}
    assert (data / "portal-keys.json").read_text() == kept
    assert told["missing_keys"] == []


def test_the_log_of_a_killed_service_is_not_played_into_the_restored_file(
    data: Path, archive: Path
) -> None:
    """It goes aside with the database that it belongs to, which can still be read there."""
    writer = subprocess.run(
        [sys.executable, "-c", KILLED, str(data / "slotsvc.db")], capture_output=True, check=False
    )
    assert writer.returncode == -9
    assert (data / "slotsvc.db-wal").stat().st_size > 0

    told = json.loads(call("restore", archive, "--data-dir", data, "--force", "--json").stdout)

    assert notes_of(data / "slotsvc.db") == []
    assert notes_of(Path(told["replaced"]) / "slotsvc.db") == ["lost"]
    assert call("verify", "--data-dir", data).exit_code == 0


KILLED = """
import os, sys
from pysqlite3 import dbapi2
connection = dbapi2.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("INSERT INTO meta (name, value) VALUES ('note', 'lost')")
os.kill(os.getpid(), 9)
"""


def notes_of(database: Path) -> list[str]:
    with closing(dbapi2.connect(str(database))) as connection:
        rows = connection.execute("SELECT value FROM meta WHERE name = 'note'").fetchall()
    return [value for (value,) in rows]


@pytest.mark.parametrize("name", ["slotsvc.db", "portal.db"])
def test_nothing_is_restored_under_a_running_service(data: Path, archive: Path, name: str) -> None:
    """Nor under a running portal: exit code 3, and nothing has changed."""
    before = (data / "slotsvc.db").read_bytes()
    with FileLock(data / name):
        code, reason, _ = error_of("restore", archive, "--data-dir", data, "--force")
    assert (code, reason) == (3, "STORE_LOCKED")
    assert (data / "slotsvc.db").read_bytes() == before


def test_a_torn_backup_changes_nothing(data: Path, archive: Path) -> None:
    """It is refused before anything is touched."""
    archive.write_bytes(archive.read_bytes()[:-2000])
    before = {p.name: p.read_bytes() for p in data.iterdir() if p.is_file()}
    code, reason, message = error_of("restore", archive, "--data-dir", data, "--force")
    assert (code, reason) == (1, "BACKUP")
    assert "copy.tar.gz" in message
    after = {p.name: p.read_bytes() for p in data.iterdir() if p.is_file()}
    assert {name: after[name] for name in before} == before


def test_a_place_that_cannot_be_written_changes_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key rings may lie elsewhere, read-only: then neither database is replaced either."""
    with_keys = tmp_path / "with.tar.gz"
    assert call("backup", with_keys, "--data-dir", data, "--with-keys").exit_code == 0
    (tmp_path / "secrets").touch()
    monkeypatch.setenv("SLOTSVC_KEY_RING_PATH", str(tmp_path / "secrets" / "keys.json"))
    before = {file.name: file.read_bytes() for file in data.iterdir()}

    code, reason, message = error_of("restore", with_keys, "--data-dir", data, "--force")

    assert (code, reason) == (1, "BACKUP")
    assert "keys.json could not be written" in message
    locks = {name for name in before if name.endswith(".lock")}
    after = {file.name: file.read_bytes() for file in data.iterdir()}
    assert {k: v for k, v in after.items() if not k.endswith(".lock")} == {
        name: held for name, held in before.items() if name not in locks
    }


def test_a_database_brought_back_otherwise_is_told_so(data: Path) -> None:
    """``--in-place`` begins the epoch, and only that."""
    told = json.loads(call("restore", "--in-place", "--data-dir", data, "--json").stdout)
    assert told["epoch"] > 0
    assert "in epoch" in call("restore", "--in-place", "--data-dir", data).stdout


def test_a_file_or_in_place(data: Path) -> None:
    """Neither is a usage error."""
    assert error_of("restore", "--data-dir", data)[:2] == (2, "USAGE")
