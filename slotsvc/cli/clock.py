"""The command line's own clock: for "today" and "tomorrow" and the days of the demo."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Aware UTC now. The service has its own clock; this one only turns words into dates."""
    return datetime.now(UTC)
