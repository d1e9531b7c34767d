"""What proves the few orders that the search in the ranking leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from slotsvc.solver.cell import Cell
from slotsvc.solver.day_model import Proof
from slotsvc.solver.params import Weights


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
