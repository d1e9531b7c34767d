"""One process, one file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slotsvc.store.errors import StoreLockedError
from slotsvc.store.file_lock import FileLock


def test_a_second_holder_is_refused(tmp_path: Path) -> None:
    """Who has the file is named by process id; after the release anybody may have it."""
    database = tmp_path / "slotsvc.db"
    with FileLock(database), pytest.raises(StoreLockedError, match=str(os.getpid())):
        FileLock(database)

    FileLock(database).release()


def test_a_lock_does_not_outlive_its_process(tmp_path: Path) -> None:
    """A process that is killed leaves the lock file, but not the lock."""
    database = tmp_path / "slotsvc.db"
    program = (
        "import sys, time; from pathlib import Path; "
        "from slotsvc.store.file_lock import FileLock; "
        "lock = FileLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program, str(database)], cwd=root, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StoreLockedError, match=str(holder.pid)):
            FileLock(database)
        holder.kill()
        holder.wait()

    FileLock(database).release()


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    """A program started meanwhile, such as the road engine, does not keep the file locked."""
    database = tmp_path / "slotsvc.db"
    lock = FileLock(database)
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        lock.release()
        FileLock(database).release()
        child.kill()
