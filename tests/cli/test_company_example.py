"""The example company of the README, created in a service without one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import ROOT, Shell, started


def test_the_example_company_gets_slots(home: Path, tmp_path: Path) -> None:
    """After the example has run, a new client can be offered slots; a second run says it exists."""
    serving = ("serve", "--address", "127.0.0.1:0", "--http", "off", "--data-dir", str(tmp_path))
    with started(home, *serving) as (_, told):
        address = told["address"]
        first, second = (_created(address) for _ in range(2))
        where = ("--activity", "boiler-service", "--at", "43.7353,7.41753")
        slots = Shell(address).json("suggest", *where)["slots"]

    assert (first, second) == ("created tenants/acme/teams/north\n", "acme exists already\n")
    assert slots


def _created(address: str) -> str:
    program = [sys.executable, "docs/examples/company.py", address]
    outcome = subprocess.run(
        program, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return outcome.stdout
