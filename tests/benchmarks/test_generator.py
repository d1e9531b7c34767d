from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from benchmarks.generator import REQUEST_SITES, Shape, Team, requests, team
from slotsvc.solver.instance import END, START
from slotsvc.solver.timing import timetable

LUNCH = Shape(technicians=3, days=4, visits=6, seed=1)
NO_LUNCH = Shape(technicians=3, days=4, visits=6, seed=1, lunch=False)


@pytest.fixture(scope="module", params=[LUNCH, NO_LUNCH], ids=["lunch", "no lunch"])
def made(request: pytest.FixtureRequest) -> Team:
    return team(request.param, synthetic=True)


def test_promises_can_be_kept(made: Team) -> None:
    """Every committed order keeps windows, shift and lunch."""
    assert all(timetable(route, route.committed) for route in made.routes)
    assert sum(len(route.visits) for route in made.routes) > 40


def test_committed_orders_drive_least(made: Team) -> None:
    """No feasible order of a day drives less than the committed one, which stands first."""
    assert made.arrays.whole.all()
    for row, route in enumerate(made.routes):
        orders = [[START, *path.tolist(), END] for path in made.arrays.paths(row)]
        driven = [sum(int(route.travel[a, b]) for a, b in pairwise(nodes)) for nodes in orders]
        assert driven[0] == min(driven)
        assert orders[0] == [START, *route.committed, END]


def test_same_seed_same_team(made: Team) -> None:
    """A seed names one team; another seed names another."""
    again = team(made.shape, synthetic=True)
    assert [r.travel.tobytes() for r in again.routes] == [r.travel.tobytes() for r in made.routes]
    assert again.tags == made.tags
    other = team(Shape(3, 4, 6, seed=2), synthetic=True)
    assert [r.travel.tobytes() for r in other.routes] != [r.travel.tobytes() for r in made.routes]


def test_driving_of_a_route_is_the_towns(made: Team) -> None:
    """The legs of a route and the rows of a request come from the same table."""
    number = {place: i for i, place in enumerate(made.arrays.places)}
    for route in made.routes:
        sites = made.site[[number[place] for place in route.places]]
        assert (route.travel == made.town.seconds[np.ix_(sites, sites)]).all()


def test_requests_come_from_sites_nobody_visits(made: Team) -> None:
    """A request is at none of the team's sites, and some technician may do it."""
    for asked in requests(made, 30, 0):
        assert asked.site >= len(made.town.sites) - REQUEST_SITES
        assert asked.site not in made.site
        assert asked.tag is None or isinstance(asked.tag, str)
    assert any(asked.tag for asked in requests(made, 30, 0))
