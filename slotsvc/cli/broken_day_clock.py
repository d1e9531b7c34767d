"""The clock of the broken day: it stands until the story sets it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from slotsvc.cli import demo_town as town

TODAY = date(2027, 3, 2)
"""A Tuesday: the clock is set, so the story is the same whenever it is told."""


@dataclass
class SetClock:
    """A clock that the story sets. ``zone``: what its hours are said in."""

    instant: datetime
    zone: ZoneInfo

    def now(self) -> datetime:
        """What the story says it is."""
        return self.instant

    def set(self, moment: datetime) -> None:
        """Time goes by, never back."""
        self.instant = max(self.instant, moment)

    @property
    def day(self) -> date:
        """The story's day."""
        return TODAY

    def at(self, hour: int, minute: int = 0, day: date = TODAY) -> datetime:
        """Aware UTC of a wall-clock time."""
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).astimezone(
            UTC
        )


def day_before() -> SetClock:
    """Noon of the day before, when the company's days get booked."""
    zone = ZoneInfo(town.ZONE)
    noon = datetime.combine(TODAY - timedelta(days=1), datetime.min.time(), zone)
    return SetClock((noon + timedelta(hours=12)).astimezone(UTC), zone)
