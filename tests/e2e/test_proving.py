"""Days too hard for the search inside are proven beside it, and until then told as open."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.calls import fresh_id
from benchmarks.company import Company, around
from slotsvc.config import Search
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.scheduling import suggest_slots
from tests.e2e.days import TOMORROW
from tests.service_fixtures import RunningService, running_service, settings_for

VISITS = 16
ASKED_AT_MOST = 20


@pytest.fixture
async def short_of_room(tmp_path: Path) -> AsyncIterator[RunningService]:
    """A service whose search inside gives up at once."""
    settings = settings_for(tmp_path, search=Search(node_budget=1))
    async with running_service(settings) as service:
        yield service


async def test_what_is_left_open_is_proven_elsewhere(
    short_of_room: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day of visits at any hour: a gap without the prover, none with it, at no higher cost."""
    calls, chance = short_of_room.calls, random.Random(1)
    company = await Company(calls, "acme").found()
    await company.technician()
    anytime = await company.activity("anytime", minutes=10, grid=[(8, 18)])
    search = company.search(around(chance), on=TOMORROW, activity_type=anytime)
    with monkeypatch.context() as patch:
        patch.setattr(suggest_slots, "PROVING_S", 0.0)
        for _ in range(VISITS):
            one = company.search(around(chance), on=TOMORROW, activity_type=anytime)
            found = await calls.slots.SuggestSlots(one)
            book = visits.BookVisitRequest(token=found.slots[0].token, request_id=fresh_id())
            await calls.visits.BookVisit(book)
        open_ = await calls.slots.SuggestSlots(search)
    proven = await closed(short_of_room, search)

    assert open_.receipt.proof == types.PROOF_BOUND
    assert open_.receipt.gap_millis > 0
    assert not open_.receipt.complete
    assert proven.slots[0].cost_millis <= open_.slots[0].cost_millis


async def closed(
    service: RunningService, search: slots.SuggestSlotsRequest
) -> slots.SuggestSlotsResponse:
    """The first answer without a gap: the prover has to start, which may take some searches."""
    for _ in range(ASKED_AT_MOST):
        answer = await service.calls.slots.SuggestSlots(search)
        if answer.receipt.complete:
            return answer
    raise AssertionError(f"never proven: {answer.receipt}")
