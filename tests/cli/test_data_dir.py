from __future__ import annotations

import stat
from pathlib import Path

import pytest

from slotsvc.cli.data_dir import private_directory
from slotsvc.cli.failure import CommandError, Exit


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_directory_is_its_owners_alone(tmp_path: Path) -> None:
    """Mode 0700; one that is there keeps its mode."""
    assert mode(private_directory(tmp_path / "new" / "data")) == 0o700
    (tmp_path / "old").mkdir(mode=0o755)
    assert mode(private_directory(tmp_path / "old")) == 0o755


def test_a_directory_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    """A file stands in the way."""
    (tmp_path / "file").touch()

    with pytest.raises(CommandError, match="cannot be made") as told:
        private_directory(tmp_path / "file" / "data")
    assert told.value.exit_code is Exit.NOT_READY
    assert "--data-dir" in told.value.hint
