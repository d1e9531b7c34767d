"""What every store must do when it is tidied up."""

from __future__ import annotations

from slotsvc.domain.visit import PlacementState
from slotsvc.scheduling.ports import Store
from tests.store.record_contract import call
from tests.store.samples import (
    ANA_MONDAY,
    BEN_MONDAY,
    HOLD,
    HOUR,
    MINUTE,
    NOW,
    FrozenClock,
    held,
    placed,
    put,
    set_up,
)


class SweepContract:
    """Rows that nobody reads any more go, and nothing else changes."""

    async def test_old_answers_are_forgotten(self, store: Store, clock: FrozenClock) -> None:
        """Those older than 72 hours, a few at a time; younger ones are given again."""
        await store.write(set_up)
        for n in range(3):
            await store.write(lambda tx, n=n: call(tx, f"{n}", key=f"key {n}"))
        clock.advance(HOUR)
        await store.write(lambda tx: call(tx, "young", key="young"))
        assert await store.write(lambda tx: tx.forget_answers(9)) == 0

        clock.advance(71 * HOUR)
        assert await store.write(lambda tx: tx.forget_answers(2)) == 2
        assert await store.write(lambda tx: tx.forget_answers(2)) == 1
        assert await store.write(lambda tx: call(tx, "again", key="young")) == b"booked young"

    async def test_an_old_key_is_as_good_as_new_before_it_is_swept(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """A sweep that is late changes no answer; the new answer is kept for its own 72 hours."""
        await store.write(set_up)
        await store.write(call)
        clock.advance(72 * HOUR)

        assert await store.write(lambda tx: call(tx, "2")) == b"booked 2"
        assert await store.write(lambda tx: tx.forget_answers(9)) == 0
        assert await store.write(lambda tx: call(tx, "3")) == b"booked 2"

    async def test_holds_that_lapsed_long_ago_are_released(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """Their routes are as they were, to the version; live holds and bookings stay."""
        await store.write(set_up)
        late = NOW + 9 * HOUR
        await store.write(lambda tx: put(tx, held("p1"), held("p2", expires=late), placed("p3")))
        await store.write(lambda tx: put(tx, held("p4", BEN_MONDAY)))
        before = await store.read(lambda tx: tx.routes_by_key([ANA_MONDAY, BEN_MONDAY]))
        clock.advance(HOUR)

        assert await store.write(lambda tx: tx.release_lapsed(NOW + HOLD - MINUTE, 9)) == 0
        assert await store.write(lambda tx: tx.release_lapsed(NOW + HOUR, 1)) == 1
        assert await store.write(lambda tx: tx.release_lapsed(NOW + HOUR, 9)) == 1

        after = await store.read(lambda tx: tx.routes_by_key([ANA_MONDAY, BEN_MONDAY]))
        for key, route in after.items():
            assert route.version == before[key].version
            assert route.live(clock.now()) == before[key].live(clock.now())
        for id in ("p1", "p4"):
            released = (await store.read(lambda tx, id=id: tx.placement("acme", id))).placement
            assert (released.state, released.expires) == (PlacementState.RELEASED, None)
