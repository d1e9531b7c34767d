"""The checker of histories finds what it is there to find; one that cannot fail says nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from benchmarks.history import Books, Change, History, Read, disagreements
from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.ports import Event

ROUTE = RouteKey("acme", "ann", date(2030, 6, 3))
OTHER = RouteKey("acme", "bob", date(2030, 6, 3))


def event(kind: str, visit: str, version: int, placement: str = "h-1") -> Event:
    return Event(kind, visit, ROUTE, version, {"placement": placement})


TOLD = (
    Change(1, "VISIT_HELD", "v-1", 0.0, 1.0),
    Change(1, "VISIT_BOOKED", "v-1", 2.0, 3.0),
    Change(2, "VISIT_BOOKED", "v-2", 2.5, 4.0),
)
EVENTS = (
    event("VISIT_HELD", "v-1", 1),
    event("VISIT_BOOKED", "v-1", 2),
    event("VISIT_BOOKED", "v-2", 3, "h-2"),
)
STANDS = {ROUTE: frozenset({"h-1", "h-2"})}
SEEN = Read(3, ROUTE, 3, 5.0, frozenset({"v-1", "v-2"}))


def wrong(
    told: Sequence[Change] = TOLD,
    events: Sequence[Event] = EVENTS,
    version: int = 3,
    stands: dict[RouteKey, frozenset[str]] = STANDS,
    reads: Sequence[Read] = (),
    references: dict[str, str] | None = None,
) -> str:
    books = Books(events, {ROUTE: version}, stands, references or {})
    return "; ".join(disagreements(History(list(told), list(reads)), books))


def test_a_right_history_is_right() -> None:
    """Nothing is found, with reads and with versions that were told."""
    assert wrong() == ""
    exact = [replace(c, route=ROUTE, version=n + 1) for n, c in enumerate(TOLD)]
    early = Read(3, ROUTE, 1, 0.5, frozenset(), frozenset({"v-1"}))
    assert wrong(told=exact, reads=[early, SEEN]) == ""


def test_a_lost_answer_is_found() -> None:
    """Acknowledged, but no event."""
    found = wrong(events=EVENTS[:2], version=2)
    assert "v-2: VISIT_BOOKED told 1 times, written 0 times" in found


def test_a_doubled_effect_is_found() -> None:
    """One answer, two events."""
    again = (*EVENTS, event("VISIT_BOOKED", "v-2", 4, "h-3"))
    assert "v-2: VISIT_BOOKED told 1 times, written 2 times" in wrong(events=again, version=4)


def test_what_nobody_asked_for_is_found() -> None:
    """An event without a call; among others' calls it is no defect."""
    assert "v-2: VISIT_BOOKED told 0 times, written 1 times" in wrong(told=TOLD[:2])
    history, books = History(list(TOLD[:2])), Books(EVENTS, {ROUTE: 3}, STANDS)
    assert disagreements(history, books, alone=False) == []


def test_an_unanswered_call_was_done_once_or_not_at_all() -> None:
    """By its visit or by the caller's own reference; twice is a defect."""
    unknown = Change(2, "VISIT_BOOKED", "", 2.5, None, reference="order-2")
    told, named = (*TOLD[:2], unknown), {"v-2": "order-2", "v-3": "order-2"}
    assert wrong(told=told, references=named) == ""
    absent = {ROUTE: frozenset({"h-1"})}
    assert wrong(told=told, events=EVENTS[:2], version=2, stands=absent, references=named) == ""
    twice = (*EVENTS, event("VISIT_BOOKED", "v-3", 4, "h-3"))
    assert "order-2: VISIT_BOOKED told 0 to 1 times, written 2 times" in wrong(
        told=told, events=twice, version=4, references=named
    )


def test_a_gap_and_a_repeat_of_versions_are_found() -> None:
    """Version 3 missing; version 2 twice; a route that stands further than its events."""
    gap = (*EVENTS[:2], event("VISIT_BOOKED", "v-2", 4, "h-2"))
    assert "version 4 (VISIT_BOOKED) follows 2" in wrong(events=gap, version=4)
    repeat = (*EVENTS[:2], event("VISIT_BOOKED", "v-2", 2, "h-2"))
    assert "version 2 (VISIT_BOOKED) follows 2" in wrong(events=repeat, version=2)
    assert "stands at version 4, the events end at 3" in wrong(version=4)


def test_one_version_may_have_more_to_tell() -> None:
    """That the route is broken now, or that an absence took two visits off it."""
    broken = Event("ROUTE_BROKEN", "ann", ROUTE, 3, {"violations": 1})
    assert wrong(events=(*EVENTS, broken)) == ""
    off = [event("VISIT_UNPLACED", f"v-{n}", 4, f"h-{n}") for n in (1, 2)]
    told = [Change(3, "VISIT_UNPLACED", f"v-{n}", 9.0, 9.5) for n in (1, 2)]
    assert wrong((*TOLD, *told), (*EVENTS, *off), 4, {ROUTE: frozenset()}) == ""


def test_a_change_that_overtook_another_is_found() -> None:
    """Answered before the earlier version's call even began."""
    late = Change(1, "VISIT_BOOKED", "v-1", 9.0, 10.0)
    assert "was answered before an earlier one began" in wrong(told=(TOLD[0], late, TOLD[2]))


def test_versions_told_in_another_order_are_found() -> None:
    """Two clients were told each other's versions."""
    swapped = [
        TOLD[0],
        replace(TOLD[1], route=ROUTE, version=3),
        replace(TOLD[2], route=ROUTE, version=2),
    ]
    assert "VISIT_BOOKED of v-1 was told as version 3" in wrong(told=swapped)
    both = [replace(TOLD[1], route=ROUTE, version=2)] * 2
    assert "or somebody else's too" in wrong(told=[TOLD[0], *both, TOLD[2]])


def test_a_stale_read_is_found() -> None:
    """Version 1 was shown after version 2 had been acknowledged; before, it is no defect."""
    old = Read(3, ROUTE, 1, 3.5, frozenset(), frozenset({"v-1"}))
    assert "version 1 was read, 2 was acknowledged before: a stale read" in wrong(reads=[old])
    assert wrong(reads=[replace(old, begun=2.9)]) == ""


def test_a_read_that_never_was_is_found() -> None:
    """A booking too many, one too few, a hold that never was, a version that never was."""
    ghost = replace(SEEN, booked=frozenset({"v-1", "v-2", "v-9"}))
    assert "'v-9'] and holds [] were read at version 3" in wrong(reads=[ghost])
    assert "were read at version 3" in wrong(reads=[replace(SEEN, booked=frozenset({"v-1"}))])
    assert "were read at version 3" in wrong(reads=[replace(SEEN, held=frozenset({"v-8"}))])
    assert "version 9 was read, the events end at 3" in wrong(reads=[replace(SEEN, version=9)])
    nowhere = Read(3, OTHER, 0, 5.0, frozenset({"v-1"}))
    assert "were read at version 0" in wrong(reads=[nowhere])


def test_a_placement_that_does_not_stand_is_found() -> None:
    """Booked by the events, gone from the table; and the other way round."""
    assert "booked by the events" in wrong(stands={ROUTE: frozenset({"h-1"})})
    assert "booked by the events" in wrong(stands={ROUTE: frozenset({"h-1", "h-2", "h-9"})})


def test_a_hold_may_have_lapsed_by_itself() -> None:
    """It leaves no event, and that is right."""
    held = (*EVENTS, event("VISIT_HELD", "v-3", 4, "h-3"))
    told = (*TOLD, Change(3, "VISIT_HELD", "v-3", 5.0, 6.0))
    assert wrong(told=told, events=held, version=4) == ""
    assert wrong(told, held, 4, {ROUTE: frozenset({"h-1", "h-2", "h-3"})}) == ""
    lapsed = replace(SEEN, version=4, begun=99.0)
    assert wrong(told=told, events=held, version=4, reads=[lapsed]) == ""


def test_an_unknown_kind_of_event_is_found() -> None:
    """Whoever adds one must say what it does to a route."""
    odd = (*EVENTS, event("VISIT_PAINTED", "v-1", 4))
    assert "of a kind nobody knows, VISIT_PAINTED" in wrong(events=odd, version=4)


def long_history(operations: int, seed: int = 0) -> tuple[History, Books]:
    """Clients that book and cancel on 64 routes, with reads in between; all of it right."""
    chance, history, events = random.Random(seed), History(), list[Event]()
    routes = [RouteKey("acme", f"tech-{n}", ROUTE.day) for n in range(64)]
    standing: dict[RouteKey, list[tuple[str, str]]] = {key: [] for key in routes}
    versions = dict.fromkeys(routes, 0)
    for number in range(operations):
        key, now = chance.choice(routes), float(number)
        here = standing[key]
        if chance.random() < 0.3:
            seen = frozenset(visit for visit, _ in here)
            history.note_read(Read(0, key, versions[key], now, seen))
            continue
        if len(here) < 8:
            kind, (visit, placement) = "VISIT_BOOKED", (f"v-{number}", f"h-{number}")
            here.append((visit, placement))
        else:
            kind, (visit, placement) = "VISIT_CANCELLED", here.pop(chance.randrange(len(here)))
        versions[key] += 1
        events.append(Event(kind, visit, key, versions[key], {"placement": placement}))
        began = now - chance.uniform(0.0, 20.0)
        history.note(
            Change(number % 16, kind, visit, began, now + 0.5, route=key, version=versions[key])
        )
    live = {key: frozenset(p for _, p in here) for key, here in standing.items()}
    return history, Books(events, versions, live)


def seconds_for(operations: int) -> float:
    history, books = long_history(operations)
    assert len(history) == operations
    begun = time.process_time()
    assert disagreements(history, books) == []
    return time.process_time() - begun


def test_a_hundred_thousand_operations_are_checked_in_linear_time() -> None:
    """Ten times the calls take about ten times as long, never fifty."""
    few, many = seconds_for(10_000), seconds_for(100_000)
    assert many < 50 * max(few, 0.01)


@pytest.mark.parametrize("at", [5, 777, 1_900])
def test_one_wrong_operation_among_many_is_found(at: int) -> None:
    """A lost change, a stale read, an order turned round: in a long history too."""
    history, books = long_history(2_000)
    lost = Books([*books.events[:at], *books.events[at + 1 :]], books.versions, books.live)
    if at < len(books.events):
        assert disagreements(history, lost)
    change = history.changes[min(at, len(history.changes) - 1)]
    turned = replace(change, version=change.version + 1)
    assert disagreements(History([*history.changes, turned], history.reads), books)
    old = max(history.reads, key=lambda read: read.version)
    history.note_read(replace(old, begun=1e9, version=1))
    assert disagreements(history, books)
