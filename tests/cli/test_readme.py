"""The README's Python, run against the demo as a reader would."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cli.conftest import ROOT


def snippet() -> str:
    """The one Python block of the README."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return str(code)


def test_the_readme_searches_holds_and_books(demo: dict[str, Any], tmp_path: Path) -> None:
    """Copied as it stands (the port apart), it books a visit of the demo and says why."""
    program = tmp_path / "readme.py"
    program.write_text(snippet().replace("127.0.0.1:50051", demo["address"]))

    outcome = subprocess.run(
        [sys.executable, program], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={"PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.startswith("tenants/riviera/visits/")
    assert "Best under these travel times" in outcome.stdout
