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
from tests.e2e.test_capacity_rules import with_quota
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


async def taken(service: RunningService, slot: Slot, **request: str) -> Hold | Told:
    """A hold, or why not."""
    try:
        return await held(service.calls, slot, **request)
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
    losers = {answer.reason for answer in answers if isinstance(answer, Told)}
    assert "SLOT_GONE" in losers <= {"SLOT_GONE", "OVERLOADED"}  # a slow machine is full at once


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


async def rivals(replicas: Replicas, company: Company, **request: str) -> list[Slot]:
    """Two slots of each of four technicians on one day, for eight who come at once."""
    slots = []
    for name in ("bob", "cid", "dan", "eve"):
        who = await company.technician(name)
        search = company.search(on=TOMORROW, required_technicians=[who], **request)
        slots += (await offered(replicas.first.calls, search))[:2]
    return slots


async def held_at_once(replicas: Replicas, slots: list[Slot], **request: str) -> list[Hold | Told]:
    """All of them at the same moment, half at each replica."""
    sides = [replicas.first, replicas.second] * (len(slots) // 2)
    return await asyncio.gather(
        *(taken(side, slot, **request) for side, slot in zip(sides, slots, strict=True))
    )


def winners(answers: list[Hold | Told], reason: str) -> int:
    """How many got a hold; all others were told ``reason``, or that the slot is gone."""
    lost = {answer.reason for answer in answers if isinstance(answer, Told)}
    assert lost <= {reason, "SLOT_GONE"}
    return sum(isinstance(answer, Hold) for answer in answers)


async def test_a_client_has_one_hold_at_both_replicas(replicas: Replicas, company: Company) -> None:
    """The limit counts over all routes and all replicas, however close together the calls come."""
    slots = await rivals(replicas, company, client="client-1")

    assert winners(await held_at_once(replicas, slots), "HOLD_LIMIT") == 1


async def test_a_quota_holds_at_both_replicas(replicas: Replicas, company: Company) -> None:
    """Of a kind that may have two visits a day, eight who come at once get two."""
    await with_quota(company, 2)
    slots = await rivals(replicas, company)

    assert winners(await held_at_once(replicas, slots), "SLOT_GONE") == 2


async def test_a_reference_is_taken_once_at_both_replicas(
    replicas: Replicas, company: Company
) -> None:
    """One visit in use per external_ref, whoever makes it where."""
    slots = await rivals(replicas, company)

    answers = await held_at_once(replicas, slots, external_ref="order-1")
    assert winners(answers, "ALREADY_EXISTS") == 1
