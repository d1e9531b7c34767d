"""Time that is counted in questions."""

from __future__ import annotations


class Clock:
    """Time that is over at the n-th question."""

    def __init__(self, questions: int) -> None:
        self.left, self.asked = questions, 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked > self.left
