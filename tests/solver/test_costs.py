"""Cost components: what each measures, and that no lower bound is above it."""

from __future__ import annotations

from dataclasses import fields

import pytest

from slotsvc.solver.asked_windows import AskedWindows
from slotsvc.solver.costs import days_away, overtime, technician, travel, waiting, window
from slotsvc.solver.params import TRAVEL_ONLY, CostWeights
from tests.solver.calendars import asked, between

WEIGHTS = CostWeights()


def test_each_component_is_weighed_by_its_own_weight() -> None:
    """Seconds of driving, waiting and overtime, days, and preferences that were not met."""
    liked = (between("9:00", "12:00"),)
    parts = [
        travel.cost(60, WEIGHTS),
        waiting.cost(-120, WEIGHTS),
        overtime.cost(60, WEIGHTS),
        days_away.cost(3, WEIGHTS),
        technician.cost("ana", {"bo"}, WEIGHTS),
        window.cost(between("8:00", "10:00"), liked, WEIGHTS),
    ]
    assert [(p.name, p.quantity, p.cost) for p in parts] == [
        ("travel", 60, 60_000),
        ("waiting", -120, -30_000),
        ("overtime", 60, 120_000),
        ("days_away", 3, 540_000),
        ("technician", 1, 600_000),
        ("window", 1, 900_000),
    ]
    assert sum(p.quantity * WEIGHTS.travel for p in parts[:1]) == travel.cost(60, TRAVEL_ONLY).cost
    assert not any(getattr(TRAVEL_ONLY, f.name) for f in fields(TRAVEL_ONLY) if f.name != "travel")


@pytest.mark.parametrize(("preferred", "cost"), [(set(), 0), ({"ana"}, 0), ({"bo"}, 600_000)])
def test_no_preference_costs_nothing(preferred: set[str], cost: int) -> None:
    """Nobody preferred, the preferred one, somebody else."""
    assert technician.cost("ana", preferred, WEIGHTS).cost == cost
    assert technician.lower_bound("ana", preferred, WEIGHTS) == cost


@pytest.mark.parametrize(
    ("start", "end", "cost"),
    [
        ("9:00", "11:00", 0),
        ("10:00", "12:00", 0),
        ("8:59", "10:00", 900_000),
        ("11:00", "13:00", 900_000),
    ],
)
def test_a_promise_must_lie_inside_a_liked_window(start: str, end: str, cost: int) -> None:
    """Overlapping is not enough: the client could be served outside it."""
    liked = (between("9:00", "12:00"),)
    promise = between(start, end)
    assert window.cost(promise, liked, WEIGHTS).cost == cost
    inside = AskedWindows([asked(start, end)]).inside(liked)
    assert window.lower_bounds(inside, WEIGHTS).tolist() == [cost]
    assert window.cost(promise, (), WEIGHTS).cost == 0


def test_days_away_cost_what_their_bound_says() -> None:
    """They do not depend on the order."""
    assert days_away.lower_bound(2, WEIGHTS) == days_away.cost(2, WEIGHTS).cost


@pytest.mark.parametrize("name", [f.name for f in fields(CostWeights)])
@pytest.mark.parametrize("value", [-1, 100_000_001])
def test_weights_out_of_range_are_refused(name: str, value: int) -> None:
    """By name, so that the caller knows which."""
    with pytest.raises(ValueError, match=f"{name} must be from 0 to 100,000,000"):
        CostWeights(**{name: value})
