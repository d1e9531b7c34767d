"""Slots for many requests in one call."""

from __future__ import annotations

from benchmarks.company import Company
from slotsvc.pb.v1 import slot_service_pb2 as slots
from tests.e2e.days import TODAY, TOMORROW, WEDNESDAY
from tests.service_fixtures import RunningService, held, refused

INVALID, NOT_FOUND = 3, 5


async def answers(
    service: RunningService, requests: list[slots.SuggestSlotsRequest], parent: str = "tenants/acme"
) -> list[slots.SuggestSlotsBatchResponse]:
    """All of them."""
    batch = slots.SuggestSlotsBatchRequest(parent=parent, requests=requests)
    return [answer async for answer in service.calls.slots.SuggestSlotsBatch(batch)]


def comparable(answer: slots.SuggestSlotsResponse) -> slots.SuggestSlotsResponse:
    """Without what differs from call to call."""
    found = slots.SuggestSlotsResponse()
    found.CopyFrom(answer)
    for slot in found.slots:
        slot.ClearField("token")
    found.receipt.ClearField("elapsed")
    return found


async def test_each_request_is_answered_as_if_it_were_alone(
    service: RunningService, company: Company
) -> None:
    """In order, numbered from 0, and every slot can be held."""
    days = (TODAY, TOMORROW, WEDNESDAY)
    requests = [company.search(on=day, max_rejections=5) for day in days]
    found = await answers(service, requests)
    assert [answer.index for answer in found] == [0, 1, 2]
    for request, answer in zip(requests, found, strict=True):
        alone = await service.calls.slots.SuggestSlots(request)
        assert comparable(answer.answer) == comparable(alone)
    assert await held(service.calls, found[1].answer.slots[0])


async def test_errors_are_those_of_the_single_call(
    service: RunningService, company: Company
) -> None:
    """Told in the answer of the request, with their details; the others are not touched."""
    wrong = company.search(on=TOMORROW, max_slots=99)
    missing = company.search("tenants/acme/sites/nowhere", on=TOMORROW)
    foreign = company.search(on=TOMORROW)
    foreign.team = "tenants/other/teams/crew"
    found = await answers(service, [wrong, company.search(on=TOMORROW), missing, foreign])
    assert [answer.WhichOneof("result") for answer in found] == [
        "error",
        "answer",
        "error",
        "error",
    ]
    assert [found[i].error.code for i in (0, 2, 3)] == [INVALID, NOT_FOUND, INVALID]
    assert "max_slots" in found[0].error.message
    assert found[0].error.details


async def test_a_batch_has_from_1_to_500_requests_of_one_tenant(
    service: RunningService, company: Company
) -> None:
    """Otherwise the whole call is refused."""
    for count, parent in ((0, "tenants/acme"), (501, "tenants/acme"), (1, "")):
        requests = [company.search(on=TOMORROW)] * count
        stream = answers(service, requests, parent)
        assert (await refused(stream)).fields == {"requests" if parent else "parent"}
