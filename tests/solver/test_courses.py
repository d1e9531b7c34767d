"""The referee against literal simulation of random small days."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.time_window import from_epoch
from slotsvc.domain.visit import Stop
from slotsvc.solver.checker import FindingKind, check_route, check_times
from tests.examples import examples
from tests.solver.brute_force import (
    TinyRoute,
    cross_gap,
    driving,
    feasible,
    simulate,
    ways,
    within_limits,
    work_through,
    working_time,
)
from tests.solver.tiny_days import EPOCH, Tiny, days


@settings(max_examples=examples(2000))
@given(days())
def test_legal_means_some_assignment_can_be_simulated(day: Tiny) -> None:
    """The referee finds nothing exactly when a simulation of some break assignment succeeds."""
    found = check_route(day.shift, day.visits, day.travel)
    assert (found == ()) == feasible(day.route, day.route.visits)


@settings(max_examples=examples(800))
@given(days())
def test_findings_have_the_least_total_lateness(day: Tiny) -> None:
    """Sizes add up to the least lateness of any assignment; no road, no sizes."""
    found = check_route(day.shift, day.visits, day.travel)
    sizes = {f.kind: 0 for f in found} | {FindingKind.MAX_VISITS: 0, FindingKind.MAX_TRAVEL: 0}
    for finding in found:
        sizes[finding.kind] += finding.size
    count, most = len(day.visits), day.route.most_visits
    assert sizes.pop(FindingKind.MAX_VISITS) == (0 if most is None else max(0, count - most))
    if FindingKind.UNROUTABLE in sizes:
        assert set(sizes) <= {FindingKind.UNROUTABLE, FindingKind.MAX_TRAVEL}
        return
    driven, most = driving(day.route, day.route.visits), day.route.most_travel
    assert sizes.pop(FindingKind.MAX_TRAVEL) == (0 if most is None else max(0, driven - most))
    assert sum(sizes.values()) == least_lateness(day.route)


def least_lateness(route: TinyRoute) -> int:
    """The same day with every limit of time turned into a number, over all assignments."""
    found = (lateness(route, chosen) for chosen in ways(route, route.visits))
    return min(late for late in found if late is not None)


def lateness(route: TinyRoute, chosen: Sequence[float]) -> int | None:
    """None: a break is to be taken inside a visit that is over before it may begin."""
    clock, late = route.shift_start, 0

    def spend(seconds: int, where: float, *, inside: bool = False) -> bool:
        nonlocal clock, late
        left = seconds
        for (opens, closes, length), place in zip(route.breaks, chosen, strict=True):
            if place == where:
                if inside and opens - clock > left:
                    return False
                left -= min(left, max(0, opens - clock))
                late += max(0, max(clock, opens) - (closes - 1))
                clock = max(clock, opens) + length
        clock += left
        return True

    for gap, (here, there) in enumerate(pairwise([0, *route.visits, route.home])):
        spend(working_time(route, here, there), gap)
        if there < route.home:
            opens, closes = route.windows[there - 1]
            late += max(0, max(clock, opens) - (closes - 1))
            clock = max(clock, opens)
            if not spend(route.services[there - 1], gap + 0.5, inside=True):
                return None
    spend(0, len(route.visits) + 1)
    return late + max(0, clock - route.shift_end)


@settings(max_examples=examples(800))
@given(days(least=1), st.data())
def test_a_published_timetable_is_judged_by_its_gaps(day: Tiny, data: st.DataObject) -> None:
    """Simulated times pass; moved about at random, they pass exactly when every gap still holds."""
    order = day.route.visits
    chosen = data.draw(st.sampled_from(list(ways(day.route, order))))
    times = simulate(day.route, order, chosen)
    if times is None:
        return
    stops = [
        tuple(EPOCH + t for t in stop)
        for stop in zip(times.arrivals, times.starts, times.finishes, strict=True)
    ]
    assert check_times(day.shift, day.visits, day.travel, published(stops)) == ()

    shift, seldom = (st.sampled_from(way) for way in ([0, 0, 0, 1, -1, 4, -4], [0] * 9 + [1, 3]))
    moved = [
        (arrival + data.draw(shift), start + move, finish + move + data.draw(seldom))
        for arrival, start, finish in stops
        for move in [data.draw(shift)]
    ]
    found = check_times(day.shift, day.visits, day.travel, published(moved))
    assert (found == ()) == holds(day.route, [tuple(t - EPOCH for t in stop) for stop in moved])


def published(stops: Sequence[tuple[int, ...]]) -> list[Stop]:
    return [Stop(str(i), *(from_epoch(t) for t in times)) for i, times in enumerate(stops, start=1)]


def holds(route: TinyRoute, stops: list[tuple[int, ...]]) -> bool:
    """Windows and limits are kept, and some assignment of the breaks fits the published times."""
    for (opens, closes), (arrival, start, _) in zip(route.windows, stops, strict=True):
        if not (opens <= start < closes and arrival <= start):
            return False
    fits = any(gaps_hold(route, stops, chosen) for chosen in ways(route, route.visits))
    return fits and within_limits(route, route.visits)


def gaps_hold(route: TinyRoute, stops: list[tuple[int, ...]], chosen: Sequence[float]) -> bool:
    leaves = [route.shift_start, *(finish for _, _, finish in stops)]
    meets = [*(arrival for arrival, _, _ in stops), route.shift_end]
    for gap, (leave, meet) in enumerate(zip(leaves, meets, strict=True)):
        # breaks after arriving at the end place lie behind the last drive
        arrival = cross_gap(leave, working_time(route, gap, gap + 1), taken_at(route, chosen, gap))
        if arrival is not None and gap == len(stops):
            arrival = cross_gap(arrival, 0, taken_at(route, chosen, gap + 1))
        if arrival is None or arrival > meet:
            return False
        if gap < len(stops):
            _, start, finish = stops[gap]
            inside = taken_at(route, chosen, gap + 0.5)
            if finish != work_through(start, route.services[gap], inside):
                return False
    return True


def taken_at(route: TinyRoute, chosen: Sequence[float], where: float) -> list[tuple[int, int, int]]:
    return [b for b, place in zip(route.breaks, chosen, strict=True) if place == where]
