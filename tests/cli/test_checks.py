from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import Literal

import pytest

from slotsvc.cli.checks import (
    Check,
    data_check,
    disk_check,
    driving_checks,
    in_use_by,
    keys_check,
    map_check,
    osrm_check,
    portal_check,
    readiness_check,
    same_files,
    server_check,
    sqlite_check,
    sqlite_is_sound,
    store_check,
)
from slotsvc.cli.doctor import verdict
from slotsvc.portal.tables.migrate import upgrade as upgrade_portal
from slotsvc.server.http_status import HttpStatus
from slotsvc.server.metrics import Metrics
from slotsvc.server.readiness import FINE, Finding, Readiness, State
from slotsvc.store.migrate import upgrade
from tests.portal.tables.linked_contact import add_linked_contact
from tests.travel.lattice_map import lattice_map

STATES: tuple[Literal["ok", "warn", "fail"], ...] = ("ok", "warn", "fail")


@pytest.mark.parametrize(
    ("number", "sound"),
    [((3, 40, 1), False), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 4), True),
     ((3, 50, 7), True), ((3, 50, 6), False), ((3, 44, 6), True), ((3, 45, 9), False)],
)  # fmt: skip
def test_the_fix_of_the_wal_reset_bug_is_known_by_version(
    number: tuple[int, ...], sound: bool
) -> None:
    """3.51.3 has it, and the backports 3.50.7 and 3.44.6."""
    assert sqlite_is_sound(number) is sound


def test_this_installation_can_run_the_service() -> None:
    """The pinned SQLite has the fix, and the wheel carries the road engine."""
    assert sqlite_check().state == "ok"
    assert osrm_check(None).state == "ok"


def test_a_data_directory_is_made_or_private(tmp_path: Path) -> None:
    """A missing one is fine, one that others read is warned about."""
    assert data_check(tmp_path / "new" / "deeper").state == "ok"
    tmp_path.chmod(0o755)
    assert data_check(tmp_path).state == "warn"
    tmp_path.chmod(0o700)
    assert data_check(tmp_path).state == "ok"


def test_a_file_is_no_data_directory(tmp_path: Path) -> None:
    """It says what to set instead."""
    (tmp_path / "file").touch()

    assert data_check(tmp_path / "file").state == "fail"


def test_keys_that_others_can_read_are_refused(tmp_path: Path) -> None:
    """The check says how to mend it."""
    ring = tmp_path / "keys.json"
    assert keys_check(ring).state == "ok"
    ring.touch(0o644)
    check = keys_check(ring)
    assert (check.state, check.action) == ("fail", f"chmod 600 {ring}")
    ring.chmod(0o600)
    assert keys_check(ring).state == "ok"


def test_a_directory_without_a_map_is_told(tmp_path: Path) -> None:
    """No map is a warning, a wrong one a failure."""
    assert map_check(None, None).state == "warn"
    assert map_check(None, "http://roads").state == "ok"
    assert map_check(tmp_path, None).state == "fail"


def test_without_road_files_driving_comes_from_osrm(tmp_path: Path) -> None:
    """Whole files are fine; a missing, damaged or foreign one is told, and what to do."""
    files = lattice_map(tmp_path)
    assert [check.state for check in driving_checks(tmp_path)] == ["ok"]
    hierarchy = files.hierarchy.read_bytes()

    files.hierarchy.unlink()
    (missing,) = driving_checks(tmp_path)
    files.hierarchy.write_bytes(hierarchy[:-1000] + bytes(1000))
    (damaged,) = driving_checks(tmp_path)
    files.hierarchy.write_bytes(hierarchy)
    lattice_map(tmp_path, map_id="another")
    files.hierarchy.write_bytes(hierarchy)
    (foreign,) = driving_checks(tmp_path)

    assert [check.state for check in (missing, damaged, foreign)] == ["warn"] * 3
    assert "missing" in missing.detail
    assert "damaged" in damaged.detail
    assert "another map" in foreign.detail
    assert "slotsvc map build" in missing.action


def test_without_a_map_nothing_is_said_of_driving(tmp_path: Path) -> None:
    """The map's own check says what is missing."""
    assert driving_checks(None) == []
    assert driving_checks(tmp_path) == []


def test_a_silent_port_is_not_ready() -> None:
    """Nothing listens on port 1."""
    check = server_check("127.0.0.1:1", 2.0)

    assert (check.name, check.state) == ("server", "fail")
    assert "slotsvc up" in check.action


def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    """What `migrate` makes, the doctor has nothing to say against."""
    database = tmp_path / "data" / "slotsvc.db"
    assert store_check(database).detail.endswith("made at the first start")

    upgrade(f"sqlite:///{database}")

    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700
    assert store_check(database).state == "ok"
    database.chmod(0o644)
    assert store_check(database).state == "warn"


def test_a_service_with_other_files_is_told(tmp_path: Path) -> None:
    """Only on this machine, and only when nobody has the checked database open."""
    database, serving = tmp_path / "slotsvc.db", Check("server", "ok", "serving")

    other = same_files(serving, database, "127.0.0.1:50051")
    assert (other.state, "--data-dir" in other.action) == ("warn", True)
    assert same_files(serving, database, "10.0.0.1:50051") is serving

    (tmp_path / "slotsvc.db.lock").write_text(f"{os.getpid()}\n")
    assert in_use_by(database) == os.getpid()
    assert same_files(serving, database, "127.0.0.1:50051") is serving


def test_the_verdict_says_what_was_looked_at() -> None:
    """Half of the checks is not called ready as a whole."""
    good, doubtful, bad = (Check("x", state, "") for state in STATES)

    assert verdict([good], None) == "Ready: this machine and the service."
    assert verdict([good], "machine") == "Ready: this machine; the service was not asked."
    assert verdict([good, doubtful], "server") == "Ready: the service, 1 warning."
    assert verdict([good, bad], None) == "Not ready."


def test_the_portals_files_are_looked_at(tmp_path: Path) -> None:
    """Nothing yet is fine; a database without its key ring is told; others may read neither."""
    database, ring = tmp_path / "portal.db", tmp_path / "portal-keys.json"

    assert portal_check(database, ring).state == "ok"
    upgrade_portal(database)
    assert portal_check(database, ring).state == "ok"
    add_linked_contact(database)
    assert portal_check(database, ring).state == "fail"
    assert "new-keys" in portal_check(database, ring).action
    ring.touch(0o600)
    assert portal_check(database, ring).state == "ok"
    ring.chmod(0o640)
    assert portal_check(database, ring).action == f"chmod 600 {ring}"


@pytest.mark.parametrize(
    ("finding", "state", "said"),
    [
        (FINE, "ok", "nothing is missing"),
        (
            Finding(State.DEGRADED, "no map: driving is estimated"),
            "warn",
            "roads: no map: driving is estimated",
        ),
        (Finding(State.BROKEN, "does not answer"), "fail", "roads: does not answer"),
    ],
)
async def test_what_the_service_says_of_itself_is_passed_on(
    finding: Finding, state: str, said: str
) -> None:
    """Degraded is a warning, broken a failure; where nobody answers nothing is said."""

    async def readiness() -> Readiness:
        return Readiness({"roads": finding})

    pages = HttpStatus(Metrics().registry, readiness, {})
    port = await pages.start("127.0.0.1", 0)
    check = await asyncio.to_thread(readiness_check, f"127.0.0.1:{port}", 5.0)
    await pages.stop()

    assert check is not None
    assert (check.name, check.state, check.detail) == ("readiness", state, said)
    assert await asyncio.to_thread(readiness_check, f"127.0.0.1:{port}", 0.5) is None
    assert readiness_check("off", 0.5) is None


def test_little_room_is_a_warning(tmp_path: Path) -> None:
    """Of the disk, also where the directory is not made yet."""
    assert disk_check(tmp_path / "not" / "yet").state == "ok"
    assert "MiB free" in disk_check(tmp_path).detail
