"""Why a window is not possible, told to planners, against a running demo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from slotsvc.cli.main import IN_ORDER
from tests.cli.conftest import Shell

WORK = ("--site", "rue-imberty", "--activity", "repair")
WHO = "chiara-rossi"


def test_a_whole_day_is_told_window_by_window(shell: Shell, demo: dict[str, Any]) -> None:
    """What stands in the way, ways out with times and places, no ids; nothing wraps."""
    text = shell.text("why-not", WHO, demo["days"][1], *WORK)
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("Chiara Rossi: repair at rue-imberty (Europe/Monaco time)")
    assert text.count("possible\n") == 4
    assert "It would start at " in text
    assert "visits/" not in text
    assert " v-" not in text


def test_another_window_than_the_grids_can_be_asked_about(
    shell: Shell, demo: dict[str, Any]
) -> None:
    """Somebody without the tag, long after the shift: no single change is enough."""
    day = demo["days"][1]
    text = shell.text("why-not", "elena-conti", f"{day}/18:00-19:00", *WORK)
    assert "The window misses the shift by " in text
    assert "The tag “aircon” is missing.\n" in text
    assert "No single change is enough. Together these are:" in text
    assert "tag “aircon” and let" in " ".join(text.split())


def test_a_possible_window_can_be_held_at_once(shell: Shell, demo: dict[str, Any]) -> None:
    """Its token alone is printed, to pipe on; where there is none that is a failure."""
    found = shell.json("why-not", WHO, demo["days"][-1], *WORK)
    assert found["time_zone"] == "Europe/Monaco"
    possible = [verdict for verdict in found["verdicts"] if "slot" in verdict]
    assert possible
    token = shell.text("why-not", WHO, demo["days"][-1], *WORK, "--token")
    hold = shell.json("hold", "-", stdin=token)["hold"]
    shell.json("release", hold["name"])
    none = shell.text("why-not", "elena-conti", demo["days"][-1], *WORK, "--token", code=1)
    assert none.startswith("It is not possible.")


def test_what_cannot_be_asked_is_said(shell: Shell, demo: dict[str, Any]) -> None:
    """No such technician, no such time."""
    text = shell.text("why-not", "zoe", demo["days"][0], *WORK, code=1)
    assert text.startswith("No such technician in the team: zoe.")
    assert "is not a day" in shell.text("why-not", WHO, "someday", *WORK, code=2)


def test_a_batch_is_one_line_for_each_request(shell: Shell, tmp_path: Path) -> None:
    """Short names do; what is refused says so on its own line; the end counts."""
    lines = [
        {"request": {"site": "rue-imberty", "activity_type": "repair"}, "max_slots": 3},
        {"request": {"site": "nowhere", "activity_type": "repair"}},
        {"request": {"activity_type": "repair"}, "max_slots": 99},
    ]
    file = tmp_path / "batch.jsonl"
    file.write_text("\n\n".join(json.dumps(line) for line in lines))
    text = shell.text("suggest-batch", str(file))
    assert max(map(len, text.splitlines())) <= 80
    told = " ".join(text.split())
    assert "1 repair at rue-imberty: " in told
    assert "driving; 2 more slots" in told
    assert "2 repair at nowhere: refused. No such site: nowhere." in told
    assert "3 repair at its place: refused. place: a site or a location is needed" in told
    assert ": 1 with slots, 0 without, 2 refused." in told

    printed = shell.text("suggest-batch", "-", "--json", stdin=file.read_text()).splitlines()
    found = [json.loads(line) for line in printed]
    assert [one["index"] for one in found] == [0, 1, 2]
    assert len(found[0]["answer"]["slots"]) == 3
    assert [one["error"]["reason"] for one in found[1:]] == ["NOT_FOUND", "INVALID_REQUEST"]


def test_a_line_that_is_no_request_is_named(shell: Shell) -> None:
    """Before anything is asked."""
    text = shell.text("suggest-batch", "-", stdin='{"request": {}}\n{"a": 1}\n', code=2)
    assert text.startswith("Line 2: ")
    assert "There is no request" in shell.text("suggest-batch", "-", stdin="\n", code=2)


def test_both_commands_stand_beside_suggest() -> None:
    """Where planners look for them."""
    names = [command.name for command in IN_ORDER]
    start = names.index("suggest")
    assert names[start : start + 3] == ["suggest", "suggest-batch", "why-not"]
