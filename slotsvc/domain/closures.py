"""When a company or a team is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from slotsvc.domain.time_window import TimeWindow


@dataclass(frozen=True, slots=True)
class Closure:
    """Nobody works: an absence of everybody. Exactly one of ``dates`` and ``window`` is set.

    ``dates``: first and last service date, both included: their shifts do not take place; a night
    shift that began the evening before runs to its end. ``window``: work stops in it, as in an
    absence. ``team``: "" is the whole company. ``on_duty``: ids of technicians who work all the
    same.
    """

    id: str
    team: str = ""
    dates: tuple[date, date] | None = None
    window: TimeWindow | None = None
    on_duty: frozenset[str] = frozenset()
    note: str = ""

    def __post_init__(self) -> None:
        if (self.dates is None) == (self.window is None):
            raise ValueError("a closure has either dates or a window")

    def closes(self, day: date) -> bool:
        """Whether the shifts of the service date ``day`` do not take place."""
        return self.dates is not None and self.dates[0] <= day <= self.dates[1]
