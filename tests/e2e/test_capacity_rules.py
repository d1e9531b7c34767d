"""Quota and emergency reserve, whoever asks, and however many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from grpc.aio import AioRpcError

from benchmarks.calls import fresh_id, told
from benchmarks.company import Company
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from tests.e2e.days import TOMORROW
from tests.e2e.test_backlog import created
from tests.e2e.test_calendar_layers import change, create
from tests.service_fixtures import RunningService, booked, held, offered


async def with_quota(company: Company, quota: int) -> None:
    """So many of the one activity a day."""
    kind = cal.ActivityType(name=f"{company.tenant}/activityTypes/service", daily_quota=quota)
    request = cal.UpdateActivityTypeRequest(activity_type=kind, request_id=fresh_id())
    await company.calls.calendar.UpdateActivityType(request)


async def with_reserve(company: Company, hours: float) -> None:
    """So much of every shift is kept for what is urgent."""
    team = cal.Team(name=company.team)
    team.emergency_reserve.FromTimedelta(timedelta(hours=hours))
    await change(company, team)


async def answered(calls: Iterable[Awaitable[Any]]) -> int:
    """How many of the calls, made at once, were; the others were told that the slot is gone."""
    done = await asyncio.gather(*calls, return_exceptions=True)
    refusals = {told(answer).reason for answer in done if isinstance(answer, AioRpcError)}
    assert refusals == {"SLOT_GONE"}
    return sum(not isinstance(answer, BaseException) for answer in done)


@pytest.mark.parametrize("take", [booked, held])
async def test_eight_at_once_never_exceed_the_quota(
    service: RunningService, company: Company, take: Any
) -> None:
    """Three a day, on the routes of four technicians."""
    await with_quota(company, 3)
    found = []
    for id in ("bob", "cid", "dan", "eve"):
        who = await company.technician(id)
        search = company.search(on=TOMORROW, required_technicians=[who])
        found += (await offered(service.calls, search))[:2]
    assert len(found) == 8
    assert await answered(take(service.calls, slot) for slot in found) == 3


async def test_eight_at_once_never_take_the_reserve(
    service: RunningService, company: Company
) -> None:
    """Eight of ten hours are kept: there is room for two visits of an hour."""
    await with_reserve(company, 8)
    search = company.search(on=TOMORROW)
    found = [(await offered(service.calls, search))[n % 4] for n in range(8)]
    assert await answered(booked(service.calls, slot) for slot in found) == 2


async def test_what_is_urgent_in_the_search_is_urgent_when_taken(
    service: RunningService, company: Company
) -> None:
    """A stored visit without a priority, searched for with one, is offered the reserve and may
    have it."""
    await with_reserve(company, 9.5)
    visit = await created(service, company)
    plain = company.search(visit=visit.name, on=TOMORROW)
    assert not (await service.calls.slots.SuggestSlots(plain)).slots
    urgent = company.search(visit=visit.name, on=TOMORROW, priority=5)
    assert (await booked(service.calls, (await offered(service.calls, urgent))[0])).place


async def test_another_team_may_help_but_not_exceed_the_quota(
    service: RunningService, company: Company
) -> None:
    """The quota is that of the team the work waits for, whoever does it."""
    helpers = f"{company.tenant}/teams/helpers"
    await create(company, "helpers", cal.Team(display_name="helpers", time_zone=company.zone))
    bob = await company.technician("bob")
    await change(company, cal.Technician(name=bob, team=helpers))
    await with_quota(company, 1)
    done = []
    for _ in range(2):
        visit = await created(service, company)
        search = company.search(visit=visit.name, on=TOMORROW)
        search.team = helpers
        found = (await service.calls.slots.SuggestSlots(search)).slots
        done += [await booked(service.calls, slot) for slot in found[:1]]
    assert [visit.place.technician for visit in done] == [bob]
