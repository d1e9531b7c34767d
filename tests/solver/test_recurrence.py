"""The compiled recurrence says what the array one says."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.solver import recurrence, timing
from slotsvc.solver.instance import INF

SECONDS = st.integers(0, 40)
PAUSE = st.tuples(SECONDS, st.integers(0, 12), st.integers(0, 9)).map(
    lambda p: (p[0], p[0] + p[1], p[2])
)
PAUSES = st.lists(PAUSE, max_size=3)
STOP = st.tuples(SECONDS, SECONDS, st.integers(0, 30), st.integers(0, 15), st.booleans())


def _arrays(pauses: list[tuple[int, int, int]]) -> np.ndarray:
    return np.array(pauses, np.int32).reshape(len(pauses), 3)


def _one(value: int) -> np.ndarray:
    return np.array([value], np.int32)


def _columns(pauses: list[tuple[int, int, int]]) -> list[tuple[np.ndarray, ...]]:
    return [tuple(_one(v) for v in pause) for pause in pauses]


@settings(max_examples=200, deadline=None)
@given(PAUSES, st.lists(STOP, min_size=1, max_size=4))
def test_stop_by_stop(
    pauses: list[tuple[int, int, int]], stops: list[tuple[int, int, int, int, bool]]
) -> None:
    """Times and first starts of every state agree along a whole day."""
    own, columns = _arrays(pauses), _columns(pauses)
    count = recurrence.state_count(len(pauses))
    assert count == len(timing.states(len(pauses)))
    times, after = np.zeros(count, np.int32), np.zeros(count, np.int32)
    first = np.zeros(len(pauses) + 1, np.int32)
    expected = np.zeros((count, 1), np.int32)
    begins = np.zeros((len(pauses) + 1, 1), np.int32)
    for number, (leg, opens, width, service, pausable) in enumerate(stops):
        closes = opens + width
        marks = (_one(leg), _one(opens), _one(closes), _one(service), np.array([pausable]))
        if number == 0:
            recurrence.first_stop(leg, opens, closes, service, pausable, own, times, first)
            expected, begins = timing.first_stop(*marks, columns)
        else:
            recurrence.next_stop(times, leg, opens, closes, service, pausable, own, after)
            times[:] = after
            expected = timing.next_stop(expected, *marks, columns)
        assert np.minimum(times, INF).tolist() == np.minimum(expected[:, 0], INF).tolist()
        assert np.minimum(first, INF).tolist() == np.minimum(begins[:, 0], INF).tolist()


@settings(max_examples=200, deadline=None)
@given(PAUSES, SECONDS, st.integers(-5, 80), st.data())
def test_there_and_back(
    pauses: list[tuple[int, int, int]], leg: int, by: int, data: st.DataObject
) -> None:
    """The latest finish is the last one from which driving still arrives in time."""
    own = _arrays(pauses)
    taken = data.draw(st.integers(0, len(pauses)))
    until = data.draw(st.integers(taken, len(pauses)))
    latest = recurrence.latest_finish(by, leg, own, taken, until)
    columns = _columns(pauses)
    told = timing.latest_finish(_one(by), _one(leg), columns, taken, until)[0]
    assert max(latest, -INF) == max(int(told), -INF)
    if by >= 0 and latest >= 0:
        assert recurrence.drive(latest, leg, own, taken, until) <= by
        assert recurrence.drive(latest + 1, leg, own, taken, until) > by
