from __future__ import annotations

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import UNREACHABLE
from slotsvc.travel.map_measure import fastest_mps, triangle_violations


def test_a_metric_has_no_violations() -> None:
    """Straight lines: no detour is quicker."""
    at = np.array([0, 10, 25, 70], dtype=np.int32)
    assert triangle_violations(np.abs(at[:, None] - at[None, :])).share == 0.0


def test_each_quicker_detour_is_counted_once() -> None:
    """One of six ordered triples is 7 seconds quicker by way of the third place."""
    seconds = np.array([[0, 5, 20], [5, 0, 8], [14, 9, 0]], dtype=np.int32)
    found = triangle_violations(seconds)
    assert found.share == 1 / 6
    assert found.worst_s == 7


def test_unreachable_pairs_are_no_triples() -> None:
    """UNREACHABLE is neither long nor short; with no triple left the share is zero."""
    seconds = np.full((3, 3), UNREACHABLE, dtype=np.int32)
    np.fill_diagonal(seconds, 0)
    found = triangle_violations(seconds)
    assert (found.share, found.worst_s) == (0.0, 0)


def test_the_fastest_journey_ignores_rounding_of_short_ones() -> None:
    """Journeys under twenty seconds say nothing about speed; one second is given for rounding."""
    places = [Location(43.0, 7.0), Location(43.0, 7.001), Location(43.01, 7.0)]
    seconds = np.array([[0, 1, 101], [1, 0, 200], [200, 200, 0]], dtype=np.int32)
    assert 11.0 < fastest_mps(places, seconds) < 11.2
