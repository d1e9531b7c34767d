"""What every store must know of routes that were judged on estimates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from slotsvc.domain.visit import PlacementState
from slotsvc.scheduling.ports import Store, WriteTx
from slotsvc.scheduling.travel_port import Provenance
from tests.store.samples import (
    ANA_MONDAY,
    ANA_TUESDAY,
    BEN_MONDAY,
    NOW,
    block,
    placed,
    put,
    set_up,
    stored,
)


def guessed(tx: WriteTx) -> None:
    """Visit v1 on Monday and v2 on Tuesday were placed without roads, v3 with them."""
    put(tx, placed("p3", BEN_MONDAY))
    for id, key in (("p1", ANA_MONDAY), ("p2", ANA_TUESDAY)):
        tx.lock_routes([key])
        tx.insert_visit(replace(stored(placed(id, key)), provenance=Provenance.ESTIMATE))
        tx.write_route(key, [id], block())


class MeasureContract:
    """Routes with a flag, and taking it away."""

    async def test_estimated_routes_are_found_until_they_are_measured(self, store: Store) -> None:
        """Those with a flag only, in order; measured, the visit says so and has grown."""
        await store.write(set_up)
        await store.write(guessed)
        assert await store.read(lambda tx: tx.estimated_routes(NOW)) == [ANA_MONDAY, ANA_TUESDAY]

        def measure(tx: WriteTx) -> None:
            tx.lock_routes([ANA_MONDAY])
            tx.set_measured(ANA_MONDAY)

        await store.write(measure)

        assert await store.read(lambda tx: tx.estimated_routes(NOW)) == [ANA_TUESDAY]
        told = {}
        for id in ("v1", "v2"):
            found = await store.read(lambda tx, id=id: tx.visit("acme", id))
            told[id] = found.provenance, found.revision
        assert told == {"v1": (Provenance.LIVE, 2), "v2": (Provenance.ESTIMATE, 1)}

    async def test_days_gone_and_places_given_up_are_not_measured(self, store: Store) -> None:
        """Nobody drives there any more."""
        await store.write(set_up)
        await store.write(guessed)

        def cancel(tx: WriteTx) -> None:
            tx.lock_routes([ANA_TUESDAY])
            tx.set_placement_state("acme", "p2", PlacementState.CANCELLED)
            tx.write_route(ANA_TUESDAY, [], block())

        await store.write(cancel)

        assert await store.read(lambda tx: tx.estimated_routes(NOW)) == [ANA_MONDAY]
        later = NOW + timedelta(days=5)
        assert await store.read(lambda tx: tx.estimated_routes(later)) == []
