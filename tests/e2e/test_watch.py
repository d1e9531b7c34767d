"""A board watches a team while others book: every change, once, in order, and only its own."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from grpc import aio

from benchmarks.calls import Calls, Told, calling, fresh_id, told
from benchmarks.company import Company
from slotsvc.config import Search, Watch
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import plan_service_pb2 as pb
from tests.e2e.days import TOMORROW
from tests.service_fixtures import (
    RunningService,
    booked,
    cancelled,
    held,
    offered,
    refused,
    running_service,
    settings_for,
)

SOON_S = 10.0


class Board:
    """A watch that a test reads. ``position``: behind the last answer it read."""

    def __init__(self, calls: Calls, team: str, position: str = "", **call: Any) -> None:
        request = pb.WatchTeamRequest(team=team, position=position)
        self.stream: Any = calls.plan.WatchTeam(request, **call)
        self.position = position

    async def begun(self) -> Board:
        """Its first answer was read."""
        assert not (await self.answer()).HasField("event")
        return self

    async def answer(self) -> pb.WatchTeamResponse:
        """The next one."""
        answer = await asyncio.wait_for(self.stream.read(), SOON_S)
        assert isinstance(answer, pb.WatchTeamResponse)
        self.position = answer.position
        return answer

    async def event(self) -> pb.TeamEvent:
        """The next one."""
        while not (answer := await self.answer()).HasField("event"):
            pass
        return answer.event

    async def events(self, count: int) -> list[pb.TeamEvent]:
        """The next ``count``."""
        return [await self.event() for _ in range(count)]

    async def end(self) -> Told:
        """How it ends."""
        try:
            while True:
                await self.answer()
        except aio.AioRpcError as error:
            return told(error)

    async def aclose(self) -> None:
        """Hangs up."""
        self.stream.cancel()


async def board(calls: Calls, team: str, position: str = "", **call: Any) -> Board:
    """A watch that has begun; use it with ``aclosing``."""
    return await Board(calls, team, position, **call).begun()


async def away(company: Company, technician: str, name: str) -> None:
    """An absence a month away: an event that costs nothing."""
    start = datetime(2030, 8, 1, 8, tzinfo=UTC)
    await company.absence(technician, start, start + timedelta(hours=1), name)


async def test_a_board_sees_what_is_booked_and_cancelled(
    service: RunningService, company: Company
) -> None:
    """Held, booked at once, cancelled: with visit, technician, date and growing versions."""
    first, *_, last = await offered(service.calls, company.search(on=TOMORROW))
    async with aclosing(await board(service.calls, company.team)) as watching:
        hold = await held(service.calls, first)
        visit = await booked(service.calls, last)
        await cancelled(service.calls, visit.name)
        events = await watching.events(3)

    assert [e.kind for e in events] == ["VISIT_HELD", "VISIT_BOOKED", "VISIT_CANCELLED"]
    assert [e.visit for e in events] == [hold.visit, visit.name, visit.name]
    assert {e.technician for e in events} == {"tenants/acme/technicians/ann"}
    assert {(e.date.month, e.date.day) for e in events} == {(TOMORROW.month, TOMORROW.day)}
    assert [e.route_version for e in events] == [1, 2, 3]
    assert events[1].data["placement"]


async def test_eight_book_while_a_board_comes_and_goes(
    service: RunningService, company: Company
) -> None:
    """One board that stays and one that hangs up after every third event and resumes see the same
    events, each booking once, every route's versions without a gap."""
    days = [TOMORROW + timedelta(days=n) for n in range(8)]
    for name in ("bob", "cid"):
        await company.technician(name)

    async def book(day: Any) -> set[str]:
        async with calling(service.address) as calls:
            made = set()
            for _ in range(3):
                slot = (await offered(calls, company.search(on=day)))[0]
                made.add((await booked(calls, slot)).name)
            return made

    async def resuming(first: Board) -> list[pb.TeamEvent]:
        found: list[pb.TeamEvent] = []
        watching = first
        while len(found) < 24:
            found += await watching.events(3)
            await watching.aclose()
            watching = await board(service.calls, company.team, watching.position)
        await watching.aclose()
        return found

    async with aclosing(await board(service.calls, company.team)) as stays:
        comes_and_goes = asyncio.create_task(resuming(await board(service.calls, company.team)))
        made = set[str]().union(*await asyncio.gather(*map(book, days)))
        seen = await stays.events(24)

    assert await comes_and_goes == seen
    assert [event.kind for event in seen] == ["VISIT_BOOKED"] * 24
    assert {event.visit for event in seen} == made
    assert len(made) == 24
    versions: dict[tuple[str, int], list[int]] = {}
    for event in seen:
        versions.setdefault((event.technician, event.date.day), []).append(event.route_version)
    assert all(of_one == list(range(1, len(of_one) + 1)) for of_one in versions.values())


async def test_others_are_never_seen(service: RunningService, company: Company) -> None:
    """Neither another team of the tenant, nor the same team of another tenant; and positions do
    not pass from tenant to tenant."""
    await service.calls.calendar.CreateTeam(
        cal.CreateTeamRequest(
            parent=company.tenant,
            team_id="south",
            team=cal.Team(display_name="South", time_zone=company.zone),
            request_id=fresh_id(),
        )
    )
    rival = await Company(service.calls, "rival").found()
    rivals = await rival.technician("ann")
    async with (
        aclosing(await board(service.calls, f"{company.tenant}/teams/south")) as south,
        aclosing(await board(service.calls, rival.team)) as theirs,
        aclosing(await board(service.calls, company.team)) as ours,
    ):
        await away(company, f"{company.tenant}/technicians/ann", "ours")
        await away(rival, rivals, "theirs")
        await company.activity("shared")
        assert [e.data["subject"] for e in await ours.events(2)] == ["ours", "shared"]
        assert [e.data["subject"] for e in await theirs.events(1)] == ["theirs"]
        assert [e.data["subject"] for e in await south.events(1)] == ["shared"]
        asked = pb.WatchTeamRequest(team=rival.team, position=ours.position)
        wrong = await refused(service.calls.plan.WatchTeam(asked).read())
        assert (wrong.code, wrong.fields) == ("INVALID_ARGUMENT", {"position"})


async def test_a_quiet_watch_lives_longer_than_other_calls_may(tmp_path: Path) -> None:
    """With deadlines of 2 seconds, beats go on and an event still comes after three."""
    settings = settings_for(
        tmp_path,
        search=Search(deadline_seconds=2, deadline_cap_seconds=2),
        watch=Watch(heartbeat_seconds=0.1),
    )
    async with running_service(settings) as service:
        company = await Company(service.calls, "acme").found()
        ann = await company.technician("ann")
        async with aclosing(await board(service.calls, company.team)) as watching:
            began = time.monotonic()
            while time.monotonic() - began < 3:
                assert not (await watching.answer()).HasField("event")
            await away(company, ann, "later")
            assert (await watching.event()).kind == "ABSENCE_CREATED"


async def test_a_watch_goes_on_after_the_service_was_started_anew(tmp_path: Path) -> None:
    """The end is UNAVAILABLE, soon, whatever the drain allows; behind the last position the next
    process tells what came meanwhile."""
    settings = settings_for(tmp_path, drain_seconds=30.0)
    async with AsyncExitStack() as outlives:
        async with running_service(settings) as service:
            company = await Company(service.calls, "acme").found()
            ann = await company.technician("ann")
            calls = await outlives.enter_async_context(calling(service.address))
            watching = await board(calls, company.team)
            began = time.monotonic()
        ended = await watching.end()
    assert (ended.code, ended.reason) == ("UNAVAILABLE", "SERVICE_STOPPING")
    assert time.monotonic() - began < 10
    async with running_service(settings) as service:
        company = Company(service.calls, "acme")
        await away(company, ann, "meanwhile")
        async with aclosing(await board(service.calls, company.team, watching.position)) as resumed:
            assert (await resumed.event()).data["subject"] == "meanwhile"


async def test_an_event_comes_within_milliseconds(
    service: RunningService, company: Company
) -> None:
    """Half of the events reach a board within a tenth of a second of the answer to the change."""
    delays = []
    async with aclosing(await board(service.calls, company.team)) as watching:
        for number in range(10):
            await away(company, f"{company.tenant}/technicians/ann", f"away-{number}")
            answered = time.monotonic()
            await watching.event()
            delays.append(time.monotonic() - answered)
    assert sorted(delays)[5] < 0.1, delays
