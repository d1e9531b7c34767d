"""A search that has only so much time: what it answers is told for what it is."""

from __future__ import annotations

import pytest

from benchmarks.company import Company
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import types_pb2 as types
from tests.e2e.days import TOMORROW
from tests.service_fixtures import RunningService, refused


def lasting(search: slots.SuggestSlotsRequest, nanos: int, seconds: int = 0) -> None:
    search.search_time.seconds, search.search_time.nanos = seconds, nanos


@pytest.mark.parametrize("nanos", [1_000_000, 5_000_000, 999_999_999])
async def test_any_time_from_a_millisecond_up_gives_an_honest_answer(
    service: RunningService, company: Company, nanos: int
) -> None:
    """Every cell is counted once; what is not proven is not called so; what is called complete is
    what the unlimited search finds."""
    await company.technician("ben")
    search = company.search(max_slots=50, max_slots_per_day=50, max_rejections=9)
    whole = await service.calls.slots.SuggestSlots(search)
    lasting(search, nanos)
    answer = await service.calls.slots.SuggestSlots(search)

    told = answer.receipt
    assert whole.receipt.complete
    assert told.cells == whole.receipt.cells
    assert told.cells == (
        told.cells_rejected + told.cells_evaluated + told.cells_pruned + told.cells_skipped
    )
    assert told.complete == (told.cells_skipped == 0 and told.gap_millis == 0)
    assert (told.proof == types.PROOF_PARTIAL) == (told.cells_skipped > 0)
    if told.complete:
        found = [(s.window, s.place, s.cost_millis) for s in answer.slots]
        assert found == [(s.window, s.place, s.cost_millis) for s in whole.slots]


@pytest.mark.parametrize(
    ("seconds", "nanos"), [(0, 999_999), (0, 0), (3600, 1), (-1, 0), (10**11, 0)]
)
async def test_times_too_short_or_too_long_are_refused(
    service: RunningService, company: Company, seconds: int, nanos: int
) -> None:
    """From a millisecond to an hour."""
    search = company.search(on=TOMORROW)
    lasting(search, nanos, seconds)
    told = await refused(service.calls.slots.SuggestSlots(search))
    assert (told.code, told.fields) == ("INVALID_ARGUMENT", {"search_time"})
