"""Compiles the road engine ahead of its first use: ``python -m slotsvc.travel.road_warm_up``."""

from __future__ import annotations

import asyncio

from slotsvc.domain.place import Location
from slotsvc.travel.hierarchy_build import hierarchy_of
from slotsvc.travel.lattice import lattice
from slotsvc.travel.roads import RoadTravelTimes


def warm_up() -> None:
    """Makes and asks a tiny town. Runs an event loop of its own."""
    graph = lattice(3)
    engine = RoadTravelTimes(graph, hierarchy_of(graph))
    try:
        asyncio.run(_asked(engine))
    finally:
        engine.close()


async def _asked(engine: RoadTravelTimes) -> None:
    await engine.table([Location(0.0005, 0.0)], [Location(0.002, 0.001)])


if __name__ == "__main__":
    warm_up()
