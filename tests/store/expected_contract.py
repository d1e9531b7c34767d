"""What is expected to be read is read as it is then, not as it was when it was expected."""

from __future__ import annotations

from slotsvc.domain.visit import PlacementState
from slotsvc.scheduling.ports import Store, WriteTx
from tests.store.samples import ANA_MONDAY, HOLD, NOW, held, put, set_up


class ExpectedContract:
    """``expect`` saves journeys and changes nothing else."""

    async def test_a_write_is_seen_by_what_was_expected_before(self, store: Store) -> None:
        """Read ahead, then changed: the reading that follows sees the change."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, held("p1")))

        def work(tx: WriteTx) -> list[object]:
            tx.expect("acme", placement="p1", visit="v1", routes=[ANA_MONDAY], moves=True)
            tx.lock_routes([ANA_MONDAY])  # brings them along
            tx.prolong("acme", "p1", NOW + 2 * HOLD)
            seen = [tx.placement("acme", "p1"), tx.visit("acme", "v1")]
            tx.expect("acme", placement="p1", visit="v1", routes=[ANA_MONDAY])
            tx.set_placement_state("acme", "p1", PlacementState.RELEASED)
            after = tx.routes_by_key([ANA_MONDAY])[ANA_MONDAY].placements
            last = [tx.placement("acme", "p1"), tx.visit("acme", "v1")]
            return [
                *(s and s.placed.expires for s in seen),
                after,
                *(s and s.placed.state for s in last),
            ]

        released = PlacementState.RELEASED
        told = [NOW + 2 * HOLD, NOW + 2 * HOLD, (), released, released]
        assert await store.write(work) == told

    async def test_what_is_expected_and_not_read_costs_nothing(self, store: Store) -> None:
        """Of visits, routes and answers that do not exist either; a reader may expect, too."""
        await store.write(set_up)

        def work(tx: WriteTx) -> object:
            tx.expect("acme", placement="no", visit="no", routes=[ANA_MONDAY], answer=("M", "k"))
            return tx.technician("acme", "nobody"), tx.visit("acme", "no")

        assert await store.write(work) == await store.read(work) == (None, None)

    async def test_a_calendar_that_changes_is_not_expected(self, store: Store) -> None:
        """The revision that came ahead is not the one after this transaction's own change."""

        def work(tx: WriteTx) -> tuple[int, int]:
            tx.expect("acme")
            tx.now()
            set_up(tx)
            return 0, tx.calendar_revision("acme")

        before, after = await store.write(work)
        assert after > before
        assert await store.read(lambda tx: tx.calendar_revision("acme")) == after
