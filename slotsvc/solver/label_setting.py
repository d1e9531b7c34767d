"""Layer by layer over sets of visits: of partial orders that visit the same, only the best go on.

A label is a partial order with so many pauses taken; which of them go on is decided in
``label_layers``. Nothing else is dropped but what cannot cost the limit or less.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np

from slotsvc.solver.cell import NEVER, Cell
from slotsvc.solver.depth_first import Found
from slotsvc.solver.ending import Price, price
from slotsvc.solver.instance import FIRST_VISIT, Int32, Int64
from slotsvc.solver.label_layers import (
    Labels,
    Layer,
    Search,
    first_layer,
    most_made,
    next_layer,
    path_of,
)
from slotsvc.solver.outlook import MOST_VISITS, Outlook, is_hopeless, outlook
from slotsvc.solver.params import Weights

WIDTH = 64
"""Labels of each layer that go on while a first good order is looked for."""


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
        self.most, self.width = most_made(cell), width
        self.room = max(room, self.most)
        self.search = Search(
            cell, weights, ahead, limit, _labels(self.room), _table(cell, 1, self.room)
        )
        self.floor, self.made = NEVER, 0

    def run(self, out_of_time: Callable[[], bool]) -> Found:
        """What it finds; the floor is of what was left behind, or what is best."""
        layer = first_layer(self.search)
        for depth in range(2, self.visits + 1):
            layer = self._narrowed(self._begun(layer))
            table = _table(self.search.cell, depth, self.room)
            self.search = self.search._replace(table=table)
            while layer.at < layer.end:
                if self.most > self.room - layer.used or out_of_time():
                    return self._found(None, self._open(layer.at, layer.used))
                layer = next_layer(self.search, layer)
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
        return self._found(path_of(labels, best, self.visits), int(labels.least[best]))

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
