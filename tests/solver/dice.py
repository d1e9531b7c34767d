"""Decisions read off random bytes, so that hypothesis can shrink them, and quickly."""

from __future__ import annotations

from collections.abc import Sequence


class Dice:
    """Decisions read off a string of bytes; 0 when it has come to its end."""

    def __init__(self, seed: bytes) -> None:
        self._rest = iter(seed)

    def __call__(self, sides: int) -> int:
        """A number from 0 to ``sides - 1``."""
        return next(self._rest, 0) % sides

    def pick[T](self, choices: Sequence[T]) -> T:
        """One of the choices; the first is the simplest."""
        return choices[self(len(choices))]

    def chance(self, one_in: int) -> bool:
        """True about once in so many times."""
        return self(one_in) == one_in - 1

    def some[T](self, choices: Sequence[T], one_in: int) -> frozenset[T]:
        """A subset."""
        return frozenset(c for c in choices if self.chance(one_in))
