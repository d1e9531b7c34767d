from __future__ import annotations

import pytest

from slotsvc.scheduling.travel_port import TravelUnavailableError
from slotsvc.travel.breaker import Breaker, BreakerLimits
from slotsvc.travel.road_health import (
    BY_OSRM,
    ESTIMATED,
    NO_MAP,
    NO_ROADS,
    WITHOUT_SHAPES,
    RoadHealth,
)

ONCE = BreakerLimits(in_a_row=1)


async def broken(*breakers: Breaker) -> None:
    async def down() -> None:
        raise TravelUnavailableError("down")

    for breaker in breakers:
        with pytest.raises(TravelUnavailableError):
            await breaker.guarded(down)


@pytest.fixture
def engines() -> dict[str, Breaker]:
    return {name: Breaker(name, ONCE) for name in ("process", "osrm", "pictures")}


@pytest.fixture
def health(engines: dict[str, Breaker]) -> RoadHealth:
    return RoadHealth((engines["process"], engines["osrm"]), engines["pictures"])


@pytest.mark.parametrize(
    ("away", "told", "estimated"),
    [
        ((), "ok", False),
        (("process",), BY_OSRM, False),
        (("osrm",), "ok", False),
        (("pictures",), WITHOUT_SHAPES, False),
        (("osrm", "pictures"), WITHOUT_SHAPES, False),
        (("process", "osrm"), ESTIMATED, True),
        (("process", "osrm", "pictures"), ESTIMATED, True),
    ],
)
async def test_the_worst_that_is_away_is_told(
    health: RoadHealth,
    engines: dict[str, Breaker],
    away: tuple[str, ...],
    told: str,
    estimated: bool,
) -> None:
    """Estimates before slower roads before missing pictures; a silent reserve is no news."""
    await broken(*(engines[name] for name in away))
    assert (health.told, health.estimated) == (told, estimated)


def test_without_roads_there_is_nothing_to_come_back() -> None:
    """No map and no server: estimates for good, which is no degradation."""
    assert (NO_ROADS.told, NO_ROADS.estimated) == (NO_MAP, True)
    assert NO_ROADS.breakers == ()
