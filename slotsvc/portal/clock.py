"""The portal's clock: the only place that reads the wall clock here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

type Clock = Callable[[], datetime]
"""Now, an aware instant in UTC."""


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)
