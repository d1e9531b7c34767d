"""What every store must do with visits without a place, and with what is known and reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from slotsvc.domain.commitment import Commitment, CommitmentKind, Promise
from slotsvc.domain.errors import AlreadyExistsError, InUseError, InvariantError, NotFoundError
from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.time_window import TimeWindow, to_epoch
from slotsvc.domain.visit import (
    Outcome,
    Placement,
    PlacementState,
    Reported,
    Standing,
    UnplacedReason,
)
from slotsvc.scheduling.ports import NO_DUE, Store, WriteTx
from slotsvc.scheduling.travel_port import Provenance
from tests.store.samples import (
    ANA_MONDAY,
    ANA_TUESDAY,
    BEN_MONDAY,
    HOLD,
    HOUR,
    MINUTE,
    MONDAY,
    NOW,
    TUESDAY,
    FrozenClock,
    block,
    held,
    placed,
    put,
    set_up,
    stored,
    visit,
    waiting,
)

AFTERNOON = TimeWindow(NOW + 6 * HOUR, NOW + 8 * HOUR)
PROMISE = Promise((TimeWindow(NOW, NOW + HOUR), AFTERNOON), NOW, "phone")


def urgent(id: str, priority: int = 0, due_in: int | None = None):
    """In the backlog, due in some hours."""
    due = None if due_in is None else NOW + due_in * HOUR
    commitment = Commitment(CommitmentKind.INTERNAL, due)
    return waiting(visit(id, priority=priority, commitment=commitment))


def backlog(**asked):
    """Ids of the backlog."""
    everything = {"team": None, "client": None, "after": None, "limit": 100, "now": NOW}
    return lambda tx: [s.visit.id for s in tx.list_unplaced("acme", **(everything | asked))]


def placed_list(**asked):
    """Ids of the list of visits with a place."""
    everything = {
        **{"technicians": None, "first": None, "last": None, "client": None, "after": None},
        **{"limit": 100, "now": NOW},
    }
    return lambda tx: [s.visit.id for s in tx.list_visits("acme", **(everything | asked))]


def cancel(tx: WriteTx, placement: Placement) -> None:
    """A visit that was placed and cancelled."""
    tx.lock_routes([placement.route])
    tx.insert_visit(stored(placement))


def hold_for_waiting(tx: WriteTx) -> None:
    """Visit v1 waits in the backlog and holds its first place."""
    tx.insert_visit(waiting())
    tx.lock_routes([ANA_MONDAY])
    tx.insert_placement(held("p1"), Provenance.LIVE, NOW)
    tx.write_route(ANA_MONDAY, ["p1"], block())


class BacklogContract:
    """Visits without a place, what is known of a visit, reports from the road."""

    async def test_a_visit_needs_no_place(self, store: Store) -> None:
        """It is stored without any route, found by id and by reference, and listed as waiting."""
        await store.write(set_up)
        commitment = Commitment(CommitmentKind.FLEXIBLE, NOW + HOUR, AFTERNOON)
        new = waiting(
            visit(
                external_ref="ref-1",
                commitment=commitment,
                promises=(PROMISE,),
                labels={"b": "2", "a": "é"},
                access=MINUTE,
                pausable=True,
                sector="west",
                priority=3,
            )
        )
        await store.write(lambda tx: tx.insert_visit(new))

        assert await store.read(lambda tx: tx.visit("acme", "v1")) == new
        assert await store.read(lambda tx: tx.visit_by_external_ref("acme", "ref-1")) == new
        assert await store.read(lambda tx: tx.visit("other", "v1")) is None
        assert await store.read(backlog()) == ["v1"]
        with pytest.raises(InvariantError):
            _ = new.placed
        with pytest.raises(AlreadyExistsError):
            await store.write(lambda tx: tx.insert_visit(new))

    async def test_a_waiting_visit_gets_its_place(self, store: Store, clock: FrozenClock) -> None:
        """Held it is out of the backlog, with the hold lapsed in it again, and booked it is out."""
        await store.write(set_up)
        await store.write(hold_for_waiting)

        assert (await store.read(lambda tx: tx.visit("acme", "v1"))).placement is None
        assert (await store.read(lambda tx: tx.open_hold("acme", "v1", NOW))).id == "p1"
        assert await store.read(lambda tx: tx.open_hold("acme", "v1", NOW + HOLD)) is None
        assert await store.read(backlog()) == []
        assert await store.read(backlog(now=NOW + HOLD)) == ["v1"]

        def confirm(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.confirm_placement("acme", "p1", "NONE", NOW)
            tx.update_visit("acme", visit(), Standing.PLACED, placement="p1")

        await store.write(confirm)

        found = await store.read(lambda tx: tx.visit("acme", "v1"))
        assert (found.placed.id, found.placed.state) == ("p1", PlacementState.BOOKED)
        assert (found.standing, found.unplaced_reason) == (Standing.PLACED, None)
        assert await store.read(lambda tx: tx.open_hold("acme", "v1", NOW)) is None
        assert await store.read(backlog(now=NOW + HOLD)) == []

    async def test_a_waiting_visit_that_is_held_is_listed_there(self, store: Store) -> None:
        """Held somewhere it stands among the others of that day; lapsed, it only waits again."""
        await store.write(set_up)
        await store.write(hold_for_waiting)
        held_only, released = [PlacementState.HELD], [PlacementState.RELEASED]

        assert await store.read(placed_list(states=held_only)) == ["v1"]
        assert await store.read(placed_list(states=held_only, now=NOW + HOLD)) == []
        assert await store.read(placed_list(states=released, now=NOW + HOLD)) == []

    async def test_what_was_cancelled_without_a_place_comes_first(self, store: Store) -> None:
        """Before all dates, by id; whoever asks for dates or technicians does not mean it."""
        await store.write(set_up)
        gone = {"standing": Standing.CANCELLED, "unplaced_reason": None}
        theirs = waiting(visit("v0", client="client-2"), **gone)
        waited = [waiting(visit(id), **gone) for id in ("v9", "v5")]
        await store.write(lambda tx: [tx.insert_visit(s) for s in (*waited, theirs)])
        placed_once = placed("p7", state=PlacementState.CANCELLED)
        await store.write(lambda tx: put(tx, placed("p1"), placed("p2")))
        await store.write(lambda tx: cancel(tx, placed_once))

        mine = {"states": [PlacementState.CANCELLED], "client": "client-1"}
        assert await store.read(placed_list(**mine)) == ["v5", "v9", "v7"]
        assert await store.read(placed_list(**mine, limit=2)) == ["v5", "v9"]
        for last, rest in (("v5", ["v9", "v7"]), ("v9", ["v7"])):
            assert await store.read(placed_list(**mine, after=("", "", -1, last))) == rest
        assert await store.read(placed_list(**mine, after=(MONDAY.isoformat(), "", -1, ""))) == [
            "v7"
        ]
        assert await store.read(placed_list(**mine, first=MONDAY)) == ["v7"]
        assert await store.read(placed_list(**mine, technicians=["ana"])) == ["v7"]
        assert await store.read(placed_list(states=[PlacementState.BOOKED])) == ["v1", "v2"]

    async def test_a_visit_goes_back_to_the_backlog(self, store: Store) -> None:
        """Its last place is shown as RETURNED, the reason is kept, and it can be booked again."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1")))

        def give_back(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.set_placement_state("acme", "p1", PlacementState.RETURNED)
            tx.write_route(ANA_MONDAY, [], block())
            tx.update_visit("acme", visit(), Standing.UNPLACED, UnplacedReason.ABSENCE)

        await store.write(give_back)

        found = await store.read(lambda tx: tx.visit("acme", "v1"))
        assert (found.placed.id, found.placed.state) == ("p1", PlacementState.RETURNED)
        assert (found.standing, found.unplaced_reason) == (
            Standing.UNPLACED,
            UnplacedReason.ABSENCE,
        )
        assert await store.read(backlog()) == ["v1"]

        def book(tx):
            tx.lock_routes([BEN_MONDAY])
            again = placed("p2", BEN_MONDAY, work=visit())
            tx.insert_placement(again, Provenance.LIVE, None)
            tx.write_route(BEN_MONDAY, ["p2"], block())
            tx.update_visit("acme", visit(), Standing.PLACED, placement="p2")

        await store.write(book)

    async def test_the_backlog_is_listed_by_urgency(self, store: Store) -> None:
        """By priority, due time (none last), age and id; a page goes on behind the one before."""
        await store.write(set_up)
        old = replace(urgent("old"), created=NOW - HOUR)
        new = [urgent("b"), urgent("a"), urgent("late", 0, 9), urgent("soon", 0, 1)]
        await store.write(lambda tx: [tx.insert_visit(s) for s in (*new, old, urgent("top", 2, 9))])

        order = ["top", "soon", "late", "old", "a", "b"]
        assert await store.read(backlog()) == order
        assert await store.read(backlog(limit=2)) == order[:2]
        soon, now = to_epoch(NOW + HOUR), to_epoch(NOW)
        assert await store.read(backlog(after=(0, soon, now, "soon"))) == order[2:]
        assert await store.read(backlog(after=(0, NO_DUE, now, "a"))) == order[5:]
        assert (
            await store.read(backlog(after=(-2, to_epoch(NOW + 9 * HOUR), now, "top")))
            == (order[1:])
        )

    async def test_the_backlog_can_be_narrowed(self, store: Store) -> None:
        """By team and by client; what was cancelled or has a place is not in it."""
        await store.write(set_up)
        theirs = waiting(visit("v2", team="south", client="client-2"))
        gone = waiting(visit("v3"), standing=Standing.CANCELLED, unplaced_reason=None)
        await store.write(lambda tx: [tx.insert_visit(s) for s in (waiting(), theirs, gone)])
        await store.write(lambda tx: put(tx, placed("p4")))

        assert await store.read(backlog()) == ["v1", "v2"]
        assert await store.read(backlog(team="south")) == ["v2"]
        assert await store.read(backlog(client="client-1")) == ["v1"]
        assert await store.read(backlog(team="north", client="client-2")) == []

    async def test_what_is_known_of_a_visit_can_change(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """Everything but its placement and its making is written anew, one revision on."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1", service=2 * HOUR)))
        clock.advance(MINUTE)
        told = visit(
            service=3 * HOUR,
            requires=frozenset(),
            promises=(replace(PROMISE, superseded=NOW), PROMISE),
            labels={"k": "v"},
            commitment=Commitment(CommitmentKind.DEADLINE, NOW + HOUR),
        )

        await store.write(lambda tx: tx.update_visit("acme", told, Standing.PLACED))

        found = await store.read(lambda tx: tx.visit("acme", "v1"))
        assert found.visit == told
        assert found.placed.id == "p1"
        assert found.placed.on_site == 2 * HOUR
        assert (found.revision, found.created, found.updated) == (2, NOW, NOW + MINUTE)

    async def test_an_unknown_visit_is_not_found(self, store: Store) -> None:
        """Writing what is known of a visit that does not exist says so."""
        await store.write(set_up)
        with pytest.raises(NotFoundError):
            await store.write(lambda tx: tx.update_visit("acme", visit(), Standing.PLACED))
        with pytest.raises(NotFoundError):
            await store.write(lambda tx: tx.report("acme", "p1", PlacementState.DONE, Reported()))

    async def test_reports_from_the_road_are_kept(self, store: Store) -> None:
        """State, times, steps and outcome come back with the placement, one revision on."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1")))
        steps = (("parked", NOW + MINUTE), ("parked", NOW + 2 * MINUTE), ("é", NOW + HOUR))
        done = Reported(NOW, NOW + MINUTE, NOW + HOUR, Outcome.CLIENT_ABSENT, steps)

        def report(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.report("acme", "p1", PlacementState.DONE, done)

        await store.write(report)

        found = await store.read(lambda tx: tx.visit("acme", "v1"))
        assert (found.placed.state, found.placed.reported) == (PlacementState.DONE, done)
        assert found.revision == 2
        route = (await store.read(lambda tx: tx.routes_by_key([ANA_MONDAY])))[ANA_MONDAY]
        assert [p.reported for p in route.live(NOW)] == [done]

    async def test_what_has_begun_is_not_booked_again(self, store: Store) -> None:
        """A visit that is on the way, at work or done has no second booking."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1", state=PlacementState.STARTED)))

        def book_again(tx):
            tx.lock_routes([BEN_MONDAY])
            tx.insert_placement(placed("p2", BEN_MONDAY, work=visit()), Provenance.LIVE, None)
            tx.write_route(BEN_MONDAY, ["p2"], block())

        with pytest.raises(InvariantError):
            await store.write(book_again)

    async def test_a_place_may_be_promised_to_nobody(self, store: Store) -> None:
        """Internal work stands on a route without a promise."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1", promise=None)))

        found = await store.read(lambda tx: tx.visit("acme", "v1"))
        assert found.placed.promise is None
        assert found.placed.service is None

    async def test_a_reference_means_the_waiting_visit(self, store: Store) -> None:
        """A visit in the backlog goes before a newer one that was cancelled."""
        await store.write(set_up)
        old = waiting(visit("v1", external_ref="r"))
        gone = placed("p2", work=visit("v2", external_ref="r"), state=PlacementState.CANCELLED)

        def fill(tx):
            tx.insert_visit(old)
            tx.lock_routes([ANA_MONDAY])
            tx.insert_visit(replace(stored(gone), created=NOW + HOUR))

        await store.write(fill)

        assert (await store.read(lambda tx: tx.visit_by_external_ref("acme", "r"))).visit.id == "v1"

    async def test_the_visits_of_an_activity_are_counted(self, store: Store) -> None:
        """Live ones of the team by service date: bookings, what is done, holds until they lapse."""
        await store.write(set_up)
        other = [visit("v5", activity_type="other"), visit("v6", team="south")]
        morning = [held("p1"), placed("p2"), placed("p3", state=PlacementState.DONE)]
        more = [placed("p5", work=other[0]), placed("p6", work=other[1])]
        await store.write(lambda tx: put(tx, *morning, *more))
        await store.write(lambda tx: put(tx, placed("p7", ANA_TUESDAY)))
        await store.write(lambda tx: tx.insert_visit(waiting(visit("v8"))))

        def count(first=MONDAY, last=TUESDAY, now=NOW):
            return lambda tx: tx.live_of_activity("acme", "north", "boiler", first, last, now)

        assert await store.read(count()) == {MONDAY: 3, TUESDAY: 1}
        assert await store.read(count(now=NOW + HOLD)) == {MONDAY: 2, TUESDAY: 1}
        assert await store.read(count(last=MONDAY)) == {MONDAY: 3}
        later = TUESDAY + timedelta(days=1)
        assert await store.read(count(later, later)) == {}

    @pytest.mark.parametrize(("kind", "id"), [(Site, "flat"), (ActivityType, "boiler")])
    async def test_what_a_waiting_visit_needs_stays(self, store: Store, kind, id) -> None:
        """Site and activity type of the backlog cannot be deleted; those of what is done can."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p2", state=PlacementState.DONE)))
        await store.write(lambda tx: tx.insert_visit(waiting()))

        with pytest.raises(InUseError):
            await store.write(lambda tx: tx.delete("acme", kind, id, None))

        await store.write(lambda tx: tx.update_visit("acme", visit(), Standing.CANCELLED))
        await store.write(lambda tx: tx.delete("acme", kind, id, None))
