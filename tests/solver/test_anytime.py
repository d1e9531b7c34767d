"""Cut off at any moment, an answer says what was not done and claims nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from slotsvc.pb.v1 import types_pb2
from slotsvc.server.slot_convert import receipt_to_pb
from slotsvc.solver import cell_search, exact, ranking
from slotsvc.solver.bound import bounds_of
from slotsvc.solver.day_model import prove
from slotsvc.solver.instance import Int64
from slotsvc.solver.query import Answer
from slotsvc.solver.suggest import suggest
from slotsvc.solver.tables import Tables
from slotsvc.solver.unproven import NOTHING_KNOWN, Known, Settled, settled
from tests.examples import examples
from tests.solver.adversarial_roads import adversarial_roads
from tests.solver.clock import Clock
from tests.solver.opened import RULES_OF_TIME
from tests.solver.proven import as_told, assert_counts_add_up, assert_priced
from tests.solver.random_days import Question, Shape
from tests.solver.volume import FAMILIES, Family, made, number

CROWDED = "crowded"
SHAPE = Shape(visits=(6, 5, 7), windows=4, free=True, features=RULES_OF_TIME)


@pytest.fixture(autouse=True)
def crowded_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days whose orders cannot all be known: here the search has something to skip."""
    monkeypatch.setitem(FAMILIES, CROWDED, Family(replace(SHAPE, roads=adversarial_roads)))
    monkeypatch.setattr(ranking, "WORK", 1)  # or a small day is done before it asks


def answered(
    question: Question, out_of_time: Callable[[], bool], known: Known = NOTHING_KNOWN
) -> Answer:
    legs = question.roads.legs(question.calendar, question.query.location)
    return suggest(
        question.calendar, question.query, legs, question.params, question.now, 0, out_of_time,
        known=known,
    )  # fmt: skip


@pytest.mark.parametrize("family", [CROWDED, "hostile roads, every rule", "exact starts"])
def test_cut_off_at_every_question(family: str) -> None:
    """Complete only when it is the unlimited answer; counts add up; every offer told is true."""
    cut = 0
    for n in range(examples(40)):
        question, clock = number(family, n), Clock(1 << 60)
        whole = answered(question, clock)
        assert whole.counts.complete
        for left in range(clock.asked + 1):
            answer = answered(question, Clock(left))
            assert_honest(question, answer, whole)
            assert answer.offers == whole.offers or not answer.counts.complete
            cut += not answer.counts.complete
        assert answer.counts.complete
    assert cut > 0


def test_no_route_is_bounded_when_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many routes there are to be searched: bounding all of them may take longer than the
    caller has."""
    bounded = []

    def counted(tables: Tables, *more: Any) -> tuple[Int64, Int64]:
        bounded.append(more)
        return bounds_of(tables, *more)

    monkeypatch.setattr(cell_search, "bounds_of", counted)
    for n in range(examples(20)):
        assert_counts_add_up(answered(number(CROWDED, n), Clock(0)))
    assert not bounded
    for n in range(examples(20)):
        answered(number(CROWDED, n), lambda: False)
    assert bounded


def assert_honest(question: Question, answer: Answer, whole: Answer) -> None:
    counts = answer.counts
    assert_counts_add_up(answer)
    assert (counts.cells, counts.rejected) == (whole.counts.cells, whole.counts.rejected)
    if counts.complete:
        # an order proven elsewhere may be another one that costs the same
        assert list(map(as_told, answer.offers)) == list(map(as_told, whole.offers))
        for offer in answer.offers:
            assert_priced(question, offer)
        return
    assert counts.skipped or counts.gap
    for offer in answer.offers:
        assert_priced(question, offer)
    for told, true in zip(answer.offers, whole.offers, strict=False):
        assert told.cost >= true.cost
        assert counts.skipped or told.cost <= true.cost + counts.gap


def unlimited(question: Question, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """The answer of a search that gives nothing up."""
    with monkeypatch.context() as patch:
        patch.setattr(exact, "NODES", 1 << 30)
        return answered(question, lambda: False)


def test_a_small_budget_is_a_bound_not_a_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a search gives up, each rank is at most the gap too dear, and never too cheap."""
    unproven = 0
    for n in range(examples(60)):
        question = number(CROWDED, n)
        whole = unlimited(question, monkeypatch)
        monkeypatch.setattr(exact, "NODES", n % 7)
        small = replace(question, params=replace(question.params, label_budget=1 + n % 40))
        answer = answered(small, lambda: False)
        assert_honest(small, answer, whole)
        unproven += not answer.counts.complete
    assert unproven > 0


def test_what_is_proven_elsewhere_is_used_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the cells it told of proven, an answer comes closer to the unlimited one, or is it."""
    closed = 0
    for n in range(examples(60)):
        question = number(CROWDED, n)
        whole = unlimited(question, monkeypatch)
        monkeypatch.setattr(exact, "NODES", 1)
        small = replace(question, params=replace(question.params, label_budget=1))
        answer = answered(small, lambda: False)
        known: dict[tuple[int, int], Settled] = {}
        for _ in range(4):
            if answer.unproven:
                known |= proven_elsewhere(question, answer)
                answer = answered(small, lambda: False, known)
                assert_honest(small, answer, whole)
                closed += answer.counts.complete
    assert closed > 0


def proven_elsewhere(question: Question, answer: Answer) -> dict[tuple[int, int], Settled]:
    weights = question.params.weights.of_orders
    return {
        (left.route, left.slot): settled(
            left, weights, prove(left.cell, left.limit, weights, 5.0, left.best.order)
        )
        for left in answer.unproven
    }


def test_a_question_of_zeros_is_a_question() -> None:
    """The simplest question of every family has an answer."""
    for family in FAMILIES:
        assert answered(made(family, bytes(1)), lambda: False).counts.complete


def test_the_receipt_uses_each_word_for_what_it_means() -> None:
    """EXACT: complete, on roads. PARTIAL: something was skipped. BOUND: the rest. Nothing today
    uses a slack, so that word is never said."""
    said: Counter[str] = Counter()
    for family in (CROWDED, *FAMILIES):
        for n in range(8):
            question = number(family, n)
            for left in (0, 1, 1 << 60):
                answer = answered(question, Clock(left))
                for estimated in (False, True):
                    told = replace(answer, estimated=estimated)
                    receipt = receipt_to_pb(told, timedelta(0))
                    assert receipt.proof == expected(told)
                    assert receipt.complete == told.counts.complete
                    said[types_pb2.Proof.Name(receipt.proof)] += 1
    assert set(said) == {"PROOF_EXACT", "PROOF_BOUND", "PROOF_PARTIAL"}


def expected(answer: Answer) -> int:
    """The word for an answer."""
    if answer.counts.skipped:
        return types_pb2.PROOF_PARTIAL
    exact = answer.counts.complete and not answer.estimated
    return types_pb2.PROOF_EXACT if exact else types_pb2.PROOF_BOUND
