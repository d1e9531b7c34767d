"""The same request_id has one effect and one answer, byte for byte."""

from __future__ import annotations

from datetime import timedelta

import pytest

from benchmarks.calls import fresh_id
from benchmarks.company import Company
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.e2e.days import TOMORROW, WEDNESDAY
from tests.service_fixtures import RunningService, booked, held, offered, refused


async def raw(service: RunningService, method: str, request: object) -> bytes:
    """The answer's bytes as they came over the wire."""
    call = service.calls.channel.unary_unary(f"/slotsvc.v1.{method}")
    answer: bytes = await call(request.SerializeToString())  # type: ignore[attr-defined]
    return answer


@pytest.fixture
async def changing(service: RunningService, company: Company) -> dict[str, tuple[object, object]]:
    """For every changing method: a request that works, and the same id with another payload."""
    calls = service.calls
    found = await offered(calls, company.search(on=TOMORROW))
    extended = await held(calls, found[0])
    released = await held(calls, found[1])
    confirmed = await held(calls, found[2])
    visit = await booked(calls, (await offered(calls, company.search(on=WEDNESDAY)))[0])
    gone = await booked(calls, (await offered(calls, company.search(on=WEDNESDAY)))[0])
    move = (await offered(calls, company.search(visit=visit.name, on=WEDNESDAY)))[-1]
    ids = [fresh_id() for _ in range(7)]
    return {
        "SlotService/HoldSlot": (
            slots.HoldSlotRequest(token=found[3].token, request_id=ids[0]),
            slots.HoldSlotRequest(token=found[3].token, request_id=ids[0], note="other"),
        ),
        "SlotService/ExtendHold": (
            slots.ExtendHoldRequest(hold=extended.name, request_id=ids[1]),
            slots.ExtendHoldRequest(hold=released.name, request_id=ids[1]),
        ),
        "SlotService/ReleaseHold": (
            slots.ReleaseHoldRequest(hold=released.name, request_id=ids[2]),
            slots.ReleaseHoldRequest(hold=extended.name, request_id=ids[2]),
        ),
        "VisitService/BookVisit": (
            visits.BookVisitRequest(hold=confirmed.name, request_id=ids[3]),
            visits.BookVisitRequest(hold=extended.name, request_id=ids[3]),
        ),
        "VisitService/RescheduleVisit": (
            visits.RescheduleVisitRequest(name=visit.name, token=move.token, request_id=ids[4]),
            visits.RescheduleVisitRequest(name=visit.name, hold=extended.name, request_id=ids[4]),
        ),
        "VisitService/CancelVisit": (
            visits.CancelVisitRequest(name=gone.name, request_id=ids[5]),
            visits.CancelVisitRequest(name=gone.name, request_id=ids[5], cause="ill"),
        ),
    }


async def test_a_repeat_gets_the_same_bytes_and_changes_nothing(
    service: RunningService, company: Company, changing: dict[str, tuple[object, object]]
) -> None:
    """Every changing method, repeated at once and an hour later."""
    for method, (request, _) in changing.items():
        first = await raw(service, method, request)
        events = await service.store.read(lambda tx: tx.events_after("acme", "", 1000))  # type: ignore[attr-defined]
        assert await raw(service, method, request) == first, method
        service.clock.pass_(timedelta(seconds=1))
        assert await raw(service, method, request) == first, method
        after = await service.store.read(lambda tx: tx.events_after("acme", "", 1000))  # type: ignore[attr-defined]
        assert after == events, method


async def test_another_payload_with_the_same_id_is_refused(
    service: RunningService, changing: dict[str, tuple[object, object]]
) -> None:
    """FAILED_PRECONDITION, IDEMPOTENCY_KEY_REUSED, and nothing happens."""
    for method, (request, other) in changing.items():
        await raw(service, method, request)
        told = await refused(raw(service, method, other))
        expected = ("FAILED_PRECONDITION", "IDEMPOTENCY_KEY_REUSED")
        assert (told.code, told.reason) == expected, method


async def test_a_booking_at_once_is_repeatable(service: RunningService, company: Company) -> None:
    """By token: the slot is gone by then, and the answer is the same all the same."""
    slot = (await offered(service.calls, company.search(on=TOMORROW)))[0]
    request = visits.BookVisitRequest(token=slot.token, request_id=fresh_id())
    first = await raw(service, "VisitService/BookVisit", request)
    service.clock.pass_(timedelta(hours=5))
    assert await raw(service, "VisitService/BookVisit", request) == first


async def test_a_refusal_is_not_remembered(service: RunningService, company: Company) -> None:
    """What was refused can be tried again with the same id when the reason is gone."""
    calls = service.calls
    search = company.search(on=TOMORROW, service_duration={"seconds": 9 * 3600})
    slot = (await offered(calls, search))[0]
    hold = await held(calls, slot)
    request = slots.HoldSlotRequest(token=slot.token, request_id=fresh_id())
    assert (await refused(calls.slots.HoldSlot(request))).reason == "SLOT_GONE"
    await calls.slots.ReleaseHold(slots.ReleaseHoldRequest(hold=hold.name, request_id=fresh_id()))
    assert (await calls.slots.HoldSlot(request)).hold.window == slot.window


async def test_two_methods_and_two_tenants_do_not_share_ids(
    service: RunningService, company: Company
) -> None:
    """The same id serves HoldSlot and BookVisit of two companies."""
    other = await Company(service.calls, "rival").found()
    await other.technician("zoe")
    await other.activity("service")
    for one in (company, other):
        slot = (await offered(service.calls, one.search(on=TOMORROW)))[0]
        hold = await held(service.calls, slot, request_id="same")
        await service.calls.visits.BookVisit(
            visits.BookVisitRequest(hold=hold.name, request_id="same")
        )
