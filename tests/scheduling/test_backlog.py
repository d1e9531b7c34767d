"""Work without a place: who may take it off, what is told of it, and in which order it waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from slotsvc.domain.commitment import Commitment, CommitmentKind
from slotsvc.domain.errors import AlreadyExistsError, WrongStateError
from slotsvc.domain.visit import PlacementState, Standing, UnplacedReason, Visit
from slotsvc.scheduling.backlog import BacklogFilter
from slotsvc.scheduling.report_visit import Report, ReportKind
from slotsvc.scheduling.wish import Wish
from tests.scheduling.booking_company import GRID
from tests.scheduling.booking_world import TENANT
from tests.scheduling.line_day import LINE, Walk

WORK = Visit("", LINE[1], timedelta(hours=1), frozenset(), team="crew")


def made(walk: Walk, change: Callable[[Visit], Visit] = lambda work: work) -> str:
    return walk.world.create(change(WORK)).stored.visit.id


def last_event(walk: Walk) -> tuple[str, str]:
    found = walk.world.read(lambda tx: tx.events_after(TENANT, "", 1000))
    return found[-1].event.kind, found[-1].event.subject


def test_new_work_waits_and_is_told(walk: Walk) -> None:
    """It has no place, a reason to wait, and an event without a route."""
    visit = made(walk)
    stored = walk.world.visit(visit)
    assert (stored.standing, stored.unplaced_reason) == (Standing.UNPLACED, UnplacedReason.NEW)
    assert stored.place is None
    assert last_event(walk) == ("VISIT_CREATED", visit)


def test_a_reference_is_in_use_once(walk: Walk) -> None:
    """A cancelled visit gives its reference back."""
    first = made(walk, lambda work: replace(work, external_ref="42"))
    with pytest.raises(AlreadyExistsError):
        made(walk, lambda work: replace(work, external_ref="42"))
    walk.world.cancel(first)
    made(walk, lambda work: replace(work, external_ref="42"))


def test_what_is_taken_off_waits_with_what_was_promised(walk: Walk) -> None:
    """The route is free again; the promise stands, for nobody told the client otherwise."""
    visit = walk.booked(2, 8, 10)
    walk.world.announce(visit, (walk.window(8, 10),))
    walk.world.unplace(visit)
    stored = walk.world.visit(visit)
    assert stored.unplaced_reason is UnplacedReason.PLANNER
    assert [p.superseded for p in stored.visit.promises] == [None]
    assert walk.order() == []


def test_what_has_begun_stays_on_its_route(walk: Walk) -> None:
    """Somebody is on the way: that cannot be planned away."""
    visit = walk.booked(2, 8, 10)
    walk.world.report(visit, Report(ReportKind.DEPARTED))
    with pytest.raises(WrongStateError, match="has begun"):
        walk.world.unplace(visit)


def test_an_open_move_ends_with_the_place_it_would_leave(walk: Walk) -> None:
    """The hold of the new place is given back in the same step."""
    visit = walk.booked(2, 8, 10)
    offer = walk.world.search(Wish(visit=visit, grid=GRID))[0]
    hold = walk.world.hold(offer, timedelta(minutes=5)).stored.placed.id
    walk.world.unplace(visit)
    given_back = walk.world.read(lambda tx: tx.placement(TENANT, hold))
    assert given_back is not None
    assert given_back.placed.state is PlacementState.RELEASED


def test_the_urgent_come_first(walk: Walk) -> None:
    """By priority, then by what is due soonest, then by age."""
    due = Commitment(CommitmentKind.DEADLINE, walk.at(18))
    old = made(walk)
    soon = made(walk, lambda work: replace(work, commitment=due))
    urgent = made(walk, lambda work: replace(work, priority=1))
    listed = walk.world.read(
        lambda tx: tx.list_unplaced(
            TENANT, team=None, client=None, after=None, limit=9, now=tx.now()
        )
    )
    assert [stored.visit.id for stored in listed] == [urgent, soon, old]


def test_what_is_held_somewhere_is_not_listed(walk: Walk) -> None:
    """Until the hold lapses: then it waits again, though nobody wrote that down."""
    visit = made(walk)
    offer = walk.world.search(Wish(visit=visit, grid=GRID))[0]
    walk.world.hold(offer, timedelta(minutes=5))
    assert walk.world.backlog(BacklogFilter(TENANT)) == set()
    walk.world.clock.pass_(timedelta(minutes=5))
    assert walk.world.backlog(BacklogFilter(TENANT)) == {visit}


def test_a_promise_narrows_when_the_visit_may_start(walk: Walk) -> None:
    """Told 9 to 10 it may no longer start at 8; one that cannot be kept leaves it, on record."""
    visit = walk.booked(2, 8, 12)
    walk.world.announce(visit, (walk.window(9, 10),))
    assert walk.world.visit(visit).placed.start_window == walk.window(9, 10)
    assert walk.broken() == {}
    walk.world.announce(visit, (walk.window(14, 15),), instead=True)
    assert walk.world.visit(visit).placed.start_window == walk.window(9, 10)
    assert walk.broken() == {("PROMISE", visit): 5 * 3600}


def test_nothing_is_promised_while_a_move_is_open(walk: Walk) -> None:
    """Confirmed, the hold is what the client agreed to: it would undo what is told now."""
    visit = walk.booked(2, 8, 10)
    walk.world.hold(walk.world.search(Wish(visit=visit, grid=GRID))[0], timedelta(minutes=5))
    with pytest.raises(WrongStateError, match="held"):
        walk.world.announce(visit, (walk.window(8, 10),))
