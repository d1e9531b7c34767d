"""The demo as the README starts it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.cli.conftest import PROGRAM, environment

STEPS = ["hold", "confirm", "reschedule", "cancel"]


def run(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "demo", *args],
        capture_output=True, text=True, env=environment(home), timeout=120, check=False,
    )  # fmt: skip


def test_the_demo_sets_up_a_busy_team(demo: dict[str, Any]) -> None:
    """Twelve technicians, ten working days about 60 % full, five slots, a proof."""
    assert (demo["technicians"], demo["sites"], len(demo["days"])) == (12, 60, 10)
    assert 0.55 < demo["full"] < 0.7
    assert len(demo["suggestion"]["slots"]) == 5
    assert len(demo["suggestion"]["rejections"]) == 2
    assert demo["suggestion"]["receipt"]["proof"] == "PROOF_EXACT"


def test_once_goes_through_every_step(home: Path) -> None:
    """Search, hold, confirm, reschedule, cancel; exit code 0; the text fits 80 columns."""
    ended = run(home, "--once")

    assert ended.returncode == 0, ended.stderr
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert "© OpenStreetMap contributors" in ended.stdout
    assert "Proof: EXACT" in ended.stdout
    for number, step in enumerate(STEPS, start=2):
        assert f"{number}. {step}: " in ended.stdout
    assert "All five steps did what they should" in ended.stdout


def test_kept_data_is_used_again(home: Path, tmp_path: Path) -> None:
    """The second run finds the company, books nothing more, and does the steps again."""
    kept = str(tmp_path / "kept")

    first, second = (json.loads(run(home, "--once", "--json", "--keep-data", kept).stdout)
                     for _ in "ab")  # fmt: skip

    assert [step["step"] for step in second["steps"]] == STEPS
    assert second["visits"] == first["visits"]
    assert first["suggestion"]["slots"][0]["window"] == second["suggestion"]["slots"][0]["window"]


def test_the_demo_is_the_same_every_time(home: Path, demo: dict[str, Any]) -> None:
    """Another fresh start has as many visits and offers the same windows."""
    again = json.loads(run(home, "--once", "--json").stdout)

    def windows(told: dict[str, Any]) -> list[Any]:
        return [(slot["window"], slot["place"]["technician"]) for slot in
                told["suggestion"]["slots"]]  # fmt: skip

    assert again["visits"] == demo["visits"]
    assert windows(again) == windows(demo)
