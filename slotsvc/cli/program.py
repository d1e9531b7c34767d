"""The name this program was called by, for command lines that are printed to be copied."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def program() -> str:
    """How this program was called, so that printed command lines work from the same directory."""
    called = Path(sys.argv[0])
    if called.name != "slotsvc":
        return f"{sys.executable} -m slotsvc.cli.main"
    found = shutil.which("slotsvc")
    if found and os.path.samefile(found, called):
        return "slotsvc"
    return min(str(called), os.path.relpath(called), key=len)
