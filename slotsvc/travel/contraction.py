"""Contracting a graph in a given order, and giving the result weights.

Customizable contraction hierarchies (Dibbelt, Strasser and Wagner 2016): the order and the arcs
that contraction adds depend on the roads only; weights come after, in a tenth of a second, and can
come again. Nodes are numbered by rank here. Of each pair of adjacent nodes the lower one keeps the
arc, with a weight upwards and one downwards.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slotsvc.solver.compiled import compiled
from slotsvc.travel.hierarchy import Int32, Ways
from slotsvc.travel.hierarchy_sweep import INF


class Shape(NamedTuple):
    """What contraction left: n nodes by rank, M pairs of adjacent nodes.

    ``first`` (n + 1,), ``upper`` (M,): the higher neighbours of each node, ascending.
    ``below_first`` (n + 1,), ``lower`` (M,), ``pair`` (M,): the lower ones, ascending, and the
    number of the pair in ``upper``. ``parent`` (n,): the lowest higher neighbour; -1 for none.
    """

    first: Int32
    upper: Int32
    below_first: Int32
    lower: Int32
    pair: Int32
    parent: Int32


def contract(low: Int32, high: Int32, count: int) -> Shape:
    """The graph of ``count`` nodes and undirected pairs ``(low[i], high[i])`` of ranks, contracted
    from the lowest rank to the highest."""
    by_low = np.argsort(low, kind="stable")
    first = np.searchsorted(low[by_low], np.arange(count + 1)).astype(np.int32)
    upper_first, upper, parent = _eliminated(first, high[by_low], count)
    below_first, lower, _ = _turned(upper_first, upper)
    # Turned twice the neighbours are sorted.
    upper_first, upper, _ = _turned(below_first, lower)
    below_first, lower, pair = _turned(upper_first, upper)
    return Shape(upper_first, upper, below_first, lower, pair, parent)


@compiled
def _eliminated(first: Int32, high: Int32, count: int) -> tuple[Int32, Int32, Int32]:
    """Higher neighbours after elimination, unsorted, and parents: a node's neighbours are its own
    and those of its children."""
    begins = np.zeros(count + 1, np.int32)
    upper = np.empty(4 * len(high) + count, np.int32)
    parent, seen = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
    child, sibling = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
    used = 0
    for node in range(count):
        if used + count - node > len(upper):
            upper = _longer(upper, 2 * len(upper) + count)
        begin = used
        used = _take(high, first[node], first[node + 1], node, seen, upper, used)
        below = child[node]
        while below >= 0:
            used = _take(upper, begins[below], begins[below + 1], node, seen, upper, used)
            below = sibling[below]
        begins[node + 1] = used
        if used > begin:
            above = upper[begin]
            for k in range(begin, used):
                above = min(above, upper[k])
            parent[node] = above
            sibling[node], child[above] = child[above], node
    return begins, _longer(upper, used), parent


@compiled
def _longer(array: Int32, length: int) -> Int32:
    """The array with another length, shorter too."""
    copy = np.empty(length, np.int32)
    for k in range(min(len(array), length)):
        copy[k] = array[k]
    return copy


@compiled
def _take(
    given: Int32, begin: int, end: int, node: int, seen: Int32, upper: Int32, used: int
) -> int:  # fmt: skip
    for k in range(begin, end):
        other = given[k]
        if other != node and seen[other] != node:
            seen[other] = node
            upper[used] = other
            used += 1
    return used


@compiled
def _turned(first: Int32, to: Int32) -> tuple[Int32, Int32, Int32]:
    """The same pairs seen from the other end, sorted there, and their numbers here."""
    count = len(first) - 1
    begins = np.zeros(count + 2, np.int32)
    for k in range(len(to)):
        begins[to[k] + 2] += 1
    for node in range(count):
        begins[node + 2] += begins[node + 1]
    back, number = np.empty(len(to), np.int32), np.empty(len(to), np.int32)
    for node in range(count):
        for k in range(first[node], first[node + 1]):
            at = begins[to[k] + 1]
            back[at], number[at] = node, k
            begins[to[k] + 1] += 1
    return begins[:-1], back, number


@compiled
def customized(
    shape: Shape, tail: Int32, head: Int32, weight: Int32
) -> tuple[Int32, Int32]:  # fmt: skip
    """Weights (M,) upwards and downwards of each pair, the quickest way over lower nodes only.

    ``tail``, ``head``: ranks. ``weight``: 0 or more; INF: closed.
    """
    up, down = np.full(len(shape.upper), INF, np.int32), np.full(len(shape.upper), INF, np.int32)
    for arc in range(len(tail)):
        one, two = tail[arc], head[arc]
        if one != two:
            pair = _pair(shape, min(one, two), max(one, two))
            if one < two:
                up[pair] = min(up[pair], weight[arc])
            else:
                down[pair] = min(down[pair], weight[arc])
    number = np.empty(len(shape.parent), np.int32)
    for middle in range(len(shape.parent)):
        for k in range(shape.first[middle], shape.first[middle + 1]):
            number[shape.upper[k]] = k
        for k in range(shape.below_first[middle], shape.below_first[middle + 1]):
            low, one = shape.lower[k], shape.pair[k]
            for other in range(one + 1, shape.first[low + 1]):
                pair = number[shape.upper[other]]
                up[pair] = min(up[pair], down[one] + up[other])
                down[pair] = min(down[pair], down[other] + up[one])
    return up, down


@compiled
def _pair(shape: Shape, low: int, high: int) -> int:
    """Number of the pair (low, high)."""
    begin: int = shape.first[low]
    end: int = shape.first[low + 1]
    while begin < end:
        middle = (begin + end) // 2
        if shape.upper[middle] < high:
            begin = middle + 1
        else:
            end = middle
    return begin


@compiled
def needed(shape: Shape, up: Int32, down: Int32) -> tuple[Ways, Ways]:
    """The arcs upwards and downwards that some shortest way needs (perfect customization).

    An arc goes when a way over a higher node is no longer. That is sound while no arc weighs
    nothing: an arc then only ever makes way for two quicker ones. ``up`` and ``down`` become the
    true distances.
    """
    no_up, no_down = np.zeros(len(up), np.bool_), np.zeros(len(up), np.bool_)
    number = np.empty(len(shape.parent), np.int32)
    for middle in range(len(shape.parent) - 1, -1, -1):
        for k in range(shape.first[middle], shape.first[middle + 1]):
            number[shape.upper[k]] = k
        for k in range(shape.below_first[middle], shape.below_first[middle + 1]):
            one = shape.pair[k]
            for other in range(one + 1, shape.first[shape.lower[k] + 1]):
                top = number[shape.upper[other]]
                _shorten(up, no_up, one, up[other] + down[top])
                _shorten(up, no_up, other, up[one] + up[top])
                _shorten(down, no_down, one, up[top] + down[other])
                _shorten(down, no_down, other, down[top] + down[one])
    return _kept(shape, up, no_up), _kept(shape, down, no_down)


@compiled
def _shorten(weights: Int32, not_needed: NDArray[np.bool_], pair: int, way: int) -> None:
    if way <= weights[pair]:
        weights[pair] = way
        not_needed[pair] = True


@compiled
def _kept(shape: Shape, weights: Int32, not_needed: NDArray[np.bool_]) -> Ways:
    first = np.zeros(len(shape.first), np.int32)
    kept = 0
    for node in range(len(shape.parent)):
        for k in range(shape.first[node], shape.first[node + 1]):
            kept += not not_needed[k] and weights[k] < INF
        first[node + 1] = kept
    upper, weight = np.empty(kept, np.int32), np.empty(kept, np.int32)
    kept = 0
    for k in range(len(weights)):
        if not not_needed[k] and weights[k] < INF:
            upper[kept], weight[kept] = shape.upper[k], weights[k]
            kept += 1
    return Ways(first, upper, weight)
