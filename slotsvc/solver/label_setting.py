"""Layer by layer over sets of visits: of partial orders that visit the same, only the best go on.

A label is a partial order with so many pauses taken. Among labels of the same set, last visit and
pauses one is dropped only when another is nowhere later and nowhere dearer (dominance as in
Desrochers and Soumis 1988), and, where driving is limited, has not driven more. Its cost is that
with waiting counted up to one common clock (``behind``): whoever is earlier by x may have to wait x
longer. Nothing else is dropped but what cannot cost the limit or less.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import NamedTuple

import numpy as np

from slotsvc.solver.cell import NEVER, Cell
from slotsvc.solver.compiled import compiled
from slotsvc.solver.depth_first import Found
from slotsvc.solver.ending import Price, price
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Int8, Int32, Int64
from slotsvc.solver.outlook import MOST_VISITS, Outlook, is_hopeless, least_cost, outlook, rest_of
from slotsvc.solver.params import Weights
from slotsvc.solver.recurrence import begun, drive, paused

STEP = 2_000
"""Labels made before the clock is looked at again: about a millisecond."""


class Labels(NamedTuple):
    """Room for labels, arrays (room,). ``done``: int64, the set, bit 0 the first visit. ``last``,
    ``taken``: int8, node and pauses taken; ``last`` < 0: dropped. ``finish``: int32; ``behind``:
    int64, cost less what waiting weighs for ``finish`` seconds; ``travel``: int32. ``parent``,
    ``later``: int32, the label before, and the next later one of the same set, last and pauses.
    """

    done: Int64
    last: Int8
    taken: Int8
    finish: Int32
    behind: Int64
    travel: Int32
    parent: Int32
    later: Int32


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


def label_setting(
    cell: Cell, limit: int, weights: Weights, room: int, out_of_time: Callable[[], bool]
) -> Found:
    """The cheapest order that costs at most ``limit``, of a cell with at least one visit.

    ``room``: labels kept at most, about 34 bytes each, but those of one visit always. Out of room
    or of time there is no order, and a ``floor`` of what is still open.
    """
    visits = len(cell.opens) - FIRST_VISIT
    nothing = Found(Price(NEVER, 0, 0, 0), np.full(visits, -1, np.int64), -NEVER, 0)
    if visits > MOST_VISITS:
        return nothing
    ahead = outlook(cell, weights)
    if is_hopeless(cell, ahead, limit, weights):
        return nothing._replace(floor=NEVER)
    room = max(room, _most_made(cell))
    labels, layer = _room(room), Layer(0, 0, 0, 0, -1)
    for depth in range(1, visits + 1):
        search = Search(cell, weights, ahead, limit, labels, _table(cell, depth, room))
        if depth == 1:
            layer = _first_layer(search)
        while depth > 1 and layer.at < layer.end:
            if _most_made(cell) > room - layer.used or out_of_time():
                return nothing._replace(floor=_floor(search, layer), labels=layer.used)
            layer = _next_layer(search, layer)
        layer = Layer(layer.end, layer.end, layer.used, layer.used, -1)
    best = _best(search, layer)
    if best < 0:
        return nothing._replace(floor=NEVER, labels=layer.used)
    order = _path(labels, best, visits)
    found = price(cell, weights, order)
    return Found(found, order, found.cost, layer.used)


def _room(count: int) -> Labels:
    return Labels(
        np.empty(count, np.int64), np.empty(count, np.int8), np.empty(count, np.int8),
        np.empty(count, np.int32), np.empty(count, np.int64), np.empty(count, np.int32),
        np.empty(count, np.int32), np.empty(count, np.int32),
    )  # fmt: skip


def _table(cell: Cell, depth: int, room: int) -> Int32:
    """A table at most half full."""
    visits = len(cell.opens) - FIRST_VISIT
    kinds = comb(visits, depth) * depth * (len(cell.pauses) + 1)
    return np.full(1 << (2 * min(kinds, room)).bit_length(), -1, np.int32)


@compiled
def _most_made(cell: Cell) -> int:
    """Labels that one label can make at most."""
    count = len(cell.pauses) + 1
    return (len(cell.opens) - FIRST_VISIT) * count * (count + 1) // 2


@compiled
def _first_layer(search: Search) -> Layer:
    cell, weights = search.cell, search.weights
    layer = Layer(0, 0, 0, 0, -1)
    for node in range(FIRST_VISIT, len(cell.opens)):
        travel = 0 + cell.travel[START, node]
        for before in range(len(cell.pauses) + 1):
            arrival = drive(0, cell.legs[START, node], cell.pauses, 0, before)
            start = begun(arrival, cell.opens[node], cell.closes[node])
            # the clock of waiting starts with the first visit, whatever came before
            behind = weights[0] * travel - weights[1] * start
            begins = Label(1 << (node - FIRST_VISIT), node, before, start, behind, travel, -1)
            layer = _serve(search, layer, begins)
    return layer


@compiled
def _next_layer(search: Search, layer: Layer) -> Layer:
    """Lets some labels go on: to every visit to come, with any number of pauses on the way."""
    labels, cell = search.labels, search.cell
    most, made = _most_made(cell), 0
    at = layer.at
    while at < layer.end and made < STEP and most <= len(labels.done) - layer.used:
        if labels.last[at] >= 0:
            for node in range(FIRST_VISIT, len(cell.opens)):
                if not labels.done[at] >> (node - FIRST_VISIT) & 1:
                    layer = _visit(search, layer, at, node)
                    made += 1
        at += 1
    return Layer(layer.begin, at, layer.end, layer.used, layer.free)


@compiled
def _visit(search: Search, layer: Layer, at: int, node: int) -> Layer:
    """From a label to one more visit."""
    cell, labels, weights = search.cell, search.labels, search.weights
    last, taken, finish = labels.last[at], labels.taken[at], labels.finish[at]
    leg = cell.legs[last, node]
    done = labels.done[at] | 1 << (node - FIRST_VISIT)
    travel = labels.travel[at] + cell.travel[last, node]
    behind = labels.behind[at] + weights[0] * cell.travel[last, node] - weights[1] * leg
    for until in range(taken, len(cell.pauses) + 1):
        arrival = drive(finish, leg, cell.pauses, taken, until)
        start = begun(arrival, cell.opens[node], cell.closes[node])
        spent = behind - weights[1] * paused(cell.pauses, taken, until)
        layer = _serve(search, layer, Label(done, node, until, start, spent, travel, at))
    return layer


@compiled
def _serve(search: Search, layer: Layer, begins: Label) -> Layer:
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
        if finish < INF and _least(search, label) <= search.limit:
            layer = _add(search, layer, label)
    return layer


@compiled
def _least(search: Search, label: Label) -> int:
    """What a day that begins so costs at least; exactly, when it is whole. NEVER: there is none."""
    cell = search.cell
    todo = (1 << (len(cell.opens) - FIRST_VISIT)) - 1 - label.done
    if todo == 0:
        return _cost(search, label)
    rest = rest_of(cell, search.ahead, todo, label.last, label.finish)
    if not rest.reachable or label.travel + rest.driving > cell.max_travel:
        return NEVER
    pausing = paused(cell.pauses, label.taken, len(cell.pauses))
    return least_cost(cell, search.weights, rest, label.behind, label.finish, pausing)


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
def _add(search: Search, layer: Layer, label: Label) -> Layer:
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
def _at(labels: Labels, i: int) -> Label:
    return Label(
        labels.done[i], 0 + labels.last[i], 0 + labels.taken[i], 0 + labels.finish[i],
        labels.behind[i], 0 + labels.travel[i], 0 + labels.parent[i],
    )  # fmt: skip


@compiled
def _floor(search: Search, layer: Layer) -> int:
    """The least cost of any day that goes on from what is open."""
    floor = NEVER
    for i in range(layer.at, layer.used):
        if search.labels.last[i] >= 0:
            floor = min(floor, _least(search, _at(search.labels, i)))
    return floor


@compiled
def _best(search: Search, layer: Layer) -> int:
    """Number of the cheapest whole day, -1 when there is none."""
    best, least = -1, NEVER
    for i in range(layer.begin, layer.end):
        if search.labels.last[i] >= 0:
            cost = _cost(search, _at(search.labels, i))
            if cost < least:
                best, least = i, cost
    return best


@compiled
def _path(labels: Labels, label: int, visits: int) -> Int64:
    """The order that a label stands for."""
    order = np.empty(visits, np.int64)
    for place in range(visits - 1, -1, -1):
        order[place] = labels.last[label]
        label = labels.parent[label]
    return order
