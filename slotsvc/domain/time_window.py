"""The only interval algebra: half-open windows of aware UTC instants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class TimeWindow:
    """``[start, end)``, both aware UTC with whole seconds, ``start < end``.

    Raises ``ValueError`` for naive instants, fractions of a second, or an empty window.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            instant: datetime = getattr(self, name)
            if instant.tzinfo is None:
                raise ValueError(f"{name} must carry a time zone")
            if instant.microsecond:
                raise ValueError(f"{name} must be a whole second")
            object.__setattr__(self, name, instant.astimezone(UTC))
        if self.start >= self.end:
            raise ValueError("a window must end after it starts")

    @property
    def length(self) -> timedelta:
        """Elapsed time, never wall-clock time: both ends are UTC."""
        return self.end - self.start

    def contains(self, instant: datetime) -> bool:
        """True for ``start <= instant < end``."""
        return self.start <= instant < self.end

    def covers(self, other: TimeWindow) -> bool:
        """True when ``other`` lies inside this window."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: TimeWindow) -> bool:
        """True when the two share an instant; touching ends do not."""
        return self.start < other.end and other.start < self.end

    def intersect(self, other: TimeWindow) -> TimeWindow | None:
        """The common part; None when there is none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return TimeWindow(start, end) if start < end else None


def merge(windows: Iterable[TimeWindow]) -> tuple[TimeWindow, ...]:
    """The union as sorted, disjoint windows; touching ones become one."""
    merged: list[TimeWindow] = []
    for window in sorted(windows):
        if merged and window.start <= merged[-1].end:
            merged[-1] = TimeWindow(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return tuple(merged)


def from_epoch(seconds: int) -> datetime:
    """The aware UTC instant of a Unix time in whole seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def to_epoch(instant: datetime) -> int:
    """Unix time in whole seconds; fractions are cut. Raises ``ValueError`` for naive instants."""
    if instant.tzinfo is None:
        raise ValueError("an instant must carry a time zone")
    return int(instant.timestamp())
