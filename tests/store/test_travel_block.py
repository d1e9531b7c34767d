"""A route's travel block as bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotsvc.scheduling.ports import TravelBlock
from slotsvc.store.travel_block import from_bytes, to_bytes
from tests.store.samples import HOME, block
from tests.store.strategies import travel_blocks


@given(travel_blocks())
def test_a_block_survives_its_bytes(travel: TravelBlock) -> None:
    """Places, seconds, map and provenance come back exactly."""
    back = from_bytes(to_bytes(travel))

    assert (back.places, back.map_id, back.provenance) == (
        travel.places,
        travel.map_id,
        travel.provenance,
    )
    assert back.seconds.dtype == np.int32
    assert np.array_equal(back.seconds, travel.seconds)


@given(travel_blocks(), st.data())
def test_damage_is_noticed(travel: TravelBlock, data: st.DataObject) -> None:
    """Cut off anywhere, or with any bit turned, the bytes are refused."""
    stored = to_bytes(travel)
    at = data.draw(st.integers(0, len(stored) - 1))
    turned = bytearray(stored)
    turned[at] ^= 1 << data.draw(st.integers(0, 7))

    for damaged in (stored[:at], bytes(turned)):
        with pytest.raises(ValueError, match="travel block"):
            from_bytes(damaged)


def test_a_block_that_is_not_square_is_refused() -> None:
    """A table that does not fit its places is never stored."""
    with pytest.raises(ValueError, match="one row and one column"):
        to_bytes(replace(block(HOME), places=(HOME, HOME)))


def test_a_block_is_compact() -> None:
    """Sixteen places with all their pairs need less than 2 KB."""
    travel = TravelBlock((HOME,) * 16, np.zeros((16, 16), np.int32), "map", block().provenance)

    assert len(to_bytes(travel)) < 2_000
