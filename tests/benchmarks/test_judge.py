from __future__ import annotations

from benchmarks.peers.judge import judged

EXACT = {(0, 0): 100, (1, 0): 80, (0, 1): 50, (2, 3): 10}
"""Added driving by (route, slot): slot 0 costs 80, slot 1 costs 50, slot 3 costs 10."""


def test_the_exact_answer_has_no_regret() -> None:
    """Whoever says the same is perfect."""
    found = judged(EXACT, {**EXACT, (5, 5): None}, whole=True)
    assert (found.feasible, found.missed, found.dearer, found.wrong) == (4, 0, 0, 0)
    assert (found.slots, found.all_slots, found.top_1, found.top_5) == (3, 3, 0, 0)


def test_a_missed_slot_counts_and_shifts_the_list() -> None:
    """Without slot 3 the first place of the list costs 40 s more, the second 30 s."""
    found = judged(EXACT, {**EXACT, (2, 3): None}, whole=True)
    assert (found.missed, found.slots) == (1, 2)
    assert (found.top_1, found.top_5) == (40, 35)


def test_a_dearer_cell_matters_only_where_it_is_the_best() -> None:
    """Slot 0 has a cheaper technician; slot 1 has not."""
    found = judged(EXACT, {**EXACT, (0, 0): 130, (0, 1): 56}, whole=True)
    assert found.dearer == 2
    assert found.top_5 == 2


def test_claims_below_the_exact_answer_are_wrong() -> None:
    """Less driving than the least, or room where there is none: one of the two is mistaken."""
    assert judged(EXACT, {**EXACT, (0, 1): 49}, whole=True).wrong == 1
    assert judged(EXACT, {**EXACT, (4, 4): 10}, whole=True).wrong == 1


def test_a_sample_says_nothing_of_slots() -> None:
    """Regret needs all cells."""
    found = judged(EXACT, {(0, 0): 100, (9, 9): None}, whole=False)
    assert (found.asked, found.feasible, found.slots, found.top_1) == (2, 1, None, None)
