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
    """Everything above some nodes, numbered anew from 1; whatever is higher has a lower number.

    ``node`` (m,): ranks. ``first`` (m + 1,), ``upper`` (numbers less 1), ``weight``: their arcs.
    ``number`` (n,): the number of each rank, 0 for what is not here.
    """

    node: Int32
    first: Int32
    upper: Int32
    weight: Int32
    number: Int32


def above(ways: Ways, parent: Int32, nodes: Int32, known: Above | None = None) -> Above:
    """What a sweep downwards over ``ways`` to ``nodes`` needs.

    ``known``: of other nodes; it is kept, and what is missing for ``nodes`` comes behind it.
    """
    if known is None:
        nothing, no_number = np.zeros(0, np.int32), np.zeros(len(parent), np.int32)
        known = Above(nothing, np.zeros(1, np.int32), nothing, nothing, no_number)
    missing = nodes[known.number[nodes] == 0]
    if not len(missing):
        return known
    highest_first = np.flatnonzero(_ancestors(parent, missing))[::-1].astype(np.int32)
    return Above(*_grown(ways, known, highest_first, missing))


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
def _grown(
    ways: Ways, known: Above, ancestors: Int32, missing: Int32
) -> tuple[Int32, Int32, Int32, Int32, Int32]:  # fmt: skip
    """The fields of ``Above``. ``ancestors``: descending; those no arc leads to are left out."""
    wanted = np.zeros(len(known.number), np.bool_)
    for node in missing:
        wanted[node] = True
    nodes, arcs = len(known.node), len(known.upper)
    for k in range(len(ancestors) - 1, -1, -1):
        rank = ancestors[k]
        if wanted[rank] and known.number[rank] == 0:
            nodes += 1
            for a in range(ways.first[rank], ways.first[rank + 1]):
                wanted[ways.upper[a]] = True
                arcs += 1
    node, first = _begun_with(known.node, nodes), _begun_with(known.first, nodes + 1)
    upper, weight = _begun_with(known.upper, arcs), _begun_with(known.weight, arcs)
    number = _begun_with(known.number, len(known.number))
    nodes, arcs = len(known.node), len(known.upper)
    for rank in ancestors:
        if wanted[rank] and known.number[rank] == 0:
            node[nodes] = rank
            nodes += 1
            number[rank] = nodes
            for a in range(ways.first[rank], ways.first[rank + 1]):
                upper[arcs], weight[arcs] = number[ways.upper[a]] - 1, ways.weight[a]
                arcs += 1
            first[nodes] = arcs
    return node, first, upper, weight, number


@compiled
def _begun_with(known: Int32, length: int) -> Int32:
    """A longer array that begins with ``known``."""
    array = np.empty(length, np.int32)
    for k in range(len(known)):
        array[k] = known[k]
    return array


@compiled
def lines(
    begins: Ends, up: Ways, parent: Int32, over: Above, ends: Ends, times: Int32
) -> None:  # fmt: skip
    """Fills ``times`` (begins, ends): the least of cost, way and cost; INF or more: no way.

    ``over``: what lies above ``ends`` in the other direction's arcs, and maybe more.
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
                least = min(least, here[over.number[ends.node[i]] - 1] + ends.cost[i])
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
