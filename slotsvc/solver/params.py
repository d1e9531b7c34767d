"""What a caller may tune: weights of the ranking and limits of the search."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum

type Weights = tuple[int, int, int]
"""Thousandths per second of driving, of waiting and of overtime: what an order is priced with."""


@dataclass(frozen=True, slots=True)
class CostWeights:
    """Thousandths of a weighted second for one unit of each component.

    ``travel``, ``waiting``, ``overtime``: per second. ``day_away``: per day after the first day
    asked for. ``other_technician``, ``other_window``: once, when a stated preference is not met.
    Raises ``ValueError`` for a weight below 0 or above 100,000,000.
    """

    travel: int = 1_000
    waiting: int = 250
    day_away: int = 180_000
    other_technician: int = 600_000
    other_window: int = 900_000
    overtime: int = 2_000

    def __post_init__(self) -> None:
        for item in fields(self):
            if not 0 <= getattr(self, item.name) <= 100_000_000:
                raise ValueError(f"{item.name} must be from 0 to 100,000,000")

    @property
    def of_orders(self) -> Weights:
        """Driving, waiting, overtime."""
        return self.travel, self.waiting, self.overtime


TRAVEL_ONLY = CostWeights(1_000, 0, 0, 0, 0, 0)
"""What peers optimise: added driving and nothing else."""


class Freedom(Enum):
    """What the search may do to a route besides adding the visit."""

    INSERT_ONLY = "INSERT_ONLY"
    RESEQUENCE = "RESEQUENCE"


@dataclass(frozen=True, slots=True)
class SearchParams:
    """Limits of one search.

    ``max_slots``: K of the top K. ``max_per_day``: at most so many offers a day.
    ``label_budget``: partial orders the exact search may keep at once before it gives a cell up:
    some tenths of a second (the answer then says BOUND, unless the cell is proven elsewhere).
    """

    max_slots: int = 5
    max_per_day: int = 2
    weights: CostWeights = CostWeights()
    freedom: Freedom = Freedom.RESEQUENCE
    label_budget: int = 20_000
