"""The interval algebra as laws over random windows, second by second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotsvc.domain.time_window import TimeWindow, from_epoch, merge, to_epoch

START = 1_780_000_000


def a_window(first: int, end: int) -> TimeWindow:
    return TimeWindow(from_epoch(START + first), from_epoch(START + end))


def seconds(*windows: TimeWindow | None) -> set[int]:
    """The seconds inside the windows: the meaning every law is checked against."""
    return {
        second
        for window in windows
        if window is not None
        for second in range(to_epoch(window.start) - START, to_epoch(window.end) - START)
    }


windows = st.tuples(st.integers(0, 30), st.integers(1, 12)).map(lambda t: a_window(t[0], sum(t)))


@given(windows, windows)
def test_intersection_is_what_both_hold(a: TimeWindow, b: TimeWindow) -> None:
    """``intersect`` holds the common seconds, in any order, and is None when there are none."""
    assert seconds(a.intersect(b)) == seconds(a) & seconds(b)
    assert a.intersect(b) == b.intersect(a)
    assert (a.intersect(b) is not None) == a.overlaps(b) == b.overlaps(a)


@given(windows, windows)
def test_covering_is_inclusion(a: TimeWindow, b: TimeWindow) -> None:
    """``covers`` is inclusion of seconds."""
    assert a.covers(b) == (seconds(b) <= seconds(a))


@given(windows, st.integers(-2, 45))
def test_containment_is_half_open(a: TimeWindow, second: int) -> None:
    """The start is inside, the end is not."""
    assert a.contains(from_epoch(START + second)) == (second in seconds(a))
    assert a.contains(a.start)
    assert not a.contains(a.end)


@given(st.lists(windows, max_size=8))
def test_merging_keeps_the_union(some: list[TimeWindow]) -> None:
    """``merge`` keeps the seconds, gives sorted windows with gaps between, and is idempotent."""
    merged = merge(some)
    assert seconds(*merged) == seconds(*some)
    assert all(a.end < b.start for a, b in pairwise(merged))
    assert merge(merged) == merged
    assert merge(reversed(some)) == merged


@given(windows)
def test_length_counts_seconds(a: TimeWindow) -> None:
    """The length is the number of seconds inside."""
    assert a.length == timedelta(seconds=len(seconds(a)))


def test_length_is_elapsed_time_on_a_day_of_25_hours() -> None:
    """Two midnights of one zone are 25 hours apart when the clocks go back between them."""
    paris = ZoneInfo("Europe/Paris")
    day = TimeWindow(datetime(2026, 10, 25, tzinfo=paris), datetime(2026, 10, 26, tzinfo=paris))
    assert day.length == timedelta(hours=25)
    assert day.start.tzinfo is UTC


def test_windows_of_other_zones_compare_as_instants() -> None:
    """The same span given in another zone is the same window."""
    east = timezone(timedelta(hours=5, minutes=45))
    window = a_window(0, 10)
    assert TimeWindow(window.start.astimezone(east), window.end.astimezone(east)) == window


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (datetime(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC), "time zone"),  # noqa: DTZ001
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 1, 5, UTC), "whole second"),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), "end after"),
        (datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), "end after"),
    ],
)
def test_wrong_windows_are_refused(start: datetime, end: datetime, said: str) -> None:
    """Naive instants, fractions of a second and empty windows do not exist."""
    with pytest.raises(ValueError, match=said):
        TimeWindow(start, end)


@given(st.integers(0, 4_000_000_000))
def test_epoch_and_instant_are_inverse(second: int) -> None:
    """Unix seconds survive the way there and back."""
    assert to_epoch(from_epoch(second)) == second


def test_naive_instants_have_no_epoch() -> None:
    """An instant without a zone is refused rather than guessed."""
    with pytest.raises(ValueError, match="time zone"):
        to_epoch(datetime(2026, 1, 1))  # noqa: DTZ001
