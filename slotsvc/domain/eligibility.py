"""What somebody can serve on a date: ``visit.requires <= shift.offers``, nothing else.

A requirement is a tag ("gas") or a tag with the least level ("gas:2"). Who knows "gas" at level 3
offers "gas", "gas:1", "gas:2" and "gas:3", so that levels need no arithmetic later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

HIGHEST_LEVEL = 9


@dataclass(frozen=True, slots=True, order=True)
class Certificate:
    """A tag at a level from 1 to 9.

    It holds from ``valid_from`` to ``valid_until``, both dates included; None: no end on that side.
    """

    tag: str
    level: int = 1
    valid_from: date | None = None
    valid_until: date | None = None

    def holds(self, day: date) -> bool:
        """Whether it holds on ``day``, the local service date."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day <= self.valid_until)


def tag_of(requirement: str) -> str:
    """The tag of a requirement, without its level."""
    return requirement.partition(":")[0]


def offered(
    day: date, tags: frozenset[str], certificates: Iterable[Certificate] = ()
) -> frozenset[str]:
    """Every requirement that is met on ``day``: ``tags`` at level 1, certificates that hold."""
    held = (_levels(c.tag, c.level) for c in certificates if c.holds(day))
    return _at_level_1(tags).union(*held)


@lru_cache(4096)  # thousands of dates share a few sets
def _at_level_1(tags: frozenset[str]) -> frozenset[str]:
    return frozenset[str]().union(*(_levels(tag, 1) for tag in tags))


@lru_cache(4096)
def _levels(tag: str, level: int) -> frozenset[str]:
    return frozenset({tag, *(f"{tag}:{n}" for n in range(1, level + 1))})
