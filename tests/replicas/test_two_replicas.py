"""Two services on one database are one service: what is done at one holds at the other, at once."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from grpc import aio

from benchmarks.calls import Told, fresh_id, told
from benchmarks.company import Company
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.slot_service_pb2 import Hold, Slot
from tests.e2e.days import TOMORROW
from tests.e2e.test_watch import board
from tests.replicas.conftest import Replicas
from tests.service_fixtures import (
    RunningService,
    booked,
    cancelled,
    confirmed,
    held,
    offered,
    visit_now,
)

WHOLE_DAY = {"seconds": 9 * 3600}


async def taken(service: RunningService, slot: Slot) -> Hold | Told:
    """A hold, or why not."""
    try:
        return await held(service.calls, slot)
    except aio.AioRpcError as error:
        return told(error)


async def test_of_sixteen_at_both_exactly_one_wins(replicas: Replicas, company: Company) -> None:
    """The only room of a day is wanted at both replicas at the same moment: one hold, and the
    others are told at once."""
    search = company.search(on=TOMORROW, service_duration=WHOLE_DAY)
    slot = (await offered(replicas.first.calls, search))[0]

    sides = [replicas.first, replicas.second] * 8
    answers = await asyncio.gather(*(taken(side, slot) for side in sides))

    assert sum(isinstance(answer, Hold) for answer in answers) == 1
    assert {a.reason for a in answers if isinstance(a, Told)} == {"SLOT_GONE"}


async def test_the_loser_gets_alternatives(replicas: Replicas, company: Company) -> None:
    """A token of one replica is good at the other; whoever loses gets slots that can be held."""
    search = company.search(on=TOMORROW, service_duration={"seconds": 3 * 3600})
    slot = (await offered(replicas.first.calls, search))[0]
    await booked(replicas.first.calls, slot)

    gone = await taken(replicas.second, slot)

    assert isinstance(gone, Told)
    assert gone.reason == "SLOT_GONE"
    again = gone.alternatives[0]
    assert (await held(replicas.second.calls, again)).window == again.window


async def test_a_search_sees_what_the_other_replica_did(
    replicas: Replicas, company: Company
) -> None:
    """Booked, cancelled, changed in the calendar at one: the very next search at the other knows,
    though it remembers the team from before."""
    search = company.search(on=TOMORROW, service_duration=WHOLE_DAY)
    first, second = replicas.first.calls, replicas.second.calls
    slot = (await offered(second, search))[0]

    visit = await booked(first, slot)
    assert not (await second.slots.SuggestSlots(search)).slots
    await cancelled(first, visit.name)
    again = (await offered(second, search))[0]
    assert again.window == slot.window
    await booked(first, again)
    await company.technician("bob")
    assert (await offered(second, search))[0].place.technician.endswith("bob")


async def test_a_hold_is_confirmed_at_the_other_replica(
    replicas: Replicas, company: Company
) -> None:
    """Held here, booked there, repeated here: one booking, one answer."""
    slot = (await offered(replicas.first.calls, company.search(on=TOMORROW)))[0]
    hold = await held(replicas.first.calls, slot)
    once = visits.BookVisitRequest(hold=hold.name, request_id=fresh_id())

    answer = await replicas.second.calls.visits.BookVisit(once)
    again = await replicas.first.calls.visits.BookVisit(once)

    assert answer == again
    assert await visit_now(replicas.first.calls, answer.visit.name) == answer.visit


async def test_a_board_is_told_what_the_other_replica_wrote(
    replicas: Replicas, company: Company
) -> None:
    """A watch at one tells what is written at the other within seconds, without any hint; its
    position is good at the other."""
    search = company.search(on=TOMORROW)
    async with aclosing(await board(replicas.second.calls, company.team)) as watch:
        hold = await held(replicas.first.calls, (await offered(replicas.first.calls, search))[0])
        await confirmed(replicas.first.calls, hold)
        events = await watch.events(2)
        position = watch.position
    assert [event.kind for event in events] == ["VISIT_HELD", "VISIT_BOOKED"]

    await booked(replicas.second.calls, (await offered(replicas.second.calls, search))[0])
    resumed = await board(replicas.first.calls, company.team, position)
    async with aclosing(resumed) as watch:
        assert (await watch.event()).kind == "VISIT_BOOKED"
