"""Where a visit can be put: every gap of every known order, with what an O(1) test needs.

Filled in once per route version, forwards and backwards along each order (``recurrence``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver import tables as t
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import END, INF, START, Int32
from slotsvc.solver.recurrence import (
    first_stop,
    idle,
    latest_finish,
    next_stop,
    reaches_end,
    state,
    state_count,
)
from slotsvc.solver.tables import RouteView, Tables, view_of


class OrderView(NamedTuple):
    """One order of n visits. ``stops``: int32 (n + 2,), its nodes with both ends. Its rows of
    ``Tables``: ``gap`` (n + 1, 11), ``state`` ((n + 1) x states, 2), ``latest``
    ((n + 1) x (K + 1),) and ``ended`` (states, 2)."""

    stops: Int32
    gap: Int32
    state: Int32
    latest: Int32
    ended: Int32


@compiled
def fill_orders(tables: Tables, paths: Int32) -> None:
    """Fills ``route[LONGEST]``, ``driven``, ``gap``, ``state``, ``latest`` and ``ended``.

    ``paths``: int32, the visits of every order, one after the other.
    """
    read = 0
    for row in range(len(tables.route)):
        route = view_of(tables, row)
        route.ends[t.LONGEST] = _longest(route.legs)
        visits, count = len(route.node) - 2, len(route.pauses)
        states = state_count(count)
        for order in range(tables.at[row + 1, t.ORDERS] - tables.at[row, t.ORDERS]):
            gap, first = order * (visits + 1), tables.at[row]
            stops = np.full(visits + 2, END, np.int32)
            stops[0] = START
            for number in range(visits):
                stops[number + 1] = paths[read + number]
            read += visits
            state_at = first[t.STATES] + gap * states
            latest_at = first[t.LATEST] + gap * (count + 1)
            ended_at = first[t.ENDED] + order * states
            view = OrderView(
                stops,
                tables.gap[first[t.GAPS] + gap : first[t.GAPS] + gap + visits + 1],
                tables.state[state_at : state_at + (visits + 1) * states],
                tables.latest[latest_at : latest_at + (visits + 1) * (count + 1)],
                tables.ended[ended_at : ended_at + states],
            )
            _forward(route, view)
            _backward(route, view)
            _tails(route, view)
            tables.driven[first[t.ORDERS] + order] = _sums(route, view)


@compiled
def _longest(legs: Int32) -> int:
    """The longest leg that some order could use."""
    longest = 0
    for i in range(len(legs)):
        for j in range(END, len(legs)):
            if i != j and i != END:
                longest = max(longest, legs[i, j])
    return longest


@compiled
def _forward(route: RouteView, order: OrderView) -> None:
    """Earliest finishes before each gap and waiting until then; the ended day."""
    pauses, stops = route.pauses, order.stops
    count, states = len(pauses), state_count(len(pauses))
    times, after = np.full(states, INF, np.int32), np.full(states, INF, np.int32)
    first = np.zeros(count + 1, np.int32)
    times[0] = 0
    busy = 0
    for number in range(len(stops) - 1):
        if number:
            node = stops[number]
            leg = route.legs[stops[number - 1], node]
            opens, closes = route.node[node, t.OPENS], route.node[node, t.CLOSES]
            service, may = route.node[node, t.SERVICE], route.node[node, t.PAUSABLE] != 0
            if number == 1:
                first_stop(leg, opens, closes, service, may, pauses, after, first)
                busy = 0 + service
            else:
                next_stop(times, leg, opens, closes, service, may, pauses, after)
                busy += leg + service
            times, after = after, times
        soonest, least = INF, INF
        for before in range(count + 1):
            for taken in range(before, count + 1):
                s = state(count, before, taken)
                waited = idle(times, first, busy, pauses, before, taken) if number else 0
                order.state[number * states + s, 0] = min(times[s], INF)
                order.state[number * states + s, 1] = waited
                soonest = min(soonest, 0 + times[s])
                if times[s] < INF:
                    least = min(least, waited)
        order.gap[number, t.SOONEST], order.gap[number, t.IDLE] = soonest, least
    _end(route, order, times, first, busy)


@compiled
def _end(route: RouteView, order: OrderView, times: Int32, first: Int32, busy: int) -> None:
    """Goes home in every state."""
    pauses, stops = route.pauses, order.stops
    count, leg = len(pauses), route.legs[stops[-2], END]
    end, soft_end = route.ends[t.END_BY], route.ends[t.SOFT_END]
    for before in range(count + 1):
        for taken in range(before, count + 1):
            s = state(count, before, taken)
            done, waited = INF, INF
            if times[s] < INF and leg < INF:
                done = reaches_end(times[s], leg, pauses, taken, end)
            if done < INF:
                waited = idle(times, first, busy, pauses, before, taken) if len(stops) > 2 else 0
            order.ended[s, 0] = waited
            order.ended[s, 1] = max(done - soft_end, 0) if done < INF else 0


@compiled
def _backward(route: RouteView, order: OrderView) -> None:
    """Latest arrivals after each gap."""
    pauses, stops = route.pauses, order.stops
    count = len(pauses)
    latest, before = np.empty(count + 1, np.int32), np.empty(count + 1, np.int32)
    for taken in range(count + 1):
        latest[taken] = latest_finish(route.ends[t.END_BY], 0, pauses, taken, count)
    for number in range(len(stops) - 2, -1, -1):
        if stops[number + 1] != END:
            _before_visit(route, stops[number + 1], stops[number + 2], latest, before)
            latest, before = before, latest
        most = -INF
        for taken in range(count + 1):
            order.latest[number * (count + 1) + taken] = latest[taken]
            most = max(most, 0 + latest[taken])
        order.gap[number, t.LATEST_ARRIVAL] = most


@compiled
def _before_visit(route: RouteView, node: int, following: int, after: Int32, best: Int32) -> None:
    """Fills ``best``: latest arrivals at a visit, given those at what follows it."""
    pauses, leg, service = route.pauses, route.legs[node, following], route.node[node, t.SERVICE]
    count = len(pauses)
    finish = np.full(count + 1, -INF, np.int32)
    for taken in range(count + 1):
        for until in range(taken, count + 1):
            left = latest_finish(after[until], leg, pauses, taken, until)
            finish[taken] = max(finish[taken], left)
    for taken in range(count + 1):
        start = finish[taken] - service
        if route.node[node, t.PAUSABLE]:
            for until in range(taken + 1, count + 1):
                start = max(start, latest_finish(finish[until], service, pauses, taken, until))
        start = min(start, route.node[node, t.CLOSES])
        # a latest start before the window opens is no start at all
        best[taken] = start if start >= route.node[node, t.OPENS] else -INF


@compiled
def _tails(route: RouteView, order: OrderView) -> None:
    """``BEFORE``, ``AFTER``, ``REST``, ``LAST`` and ``HOME`` of each gap."""
    rest, last, home = 0, -INF, 0
    stops, gap = order.stops, order.gap
    for number in range(len(stops) - 2, -1, -1):
        node = stops[number + 1]
        if node != END:
            leg = route.legs[node, stops[number + 2]]
            if stops[number + 2] == END:
                home = 0 + leg
            else:
                rest += leg
            rest += route.node[node, t.SERVICE]
            last = max(route.node[node, t.OPENS] + rest, last)
        gap[number, t.BEFORE], gap[number, t.AFTER] = stops[number], node
        gap[number, t.REST], gap[number, t.LAST] = min(rest, INF), min(last, INF)
        gap[number, t.HOME] = home


@compiled
def _sums(route: RouteView, order: OrderView) -> int:
    """Driving, which it gives, and ``SLACK``: what is pushed later takes at most that much from the
    waiting after it, as much later as it can be reached (``floors``)."""
    stops, gap, driven = order.stops, order.gap, 0
    for number in range(len(stops) - 1):
        driven += route.travel[stops[number], stops[number + 1]]
    driven = min(driven, INF)
    for number in range(len(stops) - 1):
        here, there = stops[number], stops[number + 1]
        reached = gap[number, t.SOONEST] + route.legs[here, there]
        if number == 0:
            reached = max(reached, route.node[there, t.OPENS])
        slack = max(gap[number, t.LATEST_ARRIVAL] - reached, 0) if there != END else 0
        gap[number, t.LEG], gap[number, t.TRAVEL] = route.travel[here, there], driven
        gap[number, t.SLACK] = slack
    return driven


@compiled
def fill_arcs(tables: Tables, arcs: Int32, counts: Int32) -> None:
    """Fills ``arcs``, int32 (at least as many as gaps, 5), with the pairs of stops that follow each
    other in some order, route by route, and ``counts`` (R,), how many there are of each route."""
    filled = 0
    for row in range(len(counts)):
        node = tables.node[tables.at[row, t.NODES] : tables.at[row + 1, t.NODES]]
        seen, begun = np.zeros((len(node), len(node)), np.bool_), filled
        for gap in range(tables.at[row, t.GAPS], tables.at[row + 1, t.GAPS]):
            before, after = tables.gap[gap, t.BEFORE], tables.gap[gap, t.AFTER]
            if not seen[before, after]:
                seen[before, after] = True
                arcs[filled, t.FROM_PLACE] = node[before, t.PLACE]
                arcs[filled, t.TO_PLACE] = node[after, t.PLACE]
                arcs[filled, t.ARC_LEG] = tables.gap[gap, t.LEG]
                arcs[filled, t.FROM_NODE], arcs[filled, t.TO_NODE] = before, after
                filled += 1
        counts[row] = filled - begun
