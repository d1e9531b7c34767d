"""Thousands of random days, by family: what ``make test`` and ``make torture`` look at.

A question is made of a string of bytes; the n-th of a family always is the same one. No hypothesis
here, for speed: ``smallest`` makes what fails small.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from slotsvc.solver.params import TRAVEL_ONLY, CostWeights, Freedom
from tests.solver.adversarial_roads import adversarial_roads
from tests.solver.dice import Dice
from tests.solver.literal import Ambiguous, capped
from tests.solver.opened import RULES_OF_TIME
from tests.solver.proven import assert_proven
from tests.solver.random_days import WITH_LIMIT, Question, Shape, a_question

LONG = (5, 4, 5, 3, 2, 5)

WEIGHTS = (
    CostWeights(),
    TRAVEL_ONLY,
    CostWeights(),
    CostWeights(travel=300, waiting=2_000, day_away=7, overtime=100, other_technician=40),
    CostWeights(travel=0, waiting=1, day_away=0, overtime=3),
)
"""The usual ones, and some under which filling a gap pays more than driving costs."""


@dataclass(frozen=True)
class Family:
    """Questions of one shape. ``slots`` / ``per_day``: length of the list; None: as it comes."""

    shape: Shape
    freedom: Freedom | None = None
    slots: int | None = None
    per_day: int | None = None


FAMILIES = {
    "every rule": Family(Shape(features=WITH_LIMIT)),
    "every slot": Family(
        Shape(visits=LONG, technicians=1, features=RULES_OF_TIME), slots=1000, per_day=1000
    ),
    "hostile roads": Family(Shape(roads=adversarial_roads)),
    "hostile roads, every rule": Family(Shape(roads=adversarial_roads, features=WITH_LIMIT)),
    "hostile roads, every slot": Family(
        Shape(visits=LONG, technicians=1, features=RULES_OF_TIME, roads=adversarial_roads),
        Freedom.RESEQUENCE, slots=1000, per_day=1000,
    ),
    "orders kept": Family(
        Shape(visits=LONG, features=RULES_OF_TIME, roads=adversarial_roads), Freedom.INSERT_ONLY
    ),
    "any order": Family(
        Shape(visits=(5, 4, 3), days=1, free=True, features=RULES_OF_TIME, roads=adversarial_roads)
    ),
    "too many orders to know": Family(
        Shape(visits=(6, 5), technicians=2, days=1, windows=3, free=True, roads=adversarial_roads)
    ),
    "exact starts": Family(
        Shape(windows=36, step=2, features=RULES_OF_TIME, roads=adversarial_roads), per_day=4
    ),
    "exact starts, all of them": Family(
        Shape(days=2, windows=24, step=3, features=RULES_OF_TIME), slots=1000, per_day=1000
    ),
}  # fmt: skip

EIGHT = Shape(visits=(7, 6, 7, 5), technicians=2, days=2, breaks=(0, 1, 2), features=WITH_LIMIT)
LONG_FAMILIES = {
    "eight stops": Family(EIGHT),
    "eight stops, hostile roads": Family(replace(EIGHT, roads=adversarial_roads)),
    "eight stops, any order": Family(
        replace(EIGHT, free=True, days=1, windows=2, roads=adversarial_roads)
    ),
}
"""For ``make torture``."""


def number(family: str, n: int) -> Question:
    """The n-th question of a family."""
    return made(family, random.Random(f"{family} {n}").randbytes(1800))


def made(name: str, seed: bytes) -> Question:
    """The question of a family made of these bytes."""
    family = (FAMILIES | LONG_FAMILIES)[name]
    weights = WEIGHTS[seed[-1] % len(WEIGHTS)]
    question = a_question(Dice(seed), weights, family.freedom, family.shape)
    params = question.params
    if family.slots is not None:
        params = replace(params, max_slots=family.slots)
    if family.per_day is not None:
        params = replace(params, max_per_day=family.per_day)
    return replace(question, params=params, seed=seed)


def proven(name: str, numbers: range, *, referee: bool) -> Counter[str]:
    """Proves each question; what was seen: questions, days, cells, slots, offers and such."""
    seen: Counter[str] = Counter()
    for n in numbers:
        question = number(name, n)
        try:
            answer, slots = assert_proven(question, referee=referee)
        except Ambiguous:
            seen.update(ambiguous=1)
            continue
        except Exception as error:
            error.add_note(f"question {n} of the family {name!r}")
            raise
        seen.update(questions=1, days=len(question.calendar.days), cells=answer.counts.cells)
        seen.update(offers=len(answer.offers), slots=len(slots), none=not slots)
        seen.update(capped=len(capped(slots, question.params)) < len(slots))
        seen.update(resequenced=sum(offer.resequences for offer in answer.offers))
        seen.update(usual=question.params.weights == CostWeights())
    return seen


def smallest(seed: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """Bytes with as many zeros as can be for which it still fails."""
    size = 256
    while size:
        for tried in _blanked(seed, size):
            if tried != seed and fails(tried):
                seed = tried
        size //= 2
    return seed.rstrip(bytes(1))


def _blanked(seed: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(seed), size):
        yield seed[:at] + bytes(min(size, len(seed) - at)) + seed[at + size :]
