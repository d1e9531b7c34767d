"""The checker of histories finds what it is there to find; one that cannot fail says nothing."""

from __future__ import annotations

from datetime import date

from benchmarks.torture.history import Acknowledged, disagreements
from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.ports import Event

ROUTE = RouteKey("acme", "ann", date(2030, 6, 3))


def event(kind: str, visit: str, version: int, placement: str = "h-1") -> Event:
    return Event(kind, visit, ROUTE, version, {"placement": placement})


TOLD = (
    Acknowledged(1, "VISIT_HELD", "v-1", 0.0, 1.0),
    Acknowledged(1, "VISIT_BOOKED", "v-1", 2.0, 3.0),
    Acknowledged(2, "VISIT_BOOKED", "v-2", 2.5, 4.0),
)
EVENTS = (
    event("VISIT_HELD", "v-1", 1),
    event("VISIT_BOOKED", "v-1", 2),
    event("VISIT_BOOKED", "v-2", 3, "h-2"),
)
STANDS = {ROUTE: frozenset({"h-1", "h-2"})}


def wrong(
    told: tuple[Acknowledged, ...] = TOLD,
    events: tuple[Event, ...] = EVENTS,
    version: int = 3,
    stands: dict[RouteKey, frozenset[str]] = STANDS,
) -> str:
    return "; ".join(disagreements(told, events, {ROUTE: version}, stands))


def test_a_right_history_is_right() -> None:
    """Nothing is found."""
    assert wrong() == ""


def test_a_lost_answer_is_found() -> None:
    """Acknowledged, but no event."""
    assert "v-2: told ['VISIT_BOOKED'], written []" in wrong(events=EVENTS[:2], version=2)


def test_a_doubled_effect_is_found() -> None:
    """One answer, two events."""
    again = (*EVENTS, event("VISIT_BOOKED", "v-2", 4, "h-3"))
    assert "v-2: told ['VISIT_BOOKED'], written" in wrong(events=again, version=4)


def test_a_gap_and_a_repeat_of_versions_are_found() -> None:
    """Version 3 missing; version 2 twice; a route that stands further than its events."""
    gap = (*EVENTS[:2], event("VISIT_BOOKED", "v-2", 4, "h-2"))
    assert "version 4 (VISIT_BOOKED) follows 2" in wrong(events=gap, version=4)
    repeat = (*EVENTS[:2], event("VISIT_BOOKED", "v-2", 2, "h-2"))
    assert "version 2 (VISIT_BOOKED) follows 2" in wrong(events=repeat, version=2)
    assert "stands at version 4, the events end at 3" in wrong(version=4)


def test_a_change_that_overtook_another_is_found() -> None:
    """Answered before the earlier version's call even began."""
    late = Acknowledged(1, "VISIT_BOOKED", "v-1", 9.0, 10.0)
    assert "was answered before an earlier one began" in wrong(told=(TOLD[0], late, TOLD[2]))


def test_a_placement_that_does_not_stand_is_found() -> None:
    """Booked by the events, gone from the table; and the other way round."""
    assert "booked by the events" in wrong(stands={ROUTE: frozenset({"h-1"})})
    assert "booked by the events" in wrong(stands={ROUTE: frozenset({"h-1", "h-2", "h-9"})})


def test_a_hold_may_have_lapsed_by_itself() -> None:
    """It leaves no event, and that is right."""
    held = (*EVENTS, event("VISIT_HELD", "v-3", 4, "h-3"))
    told = (*TOLD, Acknowledged(3, "VISIT_HELD", "v-3", 5.0, 6.0))
    assert wrong(told=told, events=held, version=4) == ""
    assert wrong(told, held, 4, {ROUTE: frozenset({"h-1", "h-2", "h-3"})}) == ""


def test_an_unknown_kind_of_event_is_found() -> None:
    """Whoever adds one must say what it does to a route."""
    odd = (*EVENTS, event("VISIT_PAINTED", "v-1", 4))
    assert "of a kind nobody knows, VISIT_PAINTED" in wrong(events=odd, version=4)
