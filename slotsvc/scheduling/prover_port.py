"""What proves the few orders that the search in the ranking leaves open."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from slotsvc.solver.cell import Cell
from slotsvc.solver.day_model import Proof
from slotsvc.solver.params import Weights
from slotsvc.solver.unproven import Known, Unproven, settled

PROVING_S = 2.0
"""No answer waits longer for proofs: what is not proven by then stays open, and is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Which order of the cell's visits costs least, and at most ``limit``? ``hint``: an order of
    nodes to begin with, empty: none is known."""

    cell: Cell
    limit: int
    weights: Weights
    hint: Sequence[int] = ()


class Prover(Protocol):
    """Searches outside this process, one question after the other."""

    async def prove(self, question: Question, until: float) -> Proof | None:
        """What was found by ``until`` (of the loop's clock), at the latest a moment later.

        None: nothing, for want of time, or because too many others wait.
        """


async def prove_all(
    prover: Prover, unproven: Sequence[Unproven], weights: Weights, until: float
) -> Known:
    """What is proven by ``until``, one cell after the other, those with the lowest floor first.

    Each may take an equal part of the time left: one hard day does not keep the others waiting.
    """
    known = {}
    for number, left in enumerate(unproven):
        share = (until - time.monotonic()) / (len(unproven) - number)
        question = Question(left.cell, left.limit, weights, left.best.order)
        proof = await prover.prove(question, time.monotonic() + share)
        if proof is not None:
            known[left.route, left.slot] = settled(left, weights, proof)
    return known
