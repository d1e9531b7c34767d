"""``slotsvc verify`` finds damage that was done behind the service's back (F35, I8, I11, I16)."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from slotsvc.cli.main import main
from slotsvc.config import Settings
from tests.chaos.drills import book_one, company_of, copied
from tests.service_fixtures import running_service, settings_for


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three visits of two technicians on one day; a backup of them beside the data."""
    home = tmp_path_factory.mktemp("kept")
    asyncio.run(book_three(settings_for(home / "data")))
    copied(settings_for(home / "data"), home / "copy.tar.gz")
    return home


async def book_three(settings: Settings) -> None:
    async with running_service(settings) as service:
        company = await company_of(service)
        for number in range(3):
            await book_one(service, company, f"order-{number}")


@pytest.fixture
def data(kept: Path, tmp_path: Path) -> Path:
    """A data directory of the test's own."""
    return Path(shutil.copytree(kept / "data", tmp_path / "data"))


def verify(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["verify", *map(str, args)])


def damage(data: Path, statement: str) -> None:
    """Done by somebody who knows SQL, and no trigger stands in the way."""
    with sqlite3.connect(data / "slotsvc.db") as connection:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (trigger,) in connection.execute(triggers).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        assert connection.execute(statement).rowcount
    connection.close()


def test_right_books_are_right(data: Path) -> None:
    """A summary, exit code 0, and with --json the counts."""
    told = verify("--data-dir", data)
    assert told.exit_code == 0, told.output
    assert "Nothing is wrong." in told.stdout
    found = json.loads(verify("--data-dir", data, "--json").stdout)
    assert (found["ok"], found["tenants"], found["troubles"]) == (True, 1, [])
    assert found["events"] == found["audit_entries"] > 3
    assert found["judged"]["routes"] > 0


LAST = "position = (SELECT MAX(position) FROM event)"


@pytest.mark.parametrize(
    ("statement", "check", "where"),
    [
        ("UPDATE audit SET entry = replace(entry, 'BOOKED', 'BOOKEE') WHERE sequence = 6",
         "audit chain", "acme, entry 6"),
        ("UPDATE audit SET entry = replace(entry, '{', 'x') WHERE sequence = 3",
         "audit chain", "acme, entry 3"),
        ("DELETE FROM audit WHERE sequence = 2", "audit chain", "acme, entry 2"),
        (f"DELETE FROM event WHERE {LAST}", "routes", "acme, route of tech-"),
        (f"UPDATE event SET kind = 'VISIT_MOVED' WHERE {LAST}", "events", "acme, event "),
        ("UPDATE route SET version = version + 1", "routes", "acme, route of tech-"),
        ("UPDATE placement SET state = 'CANCELLED' WHERE position = 0",
         "routes", "acme, route of tech-"),
        ("UPDATE placement SET promise_start = (SELECT MIN(promise_start) FROM placement), "
         "promise_end = (SELECT MIN(promise_start) + 900 FROM placement), "
         "start_from = (SELECT MIN(start_from) FROM placement), "
         "start_until = (SELECT MIN(start_from) + 900 FROM placement)",
         "routes", "acme, route of tech-"),
        ("UPDATE technician SET team = 'nowhere'", "pages", "slotsvc.db"),
        ("UPDATE audit SET entry = CAST(x'ff00' AS TEXT) WHERE sequence = 4",
         "audit chain", "acme"),
    ],
)  # fmt: skip
def test_damage_is_found_and_named(data: Path, statement: str, check: str, where: str) -> None:
    """Exit code 1, with what is wrong and where."""
    damage(data, statement)
    told = verify("--data-dir", data, "--json")
    assert told.exit_code == 1, told.output
    troubles = json.loads(told.stdout)["troubles"]
    assert any(t["check"] == check and t["where"].startswith(where) for t in troubles), troubles
    assert "WRONG" in verify("--data-dir", data).stdout


def test_any_byte_of_the_trail_is_noticed(data: Path) -> None:
    """One bit of one entry, wherever it is."""
    with sqlite3.connect(data / "slotsvc.db") as connection:
        (entry,) = connection.execute("SELECT entry FROM audit WHERE sequence = 5").fetchone()
    connection.close()
    for place in range(0, len(entry), 17):
        changed = entry[:place] + chr(ord(entry[place]) ^ 1) + entry[place + 1 :]
        quoted = changed.replace("'", "''")
        damage(data, f"UPDATE audit SET entry = '{quoted}' WHERE sequence = 5")
        told = verify("--data-dir", data, "--json")
        wheres = [t["where"] for t in json.loads(told.stdout)["troubles"]]
        assert (told.exit_code, "acme, entry 5" in wheres) == (1, True), place


def test_a_trail_that_was_cut_off_is_found_by_kept_heads(data: Path, tmp_path: Path) -> None:
    """The rest of the chain holds, and so do the tables; only who kept its head can tell."""
    heads = tmp_path / "heads.json"
    assert verify("--data-dir", data, "--write-heads", heads).exit_code == 0
    assert verify("--data-dir", data, "--heads", heads).exit_code == 0
    damage(data, "DELETE FROM audit WHERE sequence = (SELECT MAX(sequence) FROM audit)")
    told = verify("--data-dir", data, "--heads", heads)
    assert "heads: acme: the chain ends before entry" in told.stdout


def test_a_file_of_heads_is_read_carefully(data: Path, tmp_path: Path) -> None:
    """What is none is a usage error."""
    (tmp_path / "heads.json").write_text("[1]")
    told = verify("--data-dir", data, "--heads", tmp_path / "heads.json", "--json")
    assert (told.exit_code, json.loads(told.stdout)["error"]["reason"]) == (2, "HEADS")


def test_a_backup_can_be_looked_over(kept: Path) -> None:
    """As the database, and its manifest's heads with it."""
    told = verify(kept / "copy.tar.gz")
    assert (told.exit_code, "Nothing is wrong." in told.stdout) == (0, True), told.output


def test_a_damaged_page_is_told_and_not_a_crash(data: Path) -> None:
    """Bytes overwritten in the middle of the file."""
    database = data / "slotsvc.db"
    raw = bytearray(database.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 6000] = b"\x55" * 6000
    database.write_bytes(raw)
    told = verify("--data-dir", data, "--json")
    assert told.exit_code == 1, told.output
    assert "Traceback" not in told.output
