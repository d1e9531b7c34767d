from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.roads import compared
from tests.road_fixtures import CompiledMap, compiled_demo_map


@pytest.fixture(scope="module")
def demo_map(tmp_path_factory: pytest.TempPathFactory) -> CompiledMap:
    return compiled_demo_map(tmp_path_factory.mktemp("maps"))


@pytest.mark.parametrize("neighbours", [0.1, 1.0])
def test_the_road_engine_drives_as_osrm_does(demo_map: CompiledMap, neighbours: float) -> None:
    """On the demo map no pair of places is more than a second apart, near or far."""
    directory: Path = demo_map.files.directory
    agreement = compared(directory, 40_000, neighbours, seed=7)
    assert agreement.pairs == 40_000
    assert agreement.equal == agreement.within_1_s == 40_000
    assert agreement.snap_differs == 0
    assert agreement.explained == {}
