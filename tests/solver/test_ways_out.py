"""What planners read of a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from slotsvc.pb.v1 import slot_service_pb2
from slotsvc.solver.changes import Change, ChangeKind
from slotsvc.solver.repair import EFFORT, MOST_MINUTES
from slotsvc.solver.ways_out import minutes, way_out

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"


@pytest.mark.parametrize("kind", ChangeKind)
def test_every_change_is_a_sentence_and_has_its_value_in_the_contract(kind: ChangeKind) -> None:
    """Nothing is left to fill in; the page of errors has a row for it."""
    change = Change(kind, 13, visit="v-1", subject="gas")
    text = way_out([change], frozenset())
    assert text[0].isupper()
    assert text.endswith(".")
    assert "{" not in text
    assert f"CHANGE_KIND_{kind.value}" in slot_service_pb2.ChangeKind.keys()  # noqa: SIM118
    assert f"| `{kind.value}` |" in PAGE.read_text()


def test_a_change_with_a_size_says_it() -> None:
    """And the more of it, the later it is told."""
    for kind in MOST_MINUTES:
        assert "13 min" in way_out([Change(kind, 13, visit="v-1", subject="1")], frozenset())
        assert EFFORT[kind][1] > 0


def test_several_changes_are_one_sentence() -> None:
    """Joined with an "and"."""
    changes = [Change(ChangeKind.GIVE_TAG, subject="gas"), Change(ChangeKind.OVERTIME, 5)]
    assert way_out(changes, frozenset()) == (
        "Give the technician the tag “gas” and let the technician finish 5 min later than the "
        "shift allows."
    )
    assert way_out([Change(ChangeKind.REORDER), *changes], frozenset()).count(",") == 1


def test_a_visit_that_is_only_held_is_not_moved() -> None:
    """Its hold lapses, or somebody gives it back."""
    change = Change(ChangeKind.MOVE_VISIT_AWAY, visit="v-1", placement="p-1")
    assert way_out([change], frozenset(["p-1"])) == (
        "Release the hold on visit v-1, or wait until it lapses."
    )
    assert "Move visit v-1" in way_out([change], frozenset())


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "1 min"), (60, "1 h"), (125, "2 h 5 min"), (1440, "1 day"), (4500, "3 days 3 h")],
)
def test_a_size_is_told_exactly(count: int, text: str) -> None:
    """Never rounded: a minute less would not do."""
    assert minutes(count) == text
