"""The one door to the compiler: functions of the search compiled for this machine.

The machine code is kept on disk between starts. The compiler keeps it per source file and would not
notice that a function of another file changed; so everything lives under one directory named by the
fingerprint of all compiled sources, and a change to any of them begins anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numba

_PACKAGE = Path(__file__).resolve().parent.parent
SOURCES = (
    "solver/recurrence.py",
    "solver/shift_windows.py",
    "solver/walks.py",
    "solver/outlook.py",
    "solver/ending.py",
    "solver/depth_first.py",
    "solver/orders.py",
    "solver/label_layers.py",
    "solver/kept_order.py",
    "solver/tables.py",
    "solver/gaps.py",
    "solver/legs.py",
    "solver/cells.py",
    "solver/floors.py",
    "solver/insertion.py",
    "solver/screen.py",
    "solver/board.py",
    "solver/scan.py",
    "solver/bound.py",
    "solver/room.py",
    "travel/hierarchy_sweep.py",
    "travel/contraction.py",
    "travel/dissection.py",
    "travel/road_snap.py",
)
"""Every file with compiled functions, relative to the package."""


_BESIDE = _PACKAGE / "solver" / "__pycache__"


def _fingerprint() -> str:
    """Of what is compiled; a source that is not there counts as empty."""
    digest = hashlib.sha256()
    for source in SOURCES:
        path = _PACKAGE / source
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()[:16]


def _kept_in() -> Path | None:
    """Where machine code is kept: beside the sources, else with the user's caches, else nowhere.

    What was made beside sources that cannot be written (in an image) is copied to where it can be
    used: the compiler opens no place that it could not write to.
    """
    name = f"compiled-{_fingerprint()}"
    made = _BESIDE / name
    places: tuple[Callable[[], Path], ...] = (
        lambda: made,
        lambda: Path.home() / ".cache" / "slotsvc" / name,
        lambda: Path(tempfile.gettempdir()) / f"slotsvc-{name}",
    )
    for place in places:
        try:
            directory = place()
            directory.mkdir(parents=True, exist_ok=True, mode=0o755 if directory is made else 0o700)
            if os.access(directory, os.W_OK) and directory.stat().st_uid == os.getuid():
                _take_over(made, directory)
                return directory
        except (OSError, RuntimeError):  # nobody's home, no place for temporary files
            continue
    return None


def _take_over(made: Path, directory: Path) -> None:
    """Copies what is made and is not there yet; all of it or nothing."""
    if directory == made or not os.access(made, os.R_OK) or any(directory.iterdir()):
        return
    aside = Path(tempfile.mkdtemp(prefix=f"{directory.name}-", dir=directory.parent))
    try:
        shutil.copytree(made, aside, dirs_exist_ok=True)
        aside.replace(directory)
    except OSError:  # no room, or another process was sooner: what is missing is compiled
        shutil.rmtree(aside, ignore_errors=True)


KEPT_IN = _kept_in()
if KEPT_IN is not None:
    numba.config.CACHE_DIR = str(KEPT_IN)  # type: ignore[attr-defined]


def forget_older() -> None:
    """Removes what was made beside these sources when they were others."""
    if KEPT_IN is not None:
        for made in _BESIDE.glob("compiled-*"):
            if made.name != KEPT_IN.name:
                shutil.rmtree(made, ignore_errors=True)


def compiled[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """The function compiled on its first call, outside the interpreter's lock.

    Without a writable place it is compiled at every start. Compiled callers hand over whole numbers
    as int64: a version for every width and every constant would be as many to compile.
    """
    chosen: Any = numba.njit(nogil=True)(function)
    if KEPT_IN is not None:
        with contextlib.suppress(RuntimeError):  # the place is gone, or full
            chosen.enable_caching()
            _forgive(chosen._cache)
    exactly = chosen.get_call_template
    chosen.get_call_template = lambda args, kws: exactly(tuple(map(_wide, args)), kws)
    return cast("Callable[P, R]", chosen)


def _forgive(kept: Any) -> None:
    """What cannot be read counts as not there, and is made anew; what cannot be written (the disk
    is full) is made again at the next start. Unpickling damaged bytes may raise anything."""
    read, write = kept.load_overload, kept.save_overload

    def load(*asked: Any) -> Any:
        try:
            return read(*asked)
        except Exception:
            return None

    def save(*made: Any) -> None:
        try:
            write(*made)
        except Exception:  # the list of what is there may be damaged: begin a new one
            with contextlib.suppress(OSError):
                kept.flush()
                write(*made)

    kept.load_overload, kept.save_overload = load, save


def _wide(kind: Any) -> Any:
    return numba.int64 if isinstance(kind, numba.types.Integer) else kind
