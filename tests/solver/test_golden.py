"""The golden cases: answers we stand by, and brute force agrees with."""

from __future__ import annotations

import json

import pytest

from slotsvc.solver.constraints import Reason
from tests.solver.golden_cases import CASES, HERE, answer_of, as_json, read
from tests.solver.literal import capped, literal_slots


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    """The answer is the one on record, to the second and to the word."""
    expected = json.loads((HERE / name / "answer.json").read_text(encoding="utf-8"))
    assert as_json(answer_of(read(name))) == expected


@pytest.mark.parametrize("name", CASES)
def test_golden_is_brute_force(name: str) -> None:
    """What is on record is not only what the code says: every way was tried."""
    case, answer = read(name), answer_of(read(name))
    expected = literal_slots(case.calendar, case.roads, case.query, case.params, case.now)
    if any(r.reason is Reason.OFF_MAP for r in answer.rejections):
        assert answer.offers == ()
        return
    assert [(o.cost, o.window.promise) for o in answer.offers] == [
        (slot.cost, slot.window) for slot in capped(expected, case.params)
    ]


def test_every_case_says_why() -> None:
    """One line, so that a reader knows what to look at."""
    for name in CASES:
        why = read(name).why
        assert 20 < len(why) <= 100, name
        assert "\n" not in why
