"""Why not this technician in this window, and what would open it."""

from __future__ import annotations

from datetime import date, timedelta

from benchmarks.company import Company
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import types_pb2 as types
from tests.e2e.days import DAY, TODAY, TOMORROW
from tests.service_fixtures import RunningService, booked, held, offered, refused

ANN = "tenants/acme/technicians/ann"


async def asked(
    service: RunningService, company: Company, start: str, end: str, **more: object
) -> slots.WindowVerdict:
    """The verdict on Ann, tomorrow from ``start`` to ``end``, UTC."""
    request = slots.WhyNotRequest(
        team=company.team, technician=ANN, request=company.search(on=TOMORROW, **more).request
    )
    day = TOMORROW.isoformat()
    request.window.start_time.FromJsonString(f"{day}T{start}:00Z")
    request.window.end_time.FromJsonString(f"{day}T{end}:00Z")
    (verdict,) = (await service.calls.slots.WhyNot(request)).verdicts
    return verdict


def kinds(verdict: slots.WindowVerdict) -> list[str]:
    """The first change of each way out."""
    return [
        slots.ChangeKind.Name(r.changes[0].kind).removeprefix("CHANGE_KIND_")
        for r in verdict.repairs
    ]


async def test_x(service: RunningService, company: Company) -> None:
    """prints"""
    v = await asked(service, company, "07:00", "09:00")
    print(v)
    v = await asked(service, company, "17:00", "19:00")
    print(v)
    v = await asked(service, company, "07:00", "09:00", required_tags=["boiler"])
    print(v)
    for _ in range(3):
        await booked(service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0])
    v = await asked(service, company, "06:00", "07:00", service_duration={"seconds": 3 * 3600})
    print(v)
    batch = slots.SuggestSlotsBatchRequest(parent="tenants/acme", requests=[company.search(on=TOMORROW), slots.SuggestSlotsRequest(team=company.team), company.search(on=TODAY)])
    async for x in service.calls.slots.SuggestSlotsBatch(batch):
        print(x.index, x.WhichOneof("result"), len(x.answer.slots), x.error)
    assert 0
