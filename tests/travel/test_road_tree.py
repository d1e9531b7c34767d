from __future__ import annotations

import math
import tarfile

import numpy as np
from numpy.typing import NDArray

from slotsvc.travel.road_graph import RoadGraph
from slotsvc.travel.road_tree import BRANCHES, LEAF, mercator_latitudes, tree_of
from tests.road_fixtures import CompiledMap


def test_latitudes_are_projected_by_mercators_formula() -> None:
    """The equator stays; the square of the projection ends at 85.05 degrees."""
    projected = mercator_latitudes(np.array([0.0, 45.0, -45.0, 85.05112877980659, 90.0]))
    middle = math.degrees(math.asinh(math.tan(math.radians(45.0))))
    assert np.allclose(projected, [0.0, middle, -middle, 180.0, 180.0])


def test_the_tree_is_the_one_osrm_wrote(demo_map: CompiledMap) -> None:
    """Every box and the beginning of each level, as in its own index."""
    info = demo_map.info
    graph = RoadGraph.load(demo_map.files.graph, info.map_id, info.osrm_version)
    with tarfile.open(f"{demo_map.files.roads}.ramIndex") as index:
        boxes = _array(index, "/common/rtree/search_tree", "<i4").reshape(-1, 4)
        levels = _array(index, "/common/rtree/search_tree_level_starts", "<u8")
    assert np.array_equal(graph.boxes, boxes)
    assert np.array_equal(graph.levels, levels)


def test_every_box_holds_what_is_below_it() -> None:
    """Also with more leaves than one node takes, and a last leaf that is not full."""
    chance = np.random.default_rng(3)
    count = LEAF * (BRANCHES + 1) + 7
    ends = chance.integers(40_000_000, 40_030_000, (count, 4)).astype(np.int32)
    northing, boxes, levels = tree_of(ends)
    assert levels.tolist() == [0, 1, 3, 3 + BRANCHES + 2]
    leaves = boxes[levels[2] :]
    leaf = np.arange(count) // LEAF
    assert _inside(np.stack([ends[:, 0], northing[:, 0] * 1e6], axis=1), leaves[leaf])
    assert _inside(np.stack([ends[:, 2], northing[:, 1] * 1e6], axis=1), leaves[leaf])
    for row, below in ((boxes[:1], boxes[1:3]), (boxes[1:3], leaves)):
        above = row[np.arange(len(below)) // BRANCHES]
        assert _inside(below[:, ::2], above)
        assert _inside(below[:, 1::2], above)


def test_a_single_segment_is_a_tree() -> None:
    """Root and leaf are one."""
    northing, boxes, levels = tree_of(np.array([[7, 0, 5, 0]], dtype=np.int32))
    assert northing.tolist() == [[0.0, 0.0]]
    assert boxes.tolist() == [[5, 7, 0, 0]]
    assert levels.tolist() == [0, 1]


def _array(archive: tarfile.TarFile, name: str, dtype: str) -> NDArray[np.int64]:
    member = archive.extractfile(name)
    assert member is not None
    return np.frombuffer(member.read(), dtype=dtype).astype(np.int64)


def _inside(points: NDArray[np.float64 | np.int32], boxes: NDArray[np.int32]) -> bool:
    """Whether each point is in its box, roundings aside."""
    x, y = points.T
    across = (boxes[:, 0] <= x) & (x <= boxes[:, 1])
    return bool((across & (boxes[:, 2] - 0.5 <= y) & (y <= boxes[:, 3] + 0.5)).all())
