"""The order of a contraction hierarchy: nested dissection by inertial flow.

The nodes of a road graph are stretches of road; the junctions between them are found first. The
map is cut in two where the fewest stretches lead across (a minimum cut between the outermost
junctions of a few directions: Schild and Sommer 2015, "On Balanced Separators in Road Networks"),
and the parts are cut again. The stretches cut are the separator and rank above both parts (Buchhold
et al. 2020, "Fast and Stable Customizable Contraction Hierarchies with turn costs": edge cuts of
the street graph are node separators of the graph with turns).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slotsvc.solver.compiled import compiled

Int32 = NDArray[np.int32]

_SOURCE, _SINK, _FREE = 0, 1, 2
_SHARE = 0.25
"""Of a part's junctions that are certainly on one side, and on the other."""
_DIRECTIONS = ((1.0, 0.0), (0.0, 1.0), (0.7, 0.7), (0.7, -0.7))


class _Part(NamedTuple):
    """One part of the map as a flow network; arrays are as long as the largest part needs.

    ``first``, ``to``: neighbours by local number; ``back``: the opposite arc; ``capacity``: how
    many stretches; ``left``: capacity that remains. ``side``: of each junction; ``level``, ``arc``,
    ``queue``: scratch; ``best``: the side that each junction gets.
    """

    first: Int32
    to: Int32
    back: Int32
    capacity: Int32
    left: Int32
    side: Int32
    level: Int32
    arc: Int32
    queue: Int32
    best: Int32


def dissection_ranks(
    tail: Int32, head: Int32, node_at: NDArray[np.int32 | np.float64]
) -> NDArray[np.int32]:
    """A rank for each node, a permutation; the highest separate the largest parts.

    ``node_at``: (n, 2), longitude and latitude of each node, in any unit. Any ranks give right
    answers; good ones give quick ones.
    """
    ends = _junctions(tail, head, len(node_at))
    junctions = int(ends.max(initial=-1)) + 1
    at = np.zeros((junctions, 2))
    for side in (0, 1):
        np.add.at(at, ends[:, side], node_at)
    at /= np.bincount(ends.ravel(), minlength=junctions)[:, None]
    by = np.stack([np.argsort(at @ way, kind="stable") for way in np.array(_DIRECTIONS)])
    apart = ends[ends[:, 0] != ends[:, 1]]
    streets = _sorted(np.concatenate([apart, apart[:, ::-1]]), junctions)
    begins = _sorted(np.stack([ends[:, 0], np.arange(len(ends))], axis=1), junctions)
    return np.asarray(_dissect(ends, streets, begins, by.astype(np.int32)))


class _Rows(NamedTuple):
    """Row k has the entries ``first[k]`` to ``first[k + 1]`` of ``to``."""

    first: Int32
    to: Int32


def _sorted(pairs: NDArray[np.integer], count: int) -> _Rows:
    """The second of each pair, by the first."""
    order = np.argsort(pairs[:, 0], kind="stable")
    first = np.searchsorted(pairs[order, 0], np.arange(count + 1))
    return _Rows(first.astype(np.int32), pairs[order, 1].astype(np.int32))


def _junctions(tail: Int32, head: Int32, count: int) -> Int32:
    """The junction where each node begins and ends, (count, 2): where one arc of a junction ends
    all arcs that share an end with it do."""
    begin, end = np.arange(count), np.arange(count) + count
    while True:
        lowest = np.minimum(end[tail], begin[head])
        if (lowest == end[tail]).all() and (lowest == begin[head]).all():
            break
        np.minimum.at(end, tail, lowest)
        np.minimum.at(begin, head, lowest)
    number = np.unique(np.stack([begin, end], axis=1), return_inverse=True)[1]
    return number.reshape(-1, 2).astype(np.int32)


@compiled
def _dissect(ends: Int32, streets: _Rows, begins: _Rows, by: Int32) -> Int32:
    """The ranks. ``streets``: the other ends of those at each junction; ``begins``: the nodes that
    begin there. ``by``: (directions, junctions), sorted along each; reordered here: the junctions
    of a part stand together in every row, still sorted."""
    count = by.shape[1]
    part = _room(count, len(streets.to))
    part_of, local = np.zeros(count, np.int32), np.empty(count, np.int32)
    rank = np.full(len(ends), -1, np.int32)
    top_rank, parts = len(ends) - 1, 1
    waiting = np.empty((64 + count, 2), np.int32)
    waiting[0, 0], waiting[0, 1] = 0, count
    left = 1
    while left:
        left -= 1
        low, high = waiting[left, 0], waiting[left, 1]
        arcs = _network(part, streets, by[0], part_of, local, low, high)
        if arcs == 0:
            top_rank = _rank_rest(by[0], low, high, begins, rank, top_rank)
            continue
        _cut(part, by, local, low, high)
        for k in range(low, high):
            if part.best[local[by[0, k]]] == _SINK:
                part_of[by[0, k]] = parts
        parts += 1
        top_rank = _rank_cut(by[0], low, high, begins, ends, part_of, rank, top_rank)
        middle = _split(part, by, local, low, high)
        waiting[left, 0], waiting[left, 1] = low, middle
        waiting[left + 1, 0], waiting[left + 1, 1] = middle, high
        left += 2
    return rank


@compiled
def _room(junctions: int, arcs: int) -> _Part:
    return _Part(
        np.zeros(junctions + 1, np.int32),
        np.empty(arcs, np.int32),
        np.empty(arcs, np.int32),
        np.empty(arcs, np.int32),
        np.empty(arcs, np.int32),
        np.empty(junctions, np.int32),
        np.empty(junctions, np.int32),
        np.empty(junctions, np.int32),
        np.empty(max(junctions, arcs) + 1, np.int32),
        np.empty(junctions, np.int32),
    )


@compiled
def _network(
    part: _Part, streets: _Rows, order: Int32, part_of: Int32, local: Int32, low: int, high: int
) -> int:  # fmt: skip
    """Fills ``part`` with the junctions ``order[low:high]``; how many arcs it has."""
    for k in range(low, high):
        local[order[k]] = k - low
    same = part_of[order[low]]
    for k in range(low, high):
        part.first[k - low + 1] = part.first[k - low]
        for a in range(streets.first[order[k]], streets.first[order[k] + 1]):
            if part_of[streets.to[a]] == same:
                _add(part, k - low, local[streets.to[a]])
    for junction in range(high - low):
        for a in range(part.first[junction], part.first[junction + 1]):
            other = part.to[a]
            for b in range(part.first[other], part.first[other + 1]):
                if part.to[b] == junction:
                    part.back[a] = b
    arcs: int = part.first[high - low]
    return arcs


@compiled
def _add(part: _Part, junction: int, to: int) -> None:
    """One more stretch from the last ``junction``: a new arc, or more of one that is there."""
    for a in range(part.first[junction], part.first[junction + 1]):
        if part.to[a] == to:
            part.capacity[a] += 1
            return
    arcs = part.first[junction + 1]
    part.to[arcs], part.capacity[arcs] = to, 1
    part.first[junction + 1] += 1


@compiled
def _rank_rest(
    order: Int32, low: int, high: int, begins: _Rows, rank: Int32, top_rank: int
) -> int:  # fmt: skip
    """Ranks what is not cut at all: stretches that end where they begin."""
    for at in range(low, high):
        for k in range(begins.first[order[at]], begins.first[order[at] + 1]):
            if rank[begins.to[k]] < 0:
                rank[begins.to[k]] = top_rank
                top_rank -= 1
    return top_rank


@compiled
def _rank_cut(
    order: Int32, low: int, high: int, begins: _Rows, ends: Int32, part_of: Int32, rank: Int32,
    top_rank: int,
) -> int:  # fmt: skip
    """Ranks the stretches between the two new parts."""
    for at in range(low, high):
        for k in range(begins.first[order[at]], begins.first[order[at] + 1]):
            node = begins.to[k]
            if rank[node] < 0 and part_of[ends[node, 0]] != part_of[ends[node, 1]]:
                rank[node] = top_rank
                top_rank -= 1
    return top_rank


@compiled
def _split(part: _Part, by: Int32, local: Int32, low: int, high: int) -> int:
    """Moves the sink's side behind the source's in every row, both stay sorted; where it begins."""
    middle = low
    # Row 0 says what the local numbers mean: it moves last.
    for row in range(len(by) - 1, -1, -1):
        order = by[row]
        middle, moved = low, 0
        for k in range(low, high):
            if part.best[local[order[k]]] == _SINK:
                part.queue[moved] = order[k]
                moved += 1
            else:
                order[middle] = order[k]
                middle += 1
        for k in range(moved):
            order[middle + k] = part.queue[k]
    return middle


@compiled
def _cut(part: _Part, by: Int32, local: Int32, low: int, high: int) -> None:
    """Fills ``part.best`` with the sides of the cut that cuts least for what it parts."""
    size = high - low
    sure = max(1, int(size * _SHARE))
    best, most = np.inf, np.inf
    for row in range(len(by)):
        for junction in range(size):
            part.side[junction] = _FREE
        for k in range(sure):
            part.side[local[by[row, low + k]]] = _SOURCE
            part.side[local[by[row, high - 1 - k]]] = _SINK
        flow = _flow(part, size, most)
        if flow > most:
            continue
        near = _reached_backwards(part, size)
        far = 0
        for junction in range(size):
            far += part.level[junction] >= 0
        smaller = max(min(near, size - near), min(far, size - far))
        if flow / smaller < best:
            best = flow / smaller
            most = best * (size // 2) + 1.0
            _take_sides(part, size, min(far, size - far) == smaller)


@compiled
def _take_sides(part: _Part, size: int, by_source: bool) -> None:
    for junction in range(size):
        if by_source:
            part.best[junction] = _SOURCE if part.level[junction] >= 0 else _SINK
        else:
            part.best[junction] = _SINK if part.arc[junction] else _SOURCE


@compiled
def _reached_backwards(part: _Part, size: int) -> int:
    """Marks in ``part.arc`` from where the sink can still be reached; how many."""
    reached = 0
    for junction in range(size):
        part.arc[junction] = part.side[junction] == _SINK
        if part.arc[junction]:
            part.queue[reached] = junction
            reached += 1
    done = 0
    while done < reached:
        junction = part.queue[done]
        done += 1
        for a in range(part.first[junction], part.first[junction + 1]):
            if part.left[part.back[a]] > 0 and not part.arc[part.to[a]]:
                part.arc[part.to[a]] = 1
                part.queue[reached] = part.to[a]
                reached += 1
    return reached


@compiled
def _flow(part: _Part, size: int, most: float) -> int:
    """The maximum flow (Dinic), or any number above ``most``. Leaves in ``part.level`` what the
    source still reaches, -1 elsewhere."""
    for a in range(part.first[size]):
        part.left[a] = part.capacity[a]
    flow = 0
    while flow <= most:
        nearest = _levels(part, size)
        if nearest < 0:
            break
        for junction in range(size):
            part.arc[junction] = part.first[junction]
        for junction in range(size):
            if part.side[junction] == _SOURCE:
                while _augmented(part, junction, nearest):
                    flow += 1
    return flow


@compiled
def _levels(part: _Part, size: int) -> int:
    """Distances from the source, breadth first; that of the nearest sink, -1 if none is reached."""
    reached, done, nearest = 0, 0, -1
    for junction in range(size):
        part.level[junction] = -1
        if part.side[junction] == _SOURCE:
            part.level[junction] = 0
            part.queue[reached] = junction
            reached += 1
    while done < reached:
        junction = part.queue[done]
        done += 1
        for a in range(part.first[junction], part.first[junction + 1]):
            other = part.to[a]
            if part.left[a] > 0 and part.level[other] < 0:
                part.level[other] = part.level[junction] + 1
                part.queue[reached] = other
                reached += 1
                if part.side[other] == _SINK and nearest < 0:
                    nearest = part.level[other]
    return nearest


@compiled
def _augmented(part: _Part, start: int, nearest: int) -> bool:
    """Whether one more unit was sent from ``start`` along a shortest way."""
    depth, at = 0, start
    while part.side[at] != _SINK:
        a = part.arc[at]
        if a < part.first[at + 1]:
            other = part.to[a]
            onward = part.left[a] > 0 and part.level[other] == part.level[at] + 1
            if onward and (part.level[other] < nearest or part.side[other] == _SINK):
                part.queue[depth] = a
                depth += 1
                at = other
            else:
                part.arc[at] += 1
        elif depth == 0:
            return False
        else:
            depth -= 1
            at = part.to[part.back[part.queue[depth]]]
            part.arc[at] += 1
    for k in range(depth):
        part.left[part.queue[k]] -= 1
        part.left[part.back[part.queue[k]]] += 1
    return True
