"""What the store tidies up now and then. Nothing is wrong when it does not: rows only pile up."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class SweepWrite(Protocol):
    """Tidying. Each takes at most ``most`` rows, gives how many there were, and waits for nobody:
    rows that another transaction has in hand are left for the next time."""

    def forget_answers(self, most: int) -> int:
        """Takes out stored answers that are kept no longer."""
        ...

    def release_lapsed(self, before: datetime, most: int) -> int:
        """Marks holds that lapsed before then RELEASED, as every reader takes them to be since:
        routes neither change nor grow their version."""
        ...
