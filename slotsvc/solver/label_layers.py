"""Labels by layers, compiled: a layer holds the partial orders of as many visits.

Labels of the same set, last visit and pauses are chained by their finish, and found by hashing.
Among them one is dropped only when another is nowhere later and nowhere dearer (dominance as in
Desrochers and Soumis 1988), and, where driving is limited, has not driven more. Its cost is that
with waiting counted up to one common clock (``behind``): whoever is earlier by x may have to wait x
longer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver.cell import NEVER, Cell
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Int8, Int32, Int64
from slotsvc.solver.outlook import (
    Outlook,
    Rest,
    least_cost,
    reaches_all,
    rest_after,
    sums_of,
)
from slotsvc.solver.params import Weights
from slotsvc.solver.recurrence import begun, drive, paused

STEP = 2_000
"""Labels made before the clock is looked at again: about a millisecond."""


class Labels(NamedTuple):
    """Room for labels, arrays (room,). ``done``: int64, the set, bit 0 the first visit. ``last``,
    ``taken``: int8, node and pauses taken; ``last`` < 0: dropped. ``finish``: int32; ``behind``:
    int64, cost less what waiting weighs for ``finish`` seconds; ``travel``: int32. ``parent``,
    ``later``: int32, the label before, and the next later one of the same set, last and pauses.
    ``least``: int64, what a day that begins so costs at least.
    """

    done: Int64
    last: Int8
    taken: Int8
    finish: Int32
    behind: Int64
    travel: Int32
    parent: Int32
    later: Int32
    least: Int64


class Label(NamedTuple):
    """One label, or one to be; of one whose visit has begun, ``finish`` is its start."""

    done: int
    last: int
    taken: int
    finish: int
    behind: int
    travel: int
    parent: int


class Layer(NamedTuple):
    """Labels of as many visits lie from ``begin`` to ``end``; those before ``at`` have gone on.
    ``used``: labels in all. ``free``: the first of the dropped ones of the layer to come, chained
    by ``later``; -1: none."""

    begin: int
    at: int
    end: int
    used: int
    free: int


class Search(NamedTuple):
    """What stays the same while a layer is made. ``table``: int32, the first label of every set,
    last and pauses, found by hashing; -1: none."""

    cell: Cell
    weights: Weights
    ahead: Outlook
    limit: int
    labels: Labels
    table: Int32


@compiled
def most_made(cell: Cell) -> int:
    """Labels that one label can make at most."""
    count = len(cell.pauses) + 1
    return (len(cell.opens) - FIRST_VISIT) * count * (count + 1) // 2


@compiled
def first_layer(search: Search) -> Layer:
    cell, weights = search.cell, search.weights
    layer = Layer(0, 0, 0, 0, -1)
    sums = sums_of(cell, search.ahead, _todo(search, 0))
    for node in range(FIRST_VISIT, len(cell.opens)):
        rest = rest_after(search.ahead, sums, node)
        travel = 0 + cell.travel[START, node]
        for before in range(len(cell.pauses) + 1):
            arrival = drive(0, cell.legs[START, node], cell.pauses, 0, before)
            start = begun(arrival, cell.opens[node], cell.closes[node])
            # the clock of waiting starts with the first visit, whatever came before
            behind = weights[0] * travel - weights[1] * start
            begins = Label(1 << (node - FIRST_VISIT), node, before, start, behind, travel, -1)
            layer = _serve(search, layer, begins, rest)
    return layer


@compiled
def _todo(search: Search, done: int) -> int:
    """The set of the other visits."""
    return (1 << (len(search.cell.opens) - FIRST_VISIT)) - 1 - done


@compiled
def next_layer(search: Search, layer: Layer) -> Layer:
    """Lets some labels go on: to every visit to come, with any number of pauses on the way."""
    labels, cell = search.labels, search.cell
    most, made = most_made(cell), 0
    at = layer.at
    while at < layer.end and made < STEP and most <= len(labels.done) - layer.used:
        if labels.last[at] >= 0:
            sums = sums_of(cell, search.ahead, _todo(search, labels.done[at]))
            for node in range(FIRST_VISIT, len(cell.opens)):
                if not labels.done[at] >> (node - FIRST_VISIT) & 1:
                    layer = _visit(search, layer, at, node, rest_after(search.ahead, sums, node))
                    made += 1
        at += 1
    return Layer(layer.begin, at, layer.end, layer.used, layer.free)


@compiled
def _visit(search: Search, layer: Layer, at: int, node: int, rest: Rest) -> Layer:
    """From a label to one more visit; ``rest``: what comes after it."""
    cell, labels, weights = search.cell, search.labels, search.weights
    last, taken, finish = labels.last[at], labels.taken[at], labels.finish[at]
    leg = cell.legs[last, node]
    if finish + leg > cell.closes[node]:
        return layer
    done = labels.done[at] | 1 << (node - FIRST_VISIT)
    travel = labels.travel[at] + cell.travel[last, node]
    behind = labels.behind[at] + weights[0] * cell.travel[last, node] - weights[1] * leg
    for until in range(taken, len(cell.pauses) + 1):
        arrival = drive(finish, leg, cell.pauses, taken, until)
        start = begun(arrival, cell.opens[node], cell.closes[node])
        spent = behind - weights[1] * paused(cell.pauses, taken, until)
        layer = _serve(search, layer, Label(done, node, until, start, spent, travel, at), rest)
    return layer


@compiled
def _serve(search: Search, layer: Layer, begins: Label, rest: Rest) -> Layer:
    """Adds what a visit that has begun becomes, with any number of pauses inside if it may."""
    cell, start = search.cell, begins.finish
    if start >= INF:
        return layer
    service, taken = cell.service[begins.last], begins.taken
    for until in range(taken, len(cell.pauses) + 1):
        if until > taken and not cell.pausable[begins.last]:
            break
        finish = drive(start, service, cell.pauses, taken, until)
        inside = service + paused(cell.pauses, taken, until)
        behind = begins.behind - search.weights[1] * inside
        label = Label(begins.done, begins.last, until, finish, behind, begins.travel, begins.parent)
        least = _least(search, label, rest) if finish < INF else NEVER
        if least <= search.limit:
            layer = _add(search, layer, label, least)
    return layer


@compiled
def _least(search: Search, label: Label, rest: Rest) -> int:
    """What a day that begins so costs at least; exactly, when it is whole. NEVER: there is none."""
    cell, todo = search.cell, _todo(search, label.done)
    if todo == 0:
        return _cost(search, label)
    if label.travel + rest.driving > cell.max_travel:
        return NEVER
    pausing = paused(cell.pauses, label.taken, len(cell.pauses))
    least = least_cost(cell, search.weights, rest, label.behind, label.finish, pausing)
    if least <= search.limit and reaches_all(search.ahead.latest, label.last, todo, label.finish):
        return least
    return NEVER


@compiled
def _cost(search: Search, label: Label) -> int:
    """Of the day that ends with this label, NEVER if it ends too late or drives too much."""
    cell, weights = search.cell, search.weights
    driving, leg = cell.travel[label.last, END], cell.legs[label.last, END]
    done = drive(label.finish, leg, cell.pauses, label.taken, len(cell.pauses))
    if done > cell.end or label.travel + driving > cell.max_travel:
        return NEVER
    late = max(done - cell.soft_end, 0)
    cost: int = label.behind + weights[1] * label.finish + weights[0] * driving + weights[2] * late
    return cost


@compiled
def _add(search: Search, layer: Layer, label: Label, least: int) -> Layer:
    """Adds a label unless it is dominated, and drops those that it dominates."""
    labels = search.labels
    place = _place(search, label)
    earlier, other = -1, search.table[place]
    while other >= 0 and labels.finish[other] <= label.finish:
        if labels.behind[other] <= label.behind and _drove_less(search, other, label.travel):
            return layer
        if labels.finish[other] < label.finish:
            earlier = other
        other = labels.later[other]
    used, free = layer.used, _drop(search, layer.free, place, earlier, label)
    if free >= 0:
        here, free = free, labels.later[free]
    else:
        here, used = used, used + 1
    labels.done[here], labels.last[here], labels.taken[here] = label.done, label.last, label.taken
    labels.finish[here], labels.behind[here] = label.finish, label.behind
    labels.travel[here], labels.parent[here] = label.travel, label.parent
    labels.least[here] = least
    if earlier < 0:
        labels.later[here], search.table[place] = search.table[place], here
    else:
        labels.later[here], labels.later[earlier] = labels.later[earlier], here
    return Layer(layer.begin, layer.at, layer.end, used, 0 + free)


@compiled
def _drove_less(search: Search, other: int, travel: int) -> bool:
    """Whether a label may beat one that has driven so much: asked only where driving is limited."""
    return search.cell.max_travel >= INF or search.labels.travel[other] <= travel


@compiled
def _drop(search: Search, free: int, place: int, earlier: int, label: Label) -> int:
    """Takes the labels that ``label`` dominates out of their chain, after ``earlier``; gives the
    first free one."""
    labels = search.labels
    kept = earlier
    other = search.table[place] if earlier < 0 else labels.later[earlier]
    while other >= 0:
        following = labels.later[other]
        less = search.cell.max_travel >= INF or label.travel <= labels.travel[other]
        if label.behind <= labels.behind[other] and less:
            labels.last[other], labels.later[other], free = -1, free, other
            if kept < 0:
                search.table[place] = following
            else:
                labels.later[kept] = following
        else:
            kept = other
        other = following
    return free


@compiled
def _place(search: Search, label: Label) -> int:
    """Where the labels of its set, last and pauses are, or may begin, in the table."""
    labels, table = search.labels, search.table
    mixed = (label.done * 64 + label.last) * 8 + label.taken
    mixed = (mixed ^ (mixed >> 29)) * 0x9E3779B97F4A7C1
    place = (mixed ^ (mixed >> 32)) & (len(table) - 1)
    while True:
        first = table[place]
        if first < 0 or (
            labels.done[first] == label.done
            and labels.last[first] == label.last
            and labels.taken[first] == label.taken
        ):
            return place
        place = (place + 1) & (len(table) - 1)


@compiled
def path_of(labels: Labels, label: int, visits: int) -> Int64:
    """The order that a label stands for."""
    order = np.empty(visits, np.int64)
    for place in range(visits - 1, -1, -1):
        order[place] = labels.last[label]
        label = labels.parent[label]
    return order
