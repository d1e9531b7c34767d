from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotsvc.domain.place import Location, great_circle_m
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.travel.data import demo_extract
from slotsvc.travel.estimate import (
    EstimatedTravelTimes,
    EstimateParams,
    Regime,
    great_circles_m,
)
from slotsvc.travel.osm_extract import read_extract
from slotsvc.travel.osrm import OsrmTravelTimes
from tests.road_fixtures import CASINO, LA_TURBIE, TOWN

places = st.builds(
    Location,
    lat=st.floats(43.0, 44.0, allow_nan=False),
    lon=st.floats(7.0, 8.0, allow_nan=False),
)


async def test_an_estimate_says_so() -> None:
    """Provenance ESTIMATE, a map id of its own, no snap distance."""
    table = await EstimatedTravelTimes().table([CASINO], [LA_TURBIE])
    assert table.provenance is Provenance.ESTIMATE
    assert table.map_id.startswith("estimate:")
    assert table.source_snap_m.tolist() == [0.0]


async def test_other_parameters_are_another_map() -> None:
    """Times of two parameter sets never count as one map's."""
    slower = EstimateParams(town=Regime(overhead_s=300, speed_kmh=10))
    assert EstimatedTravelTimes(slower).map_id != EstimatedTravelTimes().map_id


@given(a=places, b=places, c=places)
def test_a_detour_is_never_quicker(a: Location, b: Location, c: Location) -> None:
    """The estimate obeys the triangle inequality in whole seconds."""
    metres = great_circles_m([a, b, c], [a, b, c])
    seconds = EstimatedTravelTimes()._seconds(metres)
    assert seconds[0, 2] <= seconds[0, 1] + seconds[1, 2]


@given(a=places, b=places)
def test_all_pairs_agree_with_the_domains_great_circle(a: Location, b: Location) -> None:
    """The array formula and the scalar one measure alike."""
    assert great_circles_m([a], [b])[0, 0] == pytest.approx(great_circle_m(a, b), abs=1e-3)


async def test_it_is_rarely_quicker_than_the_road(osrm: OsrmTravelTimes) -> None:
    """For at least 95 % of pairs of road points in the demo town the estimate is not optimistic,
    and its median is no more than twice the road's time."""
    points = random.Random(5).sample(read_extract(demo_extract()).road_points, 150)
    road = await osrm.table(points, points)
    estimate = (await EstimatedTravelTimes().table(points, points)).seconds
    on_map = road.source_snap_m < 250
    pairs = np.ix_(on_map, on_map)
    apart = ~np.eye(int(on_map.sum()), dtype=bool)
    real, guessed = road.seconds[pairs][apart], estimate[pairs][apart]
    assert (guessed >= real).mean() >= 0.95
    assert np.median(guessed / np.maximum(real, 1)) <= 2.1


@pytest.mark.parametrize(
    "wrong",
    [
        {"circuity": 0.9},
        {"circuity": float("nan")},
        {"town": Regime(10, 0)},
        {"town": Regime(-1, 9)},
    ],
)
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    """A circuity under one or a speed of nothing is a configuration error."""
    with pytest.raises(ValueError, match="must"):
        EstimateParams(**wrong)  # type: ignore[arg-type]


async def test_the_whole_town_is_estimated_in_one_go() -> None:
    """Rows and columns agree: the estimate is symmetric."""
    seconds = (await EstimatedTravelTimes().table(TOWN, TOWN)).seconds
    assert (seconds == seconds.T).all()
