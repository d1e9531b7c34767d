"""What every store must do with visits: holds, bookings, replacements, lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from slotsvc.domain.errors import AlreadyExistsError, InvariantError, NotFoundError
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Pin, PlacementState, Standing
from slotsvc.scheduling.ports import PendingMove, Store, WriteTx
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
)


def hold_elsewhere(tx: WriteTx) -> None:
    """Visit v1 stays booked on Monday and holds a place on Tuesday."""
    put(tx, placed("p1"))
    new = held("p2", ANA_TUESDAY, work=visit("v1"), replaces="p1")
    tx.lock_routes([ANA_TUESDAY])
    tx.insert_placement(new, Provenance.ESTIMATE, NOW)
    tx.write_route(ANA_TUESDAY, ["p2"], block())


def lists(**asked):
    everything = {
        "technicians": None,
        "first": None,
        "last": None,
        "states": list(PlacementState),
        "client": None,
        "after": None,
        "limit": 100,
        "now": NOW,
    }
    return lambda tx: [s.visit.id for s in tx.list_visits("acme", **(everything | asked))]


class VisitContract:
    """Visits and their placements."""

    async def test_a_visit_comes_back_as_it_was(self, store: Store) -> None:
        """Visit, placement and bookkeeping are read again; the position is the route's."""
        await store.write(set_up)
        work = visit("v1", external_ref="ref-1", note="second door")
        new = stored(held("p1", work=work, pin=Pin.TECHNICIAN))
        await store.write(lambda tx: put(tx, new.placement))

        expected = replace(new, placement=replace(new.placement, position=0))
        assert await store.read(lambda tx: tx.visit("acme", "v1")) == expected
        assert await store.read(lambda tx: tx.placement("acme", "p1")) == expected
        assert await store.read(lambda tx: tx.visit_by_external_ref("acme", "ref-1")) == expected
        assert await store.read(lambda tx: tx.visit("acme", "v2")) is None
        assert await store.read(lambda tx: tx.visit_by_external_ref("acme", "ref-2")) is None

    @pytest.mark.parametrize(
        "again", [placed("p9", work=visit("v1")), placed("p1", work=visit("v9"))]
    )
    async def test_a_taken_id_of_a_visit_is_refused(self, store: Store, again) -> None:
        """Neither a visit nor a placement is ever overwritten by one of the same id."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed()))

        with pytest.raises(AlreadyExistsError):
            await store.write(lambda tx: put(tx, again))

    async def test_confirming_books_the_held_row(self, store: Store, clock: FrozenClock) -> None:
        """The hold becomes a booking in place: no expiry, told now, one revision on."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, held()))
        clock.advance(MINUTE)

        def confirm(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.confirm_placement("acme", "p1", Pin.START.value, NOW + HOUR)

        await store.write(confirm)

        found = await store.read(lambda tx: tx.visit("acme", "v1"))
        assert found.placement.state is PlacementState.BOOKED
        assert found.placement.expires is None
        assert found.placement.pin is Pin.START
        assert (found.promised_at, found.updated) == (NOW + MINUTE, NOW + MINUTE)
        assert (found.created, found.held_since, found.revision) == (NOW, NOW, 2)

    async def test_a_hold_can_be_prolonged(self, store: Store) -> None:
        """The later expiry counts, and the visit remembers that it was prolonged."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, held()))

        def prolong(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.prolong("acme", "p1", NOW + 2 * HOLD)

        await store.write(prolong)

        found = await store.read(lambda tx: tx.visit("acme", "v1"))
        assert found.placement.expires == NOW + 2 * HOLD
        assert found.extended
        assert found.revision == 2

    async def test_a_start_window_can_be_narrowed(self, store: Store) -> None:
        """The start window changes, the promise does not."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed()))

        def narrow(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.set_start_window("acme", "p1", NOW + HOUR, NOW + 2 * HOUR)

        await store.write(narrow)

        found = (await store.read(lambda tx: tx.visit("acme", "v1"))).placement
        assert found.start_window == TimeWindow(NOW + HOUR, NOW + 2 * HOUR)
        assert found.promise == placed().promise

    async def test_a_replacement_is_held_while_the_old_place_stands(self, store: Store) -> None:
        """The visit shows its booked place; the new one is found as its open hold."""
        await store.write(set_up)
        await store.write(hold_elsewhere)

        current = await store.read(lambda tx: tx.visit("acme", "v1"))
        assert (current.placement.id, current.revision) == ("p1", 1)
        by_hold = await store.read(lambda tx: tx.placement("acme", "p2"))
        assert (by_hold.visit, by_hold.placement.replaces) == (current.visit, "p1")
        assert by_hold.provenance is Provenance.ESTIMATE
        pending = await store.read(lambda tx: tx.open_hold("acme", "v1", NOW))
        assert pending == by_hold.placement
        late = await store.read(lambda tx: tx.open_hold("acme", "v1", NOW + HOLD))
        assert late is None

    async def test_a_confirmed_replacement_takes_over(self, store: Store) -> None:
        """The old place is MOVED, the new one booked and current, and the visit has one booking."""
        await store.write(set_up)
        await store.write(hold_elsewhere)

        def confirm(tx):
            tx.lock_routes([ANA_MONDAY, ANA_TUESDAY])
            tx.confirm_placement("acme", "p2", Pin.NONE.value, NOW)
            tx.update_visit("acme", visit("v1"), Standing.PLACED, placement="p2")
            tx.write_route(ANA_MONDAY, [], block())

        await store.write(confirm)

        found = await store.read(lambda tx: tx.visit("acme", "v1"))
        assert (found.placement.id, found.placement.replaces) == ("p2", None)
        assert found.revision > 1
        old = await store.read(lambda tx: tx.placement("acme", "p1"))
        assert old.placement.state is PlacementState.MOVED
        routes = await store.read(lambda tx: tx.routes_by_key([ANA_MONDAY, ANA_TUESDAY]))
        assert [[p.id for p in route.placements] for route in routes.values()] == [[], ["p2"]]
        assert await store.read(lambda tx: tx.open_hold("acme", "v1", NOW)) is None

    async def test_a_replacement_of_the_same_route_stands_beside_the_old(
        self, store: Store
    ) -> None:
        """Old and new place of one visit may stand on one route while the move is pending."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1")))

        def hold(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.insert_placement(held("p2", work=visit("v1"), replaces="p1"), Provenance.LIVE, NOW)
            tx.write_route(ANA_MONDAY, ["p2", "p1"], block())

        await store.write(hold)

        route = (await store.read(lambda tx: tx.routes_by_key([ANA_MONDAY])))[ANA_MONDAY]
        assert [(p.id, p.visit.id) for p in route.live(NOW)] == [("p2", "v1"), ("p1", "v1")]

    async def test_a_visit_is_never_booked_twice(self, store: Store) -> None:
        """A second booking of the same visit is a defect, and is stopped."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1")))

        def book_again(tx):
            tx.lock_routes([BEN_MONDAY])
            tx.insert_placement(placed("p2", BEN_MONDAY, work=visit("v1")), Provenance.LIVE, None)
            tx.write_route(BEN_MONDAY, ["p2"], block())

        with pytest.raises(InvariantError):
            await store.write(book_again)

        assert await store.read(lambda tx: tx.placement("acme", "p2")) is None

    async def test_a_visit_shows_only_its_own_placements(self, store: Store) -> None:
        """The placement of one visit cannot be made the current one of another."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1"), placed("p2")))

        with pytest.raises(InvariantError):
            await store.write(
                lambda tx: tx.update_visit("acme", visit("v1"), Standing.PLACED, placement="p2")
            )

    @pytest.mark.parametrize(
        "write",
        [
            lambda tx: tx.set_placement_state("acme", "p9", PlacementState.CANCELLED),
            lambda tx: tx.confirm_placement("acme", "p9", "NONE", NOW),
            lambda tx: tx.update_visit("acme", visit("v1"), Standing.PLACED, placement="p9"),
        ],
    )
    async def test_an_unknown_placement_is_not_found(self, store: Store, write) -> None:
        """Writing to a placement that does not exist says so."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed()))

        with pytest.raises(NotFoundError):
            await store.write(write)

    async def test_the_live_holds_of_a_client_are_found(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """Holds of every activity are seen until they lapse; bookings are none."""
        await store.write(set_up)
        theirs, cleaning = visit("v2", client="client-2"), visit("v3", activity_type="cleaning")
        holds = held("p1"), placed("p2", work=theirs), held("p3", work=cleaning)
        await store.write(lambda tx: put(tx, *holds))

        def asked(client):
            return lambda tx: [p.id for p in tx.live_holds_of_client("acme", client, tx.now())]

        assert await store.read(asked("client-1")) == ["p1", "p3"]
        assert await store.read(asked("client-2")) == []
        clock.advance(HOLD)
        assert await store.read(asked("client-1")) == []

    async def test_an_open_move_is_found_by_what_it_gives_up(self, store: Store) -> None:
        """With its hold and expiry, until it lapses."""
        await store.write(set_up)
        await store.write(hold_elsewhere)

        open_ = await store.read(lambda tx: tx.pending_moves("acme", NOW))
        assert open_ == {"p1": PendingMove("p2", NOW + HOLD)}
        assert await store.read(lambda tx: tx.pending_moves("acme", NOW + HOLD)) == {}
        assert await store.read(lambda tx: tx.pending_moves("other", NOW)) == {}

    async def test_a_place_counts_for_the_team_that_found_it(self, store: Store) -> None:
        """Not for the team that the visit is of, unless no search found it."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1"), placed("p2", team="south")))

        def count(team):
            of = ("acme", team, "boiler", MONDAY, MONDAY, NOW)
            return lambda tx: tx.live_of_activity(*of).get(MONDAY, 0)

        assert [await store.read(count(t)) for t in ("north", "south", "east")] == [1, 1, 0]
        assert (await store.read(lambda tx: tx.placement("acme", "p2"))).placed.team == "south"

    async def test_a_reference_means_the_live_visit(self, store: Store, clock: FrozenClock) -> None:
        """When a reference was used again after a hold lapsed, the live visit is the one meant."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, held("p1", work=visit("v1", external_ref="r"))))
        clock.advance(HOLD)
        again = held("p2", work=visit("v2", external_ref="r"), expires=NOW + 2 * HOLD)
        await store.write(lambda tx: put(tx, again))

        assert (await store.read(lambda tx: tx.visit_by_external_ref("acme", "r"))).visit.id == "v2"

    async def test_visits_are_listed_in_the_order_of_the_day(self, store: Store) -> None:
        """By date, technician, position; a page goes on strictly behind the one before."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p5", BEN_MONDAY)))
        await store.write(lambda tx: put(tx, placed("p4", ANA_TUESDAY)))
        await store.write(lambda tx: put(tx, placed("p9"), placed("p1")))

        assert await store.read(lists()) == ["v9", "v1", "v5", "v4"]
        assert await store.read(lists(limit=2)) == ["v9", "v1"]
        after = (MONDAY.isoformat(), "ana", 1, "v1")
        assert await store.read(lists(after=after)) == ["v5", "v4"]

    async def test_lists_can_be_narrowed(self, store: Store) -> None:
        """By technician, by dates (both ends count) and by client."""
        await store.write(set_up)
        theirs = visit("v1", client="client-2")
        await store.write(lambda tx: put(tx, placed("p1", work=theirs)))
        await store.write(lambda tx: put(tx, placed("p2", ANA_TUESDAY)))
        await store.write(lambda tx: put(tx, placed("p3", BEN_MONDAY)))

        assert await store.read(lists(technicians=["ana"])) == ["v1", "v2"]
        assert await store.read(lists(technicians=[])) == []
        assert await store.read(lists(first=TUESDAY)) == ["v2"]
        assert await store.read(lists(first=MONDAY, last=MONDAY)) == ["v1", "v3"]
        assert await store.read(lists(client="client-2")) == ["v1"]

    async def test_a_lapsed_hold_is_listed_as_released(self, store: Store) -> None:
        """States are judged at the given instant, whether somebody tidied up or not."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, held("p1"), placed("p2")))
        on_hold, booked, released = (
            [PlacementState.HELD],
            [PlacementState.BOOKED],
            [PlacementState.RELEASED],
        )

        assert await store.read(lists(states=on_hold)) == ["v1"]
        assert await store.read(lists(states=booked)) == ["v2"]
        assert await store.read(lists(states=released)) == []
        late = NOW + HOLD + timedelta(seconds=1)
        assert await store.read(lists(states=on_hold, now=late)) == []
        assert await store.read(lists(states=released, now=late)) == ["v1"]
