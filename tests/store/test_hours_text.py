"""Durations as stored."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slotsvc.store.hours_text import seconds_of


def test_a_fraction_of_a_second_is_refused() -> None:
    """A duration that the tables cannot hold is not cut silently."""
    assert seconds_of(timedelta(days=2, seconds=3)) == 172_803
    with pytest.raises(ValueError, match="whole seconds"):
        seconds_of(timedelta(milliseconds=1_500))
