"""What every store must do with routes: versions, order, blocks, and what may not be written."""

from __future__ import annotations

import numpy as np
import pytest

from slotsvc.domain.errors import InvariantError
from slotsvc.domain.place import Location
from slotsvc.domain.visit import PlacementState, RouteKey
from slotsvc.scheduling.ports import Store, StoredRoute
from tests.store.samples import (
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

        monday = {("ana", MONDAY): ["p1"], ("ben", MONDAY): ["p3"]}
        tuesday = {("ana", TUESDAY): ["p2"]}
        assert await store.read(both(MONDAY, TUESDAY)) == monday | tuesday
        assert await store.read(both(TUESDAY, TUESDAY)) == tuesday
        assert await store.read(both(MONDAY, MONDAY, ("ben",))) == {("ben", MONDAY): ["p3"]}
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
        ],
        ids=["insert", "state", "prolong", "order", "tidy"],
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

    async def test_the_routes_of_tenants_are_apart(self, store: Store) -> None:
        """The same technician id and date in another tenant is another route."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, placed()))

        foreign = RouteKey("other", "ana", MONDAY)
        assert (await route_of(store, foreign)) == StoredRoute(foreign, 0)
        assert await store.read(lambda tx: tx.routes("other", ["ana"], MONDAY, MONDAY)) == {}
        assert await store.read(lambda tx: tx.visit("other", "v1")) is None
        assert await store.read(lambda tx: tx.placement("other", "p1")) is None
