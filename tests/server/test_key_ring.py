"""The key file: who may read it, how it is made, how it turns."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slotsvc.server.key_ring import KeyRing, KeyRingError


def test_the_first_start_makes_a_private_file(tmp_path: Path) -> None:
    """The file is made with its directory, for the owner only, and holds one key."""
    path = tmp_path / "deep" / "keys.json"

    ring = KeyRing.open_or_create(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(json.loads(path.read_text())["keys"]) == 1
    assert [p.name for p in path.parent.iterdir()] == ["keys.json"]
    assert KeyRing.open_or_create(path).newest.id == ring.newest.id


def test_starts_at_the_same_time_share_one_key(tmp_path: Path) -> None:
    """Eight replicas that start at once end up with the same ring."""
    path = tmp_path / "keys.json"

    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(KeyRing.open_or_create, [path] * 8))

    assert len({ring.newest.id for ring in rings}) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666, 0o610])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    """Wider permissions stop the start, and the message says what to do."""
    path = tmp_path / "keys.json"
    KeyRing.open_or_create(path)
    path.chmod(mode)

    with pytest.raises(KeyRingError, match="chmod 600"):
        KeyRing.open_or_create(path)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"keys": []}', '{"keys": [{"id": "00", "key": ""}]}', '{"keys": 3}', "\xff"],
)
def test_a_file_that_is_no_key_file_is_refused(tmp_path: Path, text: str) -> None:
    """Anything else than keys stops the start; nothing is overwritten."""
    path = tmp_path / "keys.json"
    path.write_text(text, encoding="latin-1")
    path.chmod(0o600)

    with pytest.raises(KeyRingError):
        KeyRing.open_or_create(path)
    assert path.read_text(encoding="latin-1") == text


def test_a_missing_or_special_file_is_refused(tmp_path: Path) -> None:
    """No file, or a directory in its place, is named."""
    with pytest.raises(KeyRingError, match="cannot be read"):
        KeyRing(tmp_path / "none.json")
    with pytest.raises(KeyRingError):
        KeyRing(tmp_path)


def test_two_keys_are_valid_after_a_turn(tmp_path: Path) -> None:
    """The new key seals, the one before opens, the one before that is gone."""
    path = tmp_path / "keys.json"
    ring = KeyRing.open_or_create(path)
    first = ring.newest.id
    ring.rotate()
    second = ring.newest.id
    assert first != second
    assert ring.find(first) is not None

    ring.rotate()

    assert ring.find(first) is None
    assert ring.find(second) is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_replica_learns_a_new_key_by_itself(tmp_path: Path) -> None:
    """A key that another process put in front is found when a token names it."""
    path = tmp_path / "keys.json"
    mine, other = KeyRing.open_or_create(path), KeyRing.open_or_create(path)

    other.rotate()

    assert mine.find(other.newest.id) is not None
    assert mine.newest.id == other.newest.id


def test_a_file_that_breaks_later_does_not_take_the_keys_away(tmp_path: Path) -> None:
    """The loaded keys stay in use while the file is broken or missing."""
    path = tmp_path / "keys.json"
    ring = KeyRing.open_or_create(path)
    key = ring.newest.id
    path.write_text("broken")
    assert ring.find(os.urandom(4)) is None
    path.unlink()
    assert ring.find(os.urandom(4)) is None

    assert ring.find(key) is not None


def test_keys_do_not_show(tmp_path: Path) -> None:
    """The secret is in no repr."""
    key = KeyRing.open_or_create(tmp_path / "keys.json").newest

    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)
