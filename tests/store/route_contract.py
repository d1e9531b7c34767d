"""What every store must do with routes: versions, order, blocks, and what may not be written."""

from __future__ import annotations

import numpy as np
import pytest

from slotsvc.domain.errors import InvariantError
from slotsvc.domain.place import Location
from slotsvc.domain.visit import PlacementState, Reported, RouteKey, RouteState
from slotsvc.scheduling.ports import Store, StoredRoute
from tests.store.samples import (
    ANA_EVENING,
    ANA_MONDAY,
    ANA_TUESDAY,
    BEN_MONDAY,
    HOLD,
    HOME,
    MONDAY,
    NOW,
    TUESDAY,
    FrozenClock,
    block,
    broken,
    held,
    placed,
    put,
    set_up,
    stored,
)


def order_of(route: StoredRoute) -> list[tuple[str, int]]:
    return [(p.id, p.position) for p in route.placements]


async def route_of(store: Store, key: RouteKey = ANA_MONDAY) -> StoredRoute:
    found = await store.read(lambda tx: tx.routes_by_key([key]))
    return found[key]


class RouteContract:
    """Versions, order, blocks."""

    async def test_a_version_grows_by_one_for_each_mutation(self, store: Store) -> None:
        """Routes start at 0 and grow by exactly one, also when one transaction names them twice."""
        await store.write(set_up)

        def lock_twice(tx):
            tx.lock_routes([ANA_MONDAY, BEN_MONDAY])
            return tx.lock_routes([ANA_MONDAY])

        assert (await route_of(store)).version == 0
        assert await store.write(lock_twice) == {ANA_MONDAY: 1}
        locked = await store.write(lambda tx: tx.lock_routes([ANA_TUESDAY, ANA_MONDAY]))
        assert locked == {ANA_MONDAY: 2, ANA_TUESDAY: 1}
        assert (await route_of(store, BEN_MONDAY)).version == 1

    async def test_a_refused_mutation_consumes_no_version(self, store: Store) -> None:
        """When the work raises, the route is as it was, and so is its version."""
        await store.write(set_up)

        def fail(tx):
            put(tx, placed())
            raise LookupError

        with pytest.raises(LookupError):
            await store.write(fail)

        assert await route_of(store) == StoredRoute(ANA_MONDAY, 0)
        assert await store.read(lambda tx: tx.visit("acme", "v1")) is None

    async def test_what_changed_since_is_told(self, store: Store) -> None:
        """A change's number names what came after it: each route once, of this tenant, and nothing
        of a transaction that was rolled back."""
        await store.write(set_up)

        async def since(after: int):
            return await store.read(lambda tx: tx.changed_routes("acme", after))

        assert await store.read(lambda tx: tx.last_change("acme")) == 0
        assert await since(0) == (0, [])
        await store.write(lambda tx: tx.lock_routes([BEN_MONDAY, ANA_MONDAY]))
        first, keys = await since(0)
        assert set(keys) == {ANA_MONDAY, BEN_MONDAY}
        assert first == await store.read(lambda tx: tx.last_change("acme"))
        assert await since(first) == (first, [])

        def fail(tx):
            tx.lock_routes([ANA_MONDAY])
            raise LookupError

        with pytest.raises(LookupError):
            await store.write(fail)
        assert await since(first) == (first, [])
        for _ in range(2):
            await store.write(lambda tx: tx.lock_routes([ANA_TUESDAY]))
        second, keys = await since(first)
        assert keys == [ANA_TUESDAY]
        assert second == first + 2
        assert await store.read(lambda tx: tx.changed_routes("other", 0)) == (0, [])

    async def test_only_touched_routes_are_listed(self, store: Store) -> None:
        """Routes and versions hold what was ever written, both ends of the dates included."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1")))
        await store.write(lambda tx: put(tx, placed("p2", ANA_TUESDAY)))
        await store.write(lambda tx: put(tx, placed("p3", BEN_MONDAY)))

        def both(first, last, who=("ana", "ben")):
            def read(tx):
                routes = tx.routes("acme", who, first, last)
                versions = tx.route_versions("acme", who, first, last)
                assert {key: r.version for key, r in routes.items()} == versions
                return {key: [p.id for p in r.placements] for key, r in routes.items()}

            return read

        monday = {ANA_MONDAY: ["p1"], BEN_MONDAY: ["p3"]}
        tuesday = {ANA_TUESDAY: ["p2"]}
        assert await store.read(both(MONDAY, TUESDAY)) == monday | tuesday
        assert await store.read(both(TUESDAY, TUESDAY)) == tuesday
        assert await store.read(both(MONDAY, MONDAY, ("ben",))) == {BEN_MONDAY: ["p3"]}
        assert await store.read(both(MONDAY, TUESDAY, ())) == {}

    async def test_the_order_is_the_one_written(self, store: Store) -> None:
        """Placements come by position, and can be put in another order."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1"), placed("p2"), placed("p3")))
        assert order_of(await route_of(store)) == [("p1", 0), ("p2", 1), ("p3", 2)]

        def turn(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.write_route(ANA_MONDAY, ["p3", "p1", "p2"], block())

        await store.write(turn)
        assert order_of(await route_of(store)) == [("p3", 0), ("p1", 1), ("p2", 2)]

    async def test_the_travel_block_comes_back(self, store: Store) -> None:
        """A route keeps its travel times, their map and their source; None takes them off."""
        await store.write(set_up)
        travel = block(HOME, Location(43.75, 7.5), Location(-43.75, -7.512345))
        travel.seconds[0, 1] = 1 << 29

        def write(what):
            def work(tx):
                tx.lock_routes([ANA_MONDAY])
                tx.write_route(ANA_MONDAY, [], what)

            return work

        await store.write(write(travel))
        found = (await route_of(store)).block
        assert found is not None
        assert (found.places, found.map_id, found.provenance) == (
            travel.places,
            travel.map_id,
            travel.provenance,
        )
        assert found.seconds.dtype == np.int32
        assert (found.seconds == travel.seconds).all()

        await store.write(write(None))
        assert (await route_of(store)).block is None

    async def test_expiry_changes_a_route_without_a_write(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """A lapsed hold is still stored, but no longer live, and the version did not grow."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, held("p1"), placed("p2")))
        before = await route_of(store)
        assert before.valid_until(NOW) == NOW + HOLD

        clock.advance(HOLD)
        after = await route_of(store)

        assert after == before
        assert [p.id for p in after.live(clock.now())] == ["p2"]
        assert await store.read(lambda tx: tx.now()) == NOW + HOLD

    async def test_the_clock_is_read_after_the_lock(self, store: Store, clock: FrozenClock) -> None:
        """A wait for a lock revives no hold that lapsed meanwhile; between locks time stands."""
        await store.write(set_up)

        def wait(tx):
            before = tx.now()
            clock.advance(HOLD)
            same = tx.now()
            tx.lock_routes([ANA_MONDAY])
            return before, same, tx.now()

        assert await store.write(wait) == (NOW, NOW, NOW + HOLD)

    async def test_a_lapsed_hold_gives_its_place_away(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """A new visit may take the position of a hold that lapsed, tidied up or not."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, held("p1")))
        clock.advance(HOLD)

        await store.write(lambda tx: put(tx, placed("p2")))

        assert order_of(await route_of(store)) == [("p1", -1), ("p2", 0)]

    async def test_tidying_releases_lapsed_holds_only(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """Lapsed holds of the named routes become RELEASED; live ones and other routes stay."""
        await store.write(set_up)
        late = NOW + 2 * HOLD
        await store.write(lambda tx: put(tx, held("p1"), held("p2", expires=late), placed("p3")))
        await store.write(lambda tx: put(tx, held("p4", BEN_MONDAY)))
        clock.advance(HOLD)

        def tidy(tx):
            tx.lock_routes([ANA_MONDAY])
            return tx.expire_lapsed([ANA_MONDAY], tx.now())

        assert await store.write(tidy) == ["p1"]
        assert [p.id for p in (await route_of(store)).placements] == ["p2", "p3"]
        released = (await store.read(lambda tx: tx.placement("acme", "p1"))).placement
        assert (released.state, released.expires) == (PlacementState.RELEASED, None)
        assert [p.id for p in (await route_of(store, BEN_MONDAY)).placements] == ["p4"]

    @pytest.mark.parametrize(
        "write",
        [
            lambda tx: tx.insert_visit(stored(placed("p9"))),
            lambda tx: tx.set_placement_state("acme", "p1", PlacementState.CANCELLED),
            lambda tx: tx.prolong("acme", "p1", NOW),
            lambda tx: tx.write_route(ANA_MONDAY, [], None),
            lambda tx: tx.expire_lapsed([ANA_MONDAY], NOW),
            lambda tx: tx.report("acme", "p1", PlacementState.STARTED, Reported(started=NOW)),
            lambda tx: tx.set_route_state(ANA_MONDAY, RouteState.RUNNING),
            lambda tx: tx.write_violations(ANA_MONDAY, []),
        ],
        ids=["insert", "state", "prolong", "order", "tidy", "report", "publish", "violations"],
    )
    async def test_nothing_is_written_without_the_lock(self, store: Store, write) -> None:
        """A write to a route that the transaction has not locked is a defect, and is stopped."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed()))
        before = await route_of(store)

        def careless(tx):
            tx.lock_routes([BEN_MONDAY])
            write(tx)

        with pytest.raises(InvariantError):
            await store.write(careless)

        assert await route_of(store) == before

    @pytest.mark.parametrize(
        "order",
        [[], ["p1", "p1"], ["p1", "p2", "p9"], ["p1", "p2", "p3"]],
        ids=["left out", "twice", "unknown", "of another route"],
    )
    async def test_a_broken_order_is_stopped(self, store: Store, order: list[str]) -> None:
        """Live placements stand in the order exactly once, and only those of the route."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1"), placed("p2")))
        await store.write(lambda tx: put(tx, placed("p3", BEN_MONDAY)))
        before = await route_of(store)

        def work(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.write_route(ANA_MONDAY, order, block())

        with pytest.raises(InvariantError):
            await store.write(work)

        assert await route_of(store) == before

    async def test_each_shift_is_a_route(self, store: Store) -> None:
        """Two shifts of one date have versions, orders and blocks of their own."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1"), placed("p2")))
        await store.write(lambda tx: put(tx, placed("p3", ANA_EVENING)))

        def evening(tx):
            tx.lock_routes([ANA_EVENING])
            tx.write_route(ANA_EVENING, ["p3"], None)

        await store.write(evening)
        routes = await store.read(lambda tx: tx.routes("acme", ["ana"], MONDAY, MONDAY))

        assert {key: route.version for key, route in routes.items()} == {
            ANA_MONDAY: 1,
            ANA_EVENING: 2,
        }
        assert order_of(routes[ANA_MONDAY]) == [("p1", 0), ("p2", 1)]
        assert order_of(routes[ANA_EVENING]) == [("p3", 0)]
        assert routes[ANA_EVENING].block is None
        assert routes[ANA_MONDAY].block is not None
        assert routes[ANA_EVENING].placements[0].route == ANA_EVENING
        both = await store.read(lambda tx: tx.routes_by_key([ANA_MONDAY, ANA_EVENING]))
        assert [len(route.placements) for route in both.values()] == [2, 1]
        other = await store.read(lambda tx: tx.routes_by_key([ANA_EVENING, ANA_MONDAY]))
        assert list(other) == [ANA_EVENING, ANA_MONDAY]

    async def test_a_visit_of_another_shift_is_not_of_the_route(self, store: Store) -> None:
        """The order of one shift cannot name what stands on another, nor change it unlocked."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1")))
        await store.write(lambda tx: put(tx, placed("p2", ANA_EVENING)))

        def take(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.write_route(ANA_MONDAY, ["p1", "p2"], block())

        def cancel(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.set_placement_state("acme", "p2", PlacementState.CANCELLED)

        for work in (take, cancel):
            with pytest.raises(InvariantError):
                await store.write(work)

    async def test_a_route_begins_as_a_draft(self, store: Store) -> None:
        """A touched route is a draft until it is published, and its state outlives its changes."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1")))
        assert (await route_of(store)).state is RouteState.DRAFT

        def publish(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.set_route_state(ANA_MONDAY, RouteState.PUBLISHED)

        await store.write(publish)
        await store.write(lambda tx: put(tx, placed("p2")))

        assert (await route_of(store)).state is RouteState.PUBLISHED
        assert (await route_of(store, ANA_TUESDAY)).state is RouteState.DRAFT

    async def test_violations_are_recorded_anew_each_time(self, store: Store) -> None:
        """What was found at the last write is what stands, in that order; other routes are left."""
        await store.write(set_up)

        def find(key, *found):
            def work(tx):
                tx.lock_routes([key])
                tx.write_violations(key, found)

            return work

        first, second = broken("p1", override_reason="the client agreed"), broken("p2")
        await store.write(find(ANA_MONDAY, second, first, first))
        await store.write(find(ANA_EVENING, first))
        assert (await route_of(store)).violations == (second, first, first)

        await store.write(find(ANA_MONDAY, second))
        everything = await store.read(lambda tx: tx.routes("acme", ["ana"], MONDAY, MONDAY))
        assert {key: route.violations for key, route in everything.items()} == {
            ANA_MONDAY: (second,),
            ANA_EVENING: (first,),
        }
        await store.write(find(ANA_MONDAY))
        assert (await route_of(store)).violations == ()

    @pytest.mark.parametrize(
        "state", [PlacementState.EN_ROUTE, PlacementState.STARTED, PlacementState.DONE]
    )
    async def test_what_has_begun_keeps_its_place(self, store: Store, state) -> None:
        """Whoever is on the way, at work or done occupies the route, alone at its position."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed("p1", state=state)))

        assert [p.id for p in (await route_of(store)).live(NOW)] == ["p1"]

        def crowd(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.write_route(ANA_MONDAY, ["p1"], block())
            tx.insert_visit(stored(placed("p2")))
            tx._connection.exec_driver_sql("UPDATE placement SET position = 0")

        with pytest.raises(InvariantError):
            await store.write(crowd)

    async def test_the_routes_of_tenants_are_apart(self, store: Store) -> None:
        """The same technician id and date in another tenant is another route."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed()))

        foreign = RouteKey("other", "ana", MONDAY)
        assert (await route_of(store, foreign)) == StoredRoute(foreign, 0)
        assert await store.read(lambda tx: tx.routes("other", ["ana"], MONDAY, MONDAY)) == {}
        assert await store.read(lambda tx: tx.visit("other", "v1")) is None
        assert await store.read(lambda tx: tx.placement("other", "p1")) is None
