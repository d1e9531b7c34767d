"""The road engine's hierarchy against the two RoutingKit wheels, on one map, in one run.

    python -m benchmarks.hierarchies --map DIR

Same graph, same pinned targets (two nodes for each of 3,650 places), same sources. A wheel that is
not installed is left out: ``pip install routingkit-cch==0.1.4 pyroutingkit==0.2.1``.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slotsvc.travel.contraction import contract, customized, needed
from slotsvc.travel.dissection import dissection_ranks
from slotsvc.travel.hierarchy_build import weighted
from slotsvc.travel.hierarchy_sweep import Ends, above, lines
from slotsvc.travel.lattice import lattice
from slotsvc.travel.map_info import MapFiles, MapInfo
from slotsvc.travel.road_graph import RoadGraph

TARGETS = 2 * 3650
SOURCES = 40
Times = dict[str, float]
Row = NDArray[np.int64]
NO_WAY = 1 << 29


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--map", type=Path, required=True, help="directory of a compiled map")
    files = MapFiles(arguments.parse_args().map)
    info = MapInfo.load(files.info)
    graph = RoadGraph.load(files.graph, info.map_id, info.osrm_version)
    chance = np.random.default_rng(1)
    count = min(TARGETS, graph.node_count)
    targets = chance.choice(graph.node_count, count, replace=False).astype(np.int32)
    sources = chance.integers(0, graph.node_count, SOURCES).astype(np.int32)
    print(f"{info.name}: {graph.node_count} nodes, {len(graph.tail)} arcs, {count} targets\n")
    found: dict[str, tuple[Times, list[Row]]] = {}
    for name, measure in (
        ("slotsvc", _ours),
        ("routingkit-cch", _routingkit_cch),
        ("pyroutingkit", _pyroutingkit),
    ):
        try:
            found[name] = measure(graph, targets, sources)
        except ImportError:
            print(f"{name} is not installed")
    _show(found)


def _ours(graph: RoadGraph, targets: Any, sources: Any) -> tuple[Times, list[Row]]:
    small = lattice(3)
    weighted(dissection_ranks(small.tail, small.head, small.node_at), small.tail, small.head,
             small.weight)  # fmt: skip
    times: Times = {}
    rank = _timed(
        times, "order, s", lambda: dissection_ranks(graph.tail, graph.head, graph.node_at)
    )
    tails, heads = rank[graph.tail], rank[graph.head]
    apart = tails != heads
    low, high = np.minimum(tails, heads)[apart], np.maximum(tails, heads)[apart]
    shape = _timed(times, "contract, s", lambda: contract(low, high, graph.node_count))
    _timed(
        times,
        "weigh, s",
        lambda: needed(shape, *customized(shape, tails, heads, graph.weight)),
    )
    tree = weighted(rank, graph.tail, graph.head, graph.weight)
    first = np.arange(len(targets) + 1, dtype=np.int32)
    ends = Ends(first, rank[targets], np.zeros(len(targets), dtype=np.int32))
    above(tree.down, tree.parent, ends.node)
    over = _timed(times, "pin, ms", lambda: above(tree.down, tree.parent, ends.node), 1e3)
    row = np.zeros((1, len(targets)), dtype=np.int32)

    def one(source: int) -> Row:
        begin = Ends(first[:2], rank[[source]], np.zeros(1, dtype=np.int32))
        lines(begin, tree.up, tree.parent, over, ends, row)
        return row[0].astype(np.int64)

    return times, _rows(times, one, sources)


def _routingkit_cch(graph: RoadGraph, targets: Any, sources: Any) -> tuple[Times, list[Row]]:
    wheel = importlib.import_module("routingkit_cch")
    times: Times = {}
    tail, head, weight = graph.tail.tolist(), graph.head.tolist(), graph.weight.tolist()
    lon, lat = (graph.node_at.T / 1e6).tolist()
    order = _timed(
        times,
        "order, s",
        lambda: wheel.compute_order_inertial(graph.node_count, tail, head, lat, lon),
    )
    tree = _timed(times, "contract, s", lambda: wheel.CCH(order, tail, head, False))
    metric = _timed(times, "weigh, s", lambda: wheel.CCHMetric(tree, weight))
    pinned = targets.tolist()
    query = _timed(times, "pin, ms", lambda: wheel.CCHOneToMany(metric, pinned), 1e3)

    def one(source: int) -> Row:
        row = query.distances_from(source)
        return np.array([NO_WAY if way is None else way for way in row], dtype=np.int64)

    return times, _rows(times, one, sources)


def _pyroutingkit(graph: RoadGraph, targets: Any, sources: Any) -> tuple[Times, list[Row]]:
    wheel = importlib.import_module("pyroutingkit")
    times: Times = {}
    tail, head = graph.tail.astype(np.uint32), graph.head.astype(np.uint32)
    lon, lat = np.ascontiguousarray(graph.node_at.T / 1e6, dtype=np.float32)
    tree = wheel.CCHTopology()
    count = graph.node_count
    _timed(times, "order, s", lambda: tree.build(tail, head, lat, lon, count))
    with tempfile.TemporaryDirectory() as directory:
        tree.save(directory)
        _timed(times, "contract, s", lambda: tree.load(directory))
    metric = wheel.CCHMetric(tree)
    _timed(times, "weigh, s", lambda: metric.customize(graph.weight.astype(np.uint32)))
    pinned = targets.astype(np.uint32)

    def one(source: int) -> Row:
        row = metric.distances_many_to_many(np.array([source], dtype=np.uint32), pinned)[0]
        return np.minimum(row.astype(np.int64), NO_WAY)

    return times, _rows(times, one, sources)


def _timed[T](times: Times, name: str, work: Callable[[], T], scale: float = 1.0) -> T:
    begun = time.perf_counter()
    done = work()
    times[name] = (time.perf_counter() - begun) * scale
    return done


def _rows(times: Times, one: Callable[[int], Row], sources: Any) -> list[Row]:
    rows, spent = [], []
    for source in sources.tolist():
        begun = time.perf_counter()
        rows.append(one(source))
        spent.append((time.perf_counter() - begun) * 1e3)
    times["one to all, ms"] = median(spent)
    times["the quickest, ms"] = min(spent)
    return rows


def _show(found: dict[str, tuple[Times, list[Row]]]) -> None:
    measures = ("order, s", "contract, s", "weigh, s", "pin, ms", "one to all, ms",
                "the quickest, ms")  # fmt: skip
    print(f"{'':<18}" + "".join(f"{name:>18}" for name in measures))
    for name, (times, _) in found.items():
        cells = (f"{times[each]:.3f}" if each in times else "-" for each in measures)
        print(f"{name:<18}" + "".join(f"{cell:>18}" for cell in cells))
    expected = found["slotsvc"][1]
    for name, (_, rows) in found.items():
        same = all(
            (np.minimum(a, NO_WAY) == np.minimum(b, NO_WAY)).all()
            for a, b in zip(rows, expected, strict=True)
        )
        print(f"{name}: {'the same times' if same else 'OTHER TIMES'}")


if __name__ == "__main__":
    main()
