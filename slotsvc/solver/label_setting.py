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
from slotsvc.solver.outlook import (
    MOST_VISITS,
    Outlook,
    Rest,
    is_hopeless,
    least_cost,
    outlook,
    reaches_all,
    rest_after,
    sums_of,
)
from slotsvc.solver.params import Weights
from slotsvc.solver.recurrence import begun, drive, paused

STEP = 2_000
"""Labels made before the clock is looked at again: about a millisecond."""

WIDTH = 64
"""Labels of each layer that go on while a first good order is looked for."""


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


def label_setting(
    cell: Cell, limit: int, weights: Weights, room: int, out_of_time: Callable[[], bool]
) -> Found:
    """The cheapest order that costs at most ``limit``, of a cell with at least one visit.

    First a few labels of each layer alone go on, which gives an order good enough to drop most of
    the others; then all that may be better. ``room``: labels kept at most, about 42 bytes each, but
    those of one visit always. Out of room or of time the order, if any, need not be the best, and
    ``floor`` is what is still open.
    """
    visits = len(cell.opens) - FIRST_VISIT
    nothing = Found(Price(NEVER, 0, 0, 0), np.full(visits, -1, np.int64), -NEVER, 0)
    if visits > MOST_VISITS:
        return nothing
    ahead = outlook(cell, weights)
    if is_hopeless(cell, ahead, limit, weights):
        return nothing._replace(floor=NEVER)
    day = cell, weights, ahead
    first = _Sweep(*day, limit, room, WIDTH).run(out_of_time)
    if first.floor >= first.price.cost:
        return first
    best = _Sweep(*day, min(limit, first.price.cost - 1), room, room).run(out_of_time)
    labels, floor = first.labels + best.labels, max(first.floor, best.floor)
    if best.price.cost == NEVER:
        return first._replace(floor=min(floor, first.price.cost), labels=labels)
    return best._replace(labels=labels)


class _Sweep:
    """One way through the layers; of each at most ``width`` labels go on, those that cost least."""

    def __init__(
        self, cell: Cell, weights: Weights, ahead: Outlook, limit: int, room: int, width: int
    ) -> None:
        self.visits = len(cell.opens) - FIRST_VISIT
        self.most, self.width = _most_made(cell), width
        self.room = max(room, self.most)
        self.search = Search(
            cell, weights, ahead, limit, _labels(self.room), _table(cell, 1, self.room)
        )
        self.floor, self.made = NEVER, 0

    def run(self, out_of_time: Callable[[], bool]) -> Found:
        """What it finds; the floor is of what was left behind, or what is best."""
        layer = _first_layer(self.search)
        for depth in range(2, self.visits + 1):
            layer = self._narrowed(self._begun(layer))
            table = _table(self.search.cell, depth, self.room)
            self.search = self.search._replace(table=table)
            while layer.at < layer.end:
                if self.most > self.room - layer.used or out_of_time():
                    return self._found(None, self._open(layer.at, layer.used))
                layer = _next_layer(self.search, layer)
        return self._best(self._begun(layer))

    def _begun(self, layer: Layer) -> Layer:
        """The labels just made, none of which has gone on."""
        self.made += layer.used - layer.end
        return Layer(layer.end, layer.end, layer.used, layer.used, -1)

    def _narrowed(self, layer: Layer) -> Layer:
        """The labels that go on, in place of all."""
        labels = self.search.labels
        here = np.flatnonzero(labels.last[layer.begin : layer.end] >= 0) + layer.begin
        if here.size <= self.width:
            return layer
        by_cost = here[np.argsort(labels.least[here], kind="stable")]
        self.floor = min(self.floor, int(labels.least[by_cost[self.width]]))
        kept, end = np.sort(by_cost[: self.width]), layer.begin + self.width
        for part in labels:
            part[layer.begin : end] = part[kept]
        return Layer(layer.begin, layer.begin, end, end, -1)

    def _best(self, layer: Layer) -> Found:
        here = np.arange(layer.begin, layer.end)
        labels = self.search.labels
        whole = here[labels.last[here] >= 0]
        if whole.size == 0:
            return self._found(None, NEVER)
        best = int(whole[labels.least[whole].argmin()])
        return self._found(_path(labels, best, self.visits), int(labels.least[best]))

    def _open(self, begin: int, end: int) -> int:
        """The least that any of these labels leads to."""
        labels = self.search.labels
        live = labels.last[begin:end] >= 0
        return int(labels.least[begin:end][live].min(initial=NEVER))

    def _found(self, order: Int64 | None, floor: int) -> Found:
        floor = min(self.floor, floor)
        if order is None:
            none = np.full(self.visits, -1, np.int64)
            return Found(Price(NEVER, 0, 0, 0), none, floor, self.made)
        return Found(price(self.search.cell, self.search.weights, order), order, floor, self.made)


def _labels(count: int) -> Labels:
    return Labels(
        np.empty(count, np.int64), np.empty(count, np.int8), np.empty(count, np.int8),
        np.empty(count, np.int32), np.empty(count, np.int64), np.empty(count, np.int32),
        np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int64),
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
def _next_layer(search: Search, layer: Layer) -> Layer:
    """Lets some labels go on: to every visit to come, with any number of pauses on the way."""
    labels, cell = search.labels, search.cell
    most, made = _most_made(cell), 0
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
def _path(labels: Labels, label: int, visits: int) -> Int64:
    """The order that a label stands for."""
    order = np.empty(visits, np.int64)
    for place in range(visits - 1, -1, -1):
        order[place] = labels.last[label]
        label = labels.parent[label]
    return order
