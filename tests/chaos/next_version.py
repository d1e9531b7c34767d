"""``slotsvc`` as its next version might be: with one more migration.

Usage: python tests/chaos/next_version.py MIGRATIONS serve …
MIGRATIONS is a directory with all of them, the new one too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from slotsvc.cli.main import main
from slotsvc.store import migrate

if __name__ == "__main__":
    migrate._SCRIPTS = Path(sys.argv.pop(1))
    main()
