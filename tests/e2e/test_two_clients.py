"""Two clients want one slot: one gets it, the other is told at once and offered the next best."""

from __future__ import annotations

import asyncio

from grpc import aio

from benchmarks.calls import Told, calling, told
from benchmarks.company import Company
from slotsvc.pb.v1.slot_service_pb2 import Hold
from tests.e2e.days import TOMORROW
from tests.service_fixtures import RunningService, booked, held, offered, refused


async def test_one_wins_and_the_other_can_take_an_alternative(
    service: RunningService, company: Company
) -> None:
    """The loser gets ABORTED, SLOT_GONE and slots that can really be held."""
    long = {"seconds": 3 * 3600}
    search = company.search(on=TOMORROW, service_duration=long)
    slot = (await offered(service.calls, search))[0]
    rival = (await offered(service.calls, search))[0]
    await booked(service.calls, slot)
    gone = await refused(held(service.calls, rival))
    assert (gone.code, gone.reason) == ("ABORTED", "SLOT_GONE")
    assert gone.alternatives
    assert rival.window not in [other.window for other in gone.alternatives]
    assert (await held(service.calls, gone.alternatives[0])).window == gone.alternatives[0].window


async def test_the_same_window_with_somebody_else_is_the_nearest(
    service: RunningService, company: Company
) -> None:
    """The alternatives begin with the window that was wanted, when another technician has it."""
    search = company.search(on=TOMORROW, service_duration={"seconds": 9 * 3600})
    slot = (await offered(service.calls, search))[0]
    await booked(service.calls, slot)
    await company.technician("bob")
    gone = await refused(booked(service.calls, slot))
    assert gone.alternatives[0].window == slot.window
    assert gone.alternatives[0].place.technician.endswith("bob")


async def test_no_alternative_is_an_answer_too(service: RunningService, company: Company) -> None:
    """When the day is full the list is empty."""
    search = company.search(on=TOMORROW, service_duration={"seconds": 9 * 3600})
    slot = (await offered(service.calls, search))[0]
    await booked(service.calls, slot)
    gone = await refused(held(service.calls, slot))
    assert (gone.reason, gone.alternatives) == ("SLOT_GONE", ())


async def test_of_sixteen_at_once_exactly_one_wins(
    service: RunningService, company: Company
) -> None:
    """Sixteen connections take the only slot of a day at the same moment."""
    search = company.search(on=TOMORROW, service_duration={"seconds": 9 * 3600})
    slot = (await offered(service.calls, search))[0]

    async def take() -> Hold | Told:
        async with calling(service.address) as calls:
            try:
                return await held(calls, slot)
            except aio.AioRpcError as error:
                return told(error)

    answers = await asyncio.gather(*(take() for _ in range(16)))
    assert sum(isinstance(answer, Hold) for answer in answers) == 1
    losers = {answer.reason for answer in answers if isinstance(answer, Told)}
    assert "SLOT_GONE" in losers <= {"SLOT_GONE", "OVERLOADED"}  # a slow machine is full at once


async def test_an_offer_still_fits_when_others_left_room(
    service: RunningService, company: Company
) -> None:
    """Another booking on the same route does not spoil an offer whose window still has room."""
    first, *_, last = await offered(service.calls, company.search(on=TOMORROW))
    await booked(service.calls, first)
    assert (await held(service.calls, last)).window == last.window
