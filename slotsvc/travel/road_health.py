"""Whether driving times come from roads now: what the breakers of the engines say."""

from __future__ import annotations

from dataclasses import dataclass

from slotsvc.travel.breaker import Breaker, BreakerState

ESTIMATED = "no road engine answers: driving is estimated"
BY_OSRM = "driving times come from OSRM, which is slower"
WITHOUT_SHAPES = "routes and tiles cannot be drawn"
NO_MAP = "no map: driving is estimated"


@dataclass(frozen=True, slots=True)
class RoadHealth:
    """``engines``: those that answer tables, the first one asked first. ``pictures``: of what draws
    routes and tiles; None: nothing does."""

    engines: tuple[Breaker, ...]
    pictures: Breaker | None = None

    @property
    def estimated(self) -> bool:
        """No engine answers: driving that is not remembered is estimated."""
        return not any(_answers(engine) for engine in self.engines)

    @property
    def told(self) -> str:
        """A word for those who watch the service."""
        if self.estimated:
            return ESTIMATED if self.engines else NO_MAP
        if not _answers(self.engines[0]):
            return BY_OSRM
        drawn = self.pictures is None or _answers(self.pictures)
        return "ok" if drawn else WITHOUT_SHAPES

    @property
    def breakers(self) -> tuple[Breaker, ...]:
        """All of them."""
        return (*self.engines, self.pictures) if self.pictures else self.engines


NO_ROADS = RoadHealth(())


def _answers(breaker: Breaker) -> bool:
    return breaker.state is BreakerState.CLOSED
