"""Shortest times from one place to many in a contraction hierarchy, in two sweeps.

Upwards from the beginning over its ancestors, then downwards over the ancestors of the ends, each
once, highest first (Delling, Goldberg and Werneck 2011, "Faster Batched Shortest Paths in Road
Networks"). What lies above the ends is gathered once for all beginnings. Nodes are numbered by
rank. Times are deciseconds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slotsvc.scheduling.travel_port import UNREACHABLE
from slotsvc.solver.compiled import compiled
from slotsvc.travel.hierarchy import Int32, Ways

INF = UNREACHABLE


class Ends(NamedTuple):
    """Where places join the graph: place k at ``node[first[k]:first[k + 1]]``, each so many
    deciseconds (``cost``) away."""

    first: Int32
    node: Int32
    cost: Int32


class Above(NamedTuple):
    """Everything above some ends, highest first: m nodes numbered anew.

    ``node`` (m,): their ranks. ``first`` (m + 1,), ``upper``, ``weight``: their arcs by the new
    numbers. ``at``: the new numbers of the ends' nodes.
    """

    node: Int32
    first: Int32
    upper: Int32
    weight: Int32
    at: Int32


def above(ways: Ways, parent: Int32, ends: Ends) -> Above:
    """What one sweep downwards over ``ways`` to ``ends`` needs."""
    highest_first = np.flatnonzero(_ancestors(parent, ends.node))[::-1]
    return Above(*_gathered(ways, highest_first.astype(np.int32), ends.node))


@compiled
def _ancestors(parent: Int32, nodes: Int32) -> NDArray[np.bool_]:
    """Which are ``nodes`` or above one of them in the elimination tree, (n,)."""
    known = np.zeros(len(parent), np.bool_)
    for node in nodes:
        while node >= 0 and not known[node]:
            known[node] = True
            node = parent[node]
    return known


@compiled
def _gathered(
    ways: Ways, ancestors: Int32, ends: Int32
) -> tuple[Int32, Int32, Int32, Int32, Int32]:  # fmt: skip
    """The fields of ``Above``. ``ancestors``: descending; those no arc leads to are left out."""
    wanted = np.zeros(len(ways.first), np.bool_)
    for node in ends:
        wanted[node] = True
    nodes, arcs = 0, 0
    for k in range(len(ancestors) - 1, -1, -1):
        if wanted[ancestors[k]]:
            nodes += 1
            for a in range(ways.first[ancestors[k]], ways.first[ancestors[k] + 1]):
                wanted[ways.upper[a]] = True
                arcs += 1
    node, first = np.empty(nodes, np.int32), np.zeros(nodes + 1, np.int32)
    upper, weight = np.empty(arcs, np.int32), np.empty(arcs, np.int32)
    number = np.empty(len(ways.first), np.int32)
    nodes, arcs = 0, 0
    for rank in ancestors:
        if wanted[rank]:
            node[nodes], number[rank] = rank, nodes
            nodes += 1
            for a in range(ways.first[rank], ways.first[rank + 1]):
                upper[arcs], weight[arcs] = number[ways.upper[a]], ways.weight[a]
                arcs += 1
            first[nodes] = arcs
    at = np.empty(len(ends), np.int32)
    for k in range(len(ends)):
        at[k] = number[ends[k]]
    return node, first, upper, weight, at


@compiled
def lines(
    begins: Ends, up: Ways, parent: Int32, over: Above, ends: Ends, times: Int32
) -> None:  # fmt: skip
    """Fills ``times`` (begins, ends): the least of cost, way and cost; INF or more: no way.

    ``over``: what lies above ``ends`` in the other direction's arcs.
    """
    reached = np.full(len(parent), INF, np.int32)
    here = np.empty(len(over.node), np.int32)
    climb = np.empty(len(begins.node), np.int32)
    for k in range(len(begins.first) - 1):
        low, high = begins.first[k], begins.first[k + 1]
        for i in range(low, high):
            reached[begins.node[i]] = min(reached[begins.node[i]], begins.cost[i])
        _climbed(up, parent, begins.node[low:high], climb, reached, True)
        _swept(over, reached, here)
        for end in range(len(ends.first) - 1):
            least = INF
            for i in range(ends.first[end], ends.first[end + 1]):
                least = min(least, here[over.at[i]] + ends.cost[i])
            times[k, end] = least
        _climbed(up, parent, begins.node[low:high], climb, reached, False)


@compiled
def _climbed(
    up: Ways, parent: Int32, nodes: Int32, climb: Int32, reached: Int32, relax: bool
) -> None:  # fmt: skip
    """Visits all ancestors of ``nodes``, lowest first, and relaxes their arcs or forgets them."""
    count = len(nodes)
    for k in range(count):
        climb[k] = nodes[k]
    while count:
        lowest = climb[0]
        for k in range(1, count):
            lowest = min(lowest, climb[k])
        if relax:
            so_far = reached[lowest]
            for a in range(up.first[lowest], up.first[lowest + 1]):
                reached[up.upper[a]] = min(reached[up.upper[a]], so_far + up.weight[a])
        else:
            reached[lowest] = INF
        left = 0
        for k in range(count):
            node = parent[lowest] if climb[k] == lowest else climb[k]
            if node >= 0:
                climb[left] = node
                left += 1
        count = left


@compiled
def _swept(over: Above, reached: Int32, here: Int32) -> None:
    """Fills ``here`` with the times to each node of ``over``."""
    for k in range(len(over.node)):
        least = reached[over.node[k]]
        for a in range(over.first[k], over.first[k + 1]):
            least = min(least, here[over.upper[a]] + over.weight[a])
        here[k] = least


@compiled
def straight(ones: Ends, others: Ends, ahead: int, times: Int32) -> None:
    """Lowers ``times`` (ones, others) where a journey stays on one stretch of road.

    ``cost``: from the beginning of the stretch. ``ahead``: 1 from ones to others, -1 back.
    """
    for k in range(len(ones.first) - 1):
        for i in range(ones.first[k], ones.first[k + 1]):
            for other in range(len(others.first) - 1):
                for j in range(others.first[other], others.first[other + 1]):
                    if others.node[j] == ones.node[i]:
                        way = ahead * (others.cost[j] - ones.cost[i])
                        if way >= 0:
                            times[k, other] = min(times[k, other], way)
