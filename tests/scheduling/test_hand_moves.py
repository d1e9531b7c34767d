"""Moves by hand: where a visit goes, what is told of it, and what a pin then holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from slotsvc.domain.errors import InvalidRequestError, PlanWorseError, WrongStateError
from slotsvc.domain.visit import Pin, PlacementState
from slotsvc.scheduling.hand_moves import HandMove
from slotsvc.scheduling.report_visit import Report, ReportKind
from slotsvc.scheduling.wish import Wish
from tests.scheduling.booking_company import GRID
from tests.scheduling.line_day import Walk


def test_without_a_position_it_goes_where_it_drives_least(walk: Walk) -> None:
    """On the way from one to the other, the first such place."""
    near, far = walk.booked(1, 8, 18), walk.booked(4, 8, 18)
    between = walk.waiting(2)
    walk.move(between, 8, 18)
    assert walk.order() == [near, between, far]


def test_a_position_is_obeyed(walk: Walk) -> None:
    """First of all, though it costs a detour."""
    first, second = walk.booked(1, 8, 18), walk.booked(2, 8, 18)
    third = walk.waiting(4)
    walk.world.move(HandMove(third, "ann", walk.day, position=0, window=walk.window(8, 18)))
    assert walk.order() == [third, first, second]
    walk.world.move(HandMove(third, "ann", walk.day, position=2))
    assert walk.order() == [first, second, third]


@pytest.mark.parametrize("position", [-1, 2])
def test_a_position_that_is_not_there_is_refused(walk: Walk, position: int) -> None:
    """One visit is there: before it or behind it."""
    walk.booked(1, 8, 18)
    with pytest.raises(InvalidRequestError, match="from 0 to 1"):
        walk.world.tried(HandMove(walk.waiting(2), "ann", walk.day, position=position))


def test_nothing_goes_before_what_has_begun(walk: Walk) -> None:
    """It keeps its place in front; without a position the new one comes behind it."""
    first, second = walk.booked(2, 8, 18), walk.booked(3, 8, 18)
    walk.clock(8, 30)
    walk.world.report(first, Report(ReportKind.STARTED))
    third = walk.waiting(1)
    with pytest.raises(InvalidRequestError, match="from 1 to 2"):
        walk.world.tried(HandMove(third, "ann", walk.day, position=0))
    walk.world.move(HandMove(third, "ann", walk.day, window=walk.window(8, 18)))
    assert walk.order()[0] == first
    assert set(walk.order()[1:]) == {second, third}
    with pytest.raises(WrongStateError, match="begun"):
        walk.world.tried(HandMove(first, "ann", walk.day))


def test_trying_tells_everything_and_changes_nothing(walk: Walk) -> None:
    """Both routes, their findings, and how much more is driven."""
    visit = walk.booked(2, 9, 10)
    ann, bob = walk.world.tried(HandMove(visit, "bob", walk.day, window=walk.window(12, 13)))
    assert (ann.key.technician, bob.key.technician) == ("ann", "bob")
    assert (ann.added_travel, bob.added_travel) == (timedelta(minutes=-40), timedelta(minutes=40))
    assert ann.findings == bob.findings == ()
    assert walk.order() == [visit]


def test_moves_are_tried_one_after_the_other(walk: Walk) -> None:
    """The same visit twice: it ends where the last move puts it."""
    visit = walk.booked(2, 9, 10)
    there = HandMove(visit, "bob", walk.day, window=walk.window(9, 10))
    back = HandMove(visit, "ann", walk.day, window=walk.window(14, 15))
    tried = {route.key.technician: route for route in walk.world.tried(there, back)}
    assert [len(tried[who].placements) for who in ("ann", "bob")] == [1, 0]


def test_on_the_same_day_it_keeps_its_window(walk: Walk) -> None:
    """And on another day, nothing being promised, any time of the shift will do."""
    visit = walk.booked(2, 9, 10)
    placed, _ = walk.world.move(HandMove(visit, "bob", walk.day))
    assert placed.stored.placed.start_window == walk.window(9, 10)
    tomorrow = walk.world.day(1)
    placed, _ = walk.world.move(HandMove(visit, "ann", tomorrow))
    assert placed.stored.placed.start_window.length == timedelta(hours=10)


def test_a_promise_goes_with_it_and_is_not_broken_silently(walk: Walk) -> None:
    """Promised for this morning, tomorrow breaks it: only with a reason."""
    visit = walk.booked(2, 9, 10)
    walk.world.announce(visit, (walk.window(9, 10),))
    move = HandMove(visit, "ann", walk.world.day(1))
    with pytest.raises(PlanWorseError) as refusal:
        walk.world.move(move)
    assert [f.kind.value for r in refusal.value.routes for f in r.worse] == ["PROMISE"]
    walk.world.move(move, "agreed on the phone")


def test_a_start_pinned_by_hand_is_the_only_start(walk: Walk) -> None:
    """It is planned for 9:00 from 9 to 18; pinned there, a later move keeps the pin, anew."""
    visit = walk.waiting(2)
    move = HandMove(visit, "ann", walk.day, window=walk.window(9, 18))
    placed, _ = walk.world.move(move, pin=Pin.START)
    (placement,) = walk.placements()
    assert placed.stored.placed.pin is placement.pin is Pin.START
    second = timedelta(seconds=1)
    assert (placement.start_window.start, placement.start_window.length) == (walk.at(9), second)
    walk.world.move(HandMove(visit, "bob", walk.day, window=walk.window(14, 16)))
    moved = walk.world.visit(visit).placed
    assert (moved.pin, moved.start_window.start) == (Pin.START, walk.at(14))
    assert moved.start_window.length == second


def test_a_visit_whose_new_place_is_held_is_not_moved_beside_it(walk: Walk) -> None:
    """The hold is settled first; released, the visit can be moved, also to a day off."""
    visit = walk.booked(2, 9, 10)
    days = frozenset([walk.world.day(1)])
    wish = Wish(visit=visit, grid=GRID, allowed_dates=days)
    hold = walk.world.hold(walk.world.search(wish)[0], timedelta(minutes=5)).stored.placed
    assert hold.state is PlacementState.HELD
    with pytest.raises(WrongStateError, match="held"):
        walk.world.move(HandMove(visit, "bob", walk.day))
    walk.world.release(hold.id)
    walk.world.move(HandMove(visit, "bob", walk.day, shift=3), "we shall see")
    assert walk.world.visit(visit).placed.route.shift == 3


def test_a_route_that_changed_meanwhile_is_judged_anew(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody books between the judgement and the writing: both are on the route afterwards."""
    visit, other = walk.waiting(2), walk.waiting(3)
    wish = Wish(visit=other, grid=GRID, allowed_dates=frozenset([walk.day]))
    offer = next(o for o in walk.world.search(wish) if o.route.technician == "ann")
    store, write = walk.world.store, walk.world.store.write

    async def later(work: Any) -> Any:
        monkeypatch.setattr(store, "write", write)
        await walk.world.booking(offer)
        return await write(work)

    monkeypatch.setattr(store, "write", later)
    walk.move(visit, 8, 18)

    assert set(walk.order()) == {visit, other}
