"""A disk that can be filled and emptied while a service runs on it.

A tmpfs of its own, which takes the right to mount (root, or a container that has it). Without that
right the soft limit on the size of files (RLIMIT_FSIZE) of this process stands in: a write past it
fails as on a disk that fails, which the store tells in other words and treats alike.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

BALLAST = "ballast"
_BLOCK = 4096


class SmallDisk(Protocol):
    """``path``: a directory on it. ``cause``: what the store says of a write that does not fit."""

    path: Path
    cause: str

    def fill(self, left: int = 0) -> None:
        """Until only ``left`` bytes are free, more or less."""

    def empty(self) -> None:
        """Takes away what ``fill`` put there."""


class Tmpfs:
    """A file system of its own, with a ballast file."""

    cause = "DISK_FULL"

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, left: int = 0) -> None:
        """Writes ballast until nothing more fits, then takes some back."""
        ballast = self.path / BALLAST
        with ballast.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(_BLOCK))
            except OSError:
                pass
            file.truncate(max(0, file.tell() - left))

    def empty(self) -> None:
        """There is room again."""
        (self.path / BALLAST).unlink()


class FileLimit:
    """No file of this process may grow any more."""

    cause = "DISK_FAILED"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._usual = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self, left: int = 0) -> None:
        """The largest file there may still grow by ``left``."""
        largest = max((f.stat().st_size for f in self.path.iterdir() if f.is_file()), default=0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + left, self._usual[1]))

    def empty(self) -> None:
        """Files may grow again."""
        resource.setrlimit(resource.RLIMIT_FSIZE, self._usual)


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[SmallDisk]:
    """A disk of ``size`` bytes at ``place``, a new directory. Fails the test where neither kind can
    be had."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        try:
            yield Tmpfs(place)
        finally:
            subprocess.run(["umount", "--lazy", str(place)], check=True)
        return
    limited = FileLimit(place)
    try:
        limited.fill(left=1 << 30)
    except (OSError, ValueError) as error:
        pytest.fail(f"no small disk: mounting failed ({done.stderr.strip()}), and so did {error}")
    try:
        yield limited
    finally:
        limited.empty()
