"""How good an engine's answer is, against the exact one.

A slot costs the least driving that it adds on any technician's day. An engine's list is its slots,
its cheapest first; the regret of its top k is what its k first slots add more than the k best ones
really would, on average, in seconds. Slots it did not find at all count apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

type Key = tuple[int, int]
"""A cell: (route, slot)."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Of one request. ``feasible``: cells asked about that have room. ``missed``: of those, not
    found; ``dearer``: found, not at their least driving. ``wrong``: cells where the engine claims
    less driving than the exact answer, or room where there is none; must be 0, or one of the two
    is mistaken. ``slots``: found of ``all_slots``; None and no regrets where it was asked about
    some cells only."""

    asked: int
    feasible: int
    missed: int
    dearer: int
    wrong: int
    slots: int | None
    all_slots: int
    top_1: float | None
    top_5: float | None


def judged(exact: Mapping[Key, int], answers: Mapping[Key, int | None], whole: bool) -> Quality:
    """``exact``: added driving of every cell that has room. ``answers``: of the cells asked about,
    None where the engine found none. ``whole``: it was asked about all of them."""
    room = [key for key in answers if key in exact]
    missed = sum(answers[key] is None for key in room)
    claims = {key: added for key, added in answers.items() if added is not None}
    dearer = sum(added > exact[key] for key, added in claims.items() if key in exact)
    wrong = sum(key not in exact or added < exact[key] for key, added in claims.items())
    best, theirs = slot_costs(exact), slot_costs(claims)
    return Quality(
        len(answers), len(room), missed, dearer, wrong,
        len(theirs) if whole else None, len(best),
        regret(best, theirs, 1) if whole else None, regret(best, theirs, 5) if whole else None,
    )  # fmt: skip


def slot_costs(cells: Mapping[Key, int]) -> list[int]:
    """What every slot with room costs, the cheapest first."""
    least: dict[int, int] = {}
    for (_, slot), added in cells.items():
        least[slot] = min(added, least.get(slot, added))
    return sorted(least.values())


def regret(best: list[int], theirs: list[int], count: int) -> float:
    """Mean extra seconds of the first ``count`` slots; of those that both lists have."""
    pairs = list(zip(best[:count], theirs[:count], strict=False))
    return sum(b - a for a, b in pairs) / len(pairs) if pairs else 0.0
