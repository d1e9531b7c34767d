"""Roads go and come back under a running service: what is told of it, and what becomes of it."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.calls import calling
from benchmarks.company import Company
from slotsvc import bootstrap
from slotsvc.cli.checks import server_check
from slotsvc.cli.wire import pb_date, pb_place
from slotsvc.config import Roads
from slotsvc.pb.v1 import map_service_pb2 as maps
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.travel.road_health import ESTIMATED
from tests.e2e.days import TOMORROW
from tests.service_fixtures import (
    RunningService,
    booked,
    confirmed,
    held,
    running_service,
    settings_for,
    visit_now,
)
from tests.travel.liar import Liar, lying_server, straight_table

LIVE, ESTIMATE = types.TRAVEL_PROVENANCE_LIVE, types.TRAVEL_PROVENANCE_ESTIMATE
DEPOT, EAST, NORTH, WEST = (43.73, 7.41), (43.75, 7.45), (43.76, 7.43), (43.74, 7.40)
PROBE_S = 0.2


class Town:
    """A service on an OSRM that a test takes away and gives back."""

    def __init__(self, service: RunningService, company: Company, liar: Liar) -> None:
        self.service, self.company, self.liar = service, company, liar

    def take_roads_away(self) -> None:
        self.liar.reply, self.liar.status = None, 500

    def give_roads_back(self) -> None:
        self.liar.reply, self.liar.status = straight_table, 200

    async def search(self, place: tuple[float, float]) -> slots.SuggestSlotsResponse:
        asked = self.company.search(place, on=TOMORROW, max_rejections=3)
        answer: slots.SuggestSlotsResponse = await self.service.calls.slots.SuggestSlots(asked)
        return answer

    async def route(self) -> plan.Route:
        request = plan.GetDayRequest(team=self.company.team, date=pb_date(TOMORROW))
        return (await self.service.calls.plan.GetDay(request)).routes[0]

    def metric(self, name: str, **labels: str) -> float:
        return self.service.metrics.registry.get_sample_value(name, labels) or 0.0

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not true():
                await asyncio.sleep(0.02)


@asynccontextmanager
async def town(data: Path, **roads: float) -> AsyncIterator[Town]:
    liar = Liar(reply=straight_table)
    async with lying_server(liar) as address:
        settings = settings_for(data, osrm_url=address, roads=Roads(probe_seconds=PROBE_S, **roads))
        async with running_service(settings) as service:
            company = await Company(service.calls, "acme").found()
            await company.technician("ann", home=DEPOT)
            await company.activity("service")
            yield Town(service, company, liar)


async def test_slot_hold_and_booking_say_that_driving_was_estimated(tmp_path: Path) -> None:
    """Found, held and booked without roads: each is flagged, and so is the day, and what was booked
    there before: its times hang on the estimate now."""
    async with town(tmp_path) as it:
        before = await booked(it.service.calls, (await it.search(WEST)).slots[0])
        it.take_roads_away()
        found = await it.search(EAST)
        hold = await held(it.service.calls, found.slots[0])
        visit = await confirmed(it.service.calls, hold)
        at_once = await booked(it.service.calls, (await it.search(NORTH)).slots[0])
        day = await it.route()
        seen = await visit_now(it.service.calls, visit.name)
        shaken = await visit_now(it.service.calls, before.name)
    assert found.receipt.travel_provenance == ESTIMATE
    assert {slot.travel_provenance for slot in found.slots} == {ESTIMATE}
    assert hold.travel_provenance == ESTIMATE
    assert visit.travel_provenance == seen.travel_provenance == ESTIMATE
    assert at_once.travel_provenance == ESTIMATE
    assert day.travel_provenance == ESTIMATE
    assert (before.travel_provenance, shaken.travel_provenance) == (LIVE, ESTIMATE)


async def test_the_breaker_is_told_and_answers_come_at_once(tmp_path: Path) -> None:
    """Gauge, counter and doctor say so; while it is open nobody but the probe asks the engine; it
    closes by itself."""
    async with town(tmp_path) as it:
        address = it.service.address
        well = await asyncio.to_thread(server_check, address, 5.0)
        it.take_roads_away()
        for number in range(4):
            await it.search((43.75 + number / 1000, 7.45))
        await it.until(lambda: it.metric("slotsvc_road_engine_state", engine="osrm") > 0)
        told = await it.service.calls.map.GetMap(maps.GetMapRequest())
        ill = await asyncio.to_thread(server_check, address, 5.0)
        it.give_roads_back()
        await it.until(lambda: it.metric("slotsvc_road_engine_state", engine="osrm") == 0)
        answer = await it.search((43.7555, 7.4555))
        opened = it.metric("slotsvc_road_engine_changes_total", engine="osrm", state="open")
        closed = it.metric("slotsvc_road_engine_changes_total", engine="osrm", state="closed")
    assert well.state == "ok"
    assert told.travel_provenance == ESTIMATE
    assert (ill.state, "degraded: roads estimated" in ill.detail) == ("warn", True)
    assert answer.receipt.travel_provenance == LIVE
    assert opened >= 1
    assert closed == 1


async def test_a_day_booked_on_estimates_is_measured_when_roads_are_back(tmp_path: Path) -> None:
    """Nobody asks for anything: its flags go, an event tells of it, its times are those of roads,
    and its visits have a new etag."""
    async with town(tmp_path) as it:
        it.take_roads_away()
        visit = await booked(it.service.calls, (await it.search(EAST)).slots[0])
        for number in range(5):
            await it.search((43.75 + number / 1000, 7.45))
        version = (await it.route()).version
        it.give_roads_back()
        async with asyncio.timeout(20):
            while (await visit_now(it.service.calls, visit.name)).travel_provenance != LIVE:
                await asyncio.sleep(0.05)
        after = await visit_now(it.service.calls, visit.name)
        day = await it.route()
        events = await it.service.store.read(lambda tx: tx.events_after("acme", "", 100))
    assert visit.travel_provenance == ESTIMATE
    assert after.etag != visit.etag
    assert day.travel_provenance == LIVE
    assert day.version == version + 1
    assert "ROUTE_MEASURED" in [stored.event.kind for stored in events]


async def test_readiness_tells_degraded_from_broken(tmp_path: Path) -> None:
    """Without roads /readyz stays 200 and says what is degraded; with them again it is well."""
    liar = Liar(reply=straight_table)
    async with lying_server(liar) as address:
        probed = Roads(probe_seconds=PROBE_S)
        settings = settings_for(
            tmp_path, osrm_url=address, http_addr="127.0.0.1:0", roads=probed, drain_seconds=1.0
        )
        async with bootstrap.running(settings) as server, calling(server.address) as calls:
            url = f"http://{server.metrics_address}/readyz"
            well = await _ready(url)
            liar.reply, liar.status = None, 500
            request = maps.GetShapeRequest(locations=[pb_place(*DEPOT), pb_place(*EAST)])
            for _ in range(5):
                await calls.map.GetShape(request)
            ill = await _ready(url)
            liar.reply, liar.status = straight_table, 200
            async with asyncio.timeout(20):
                while (again := await _ready(url)) != well:
                    await asyncio.sleep(0.05)
    fine = {"database": "ok", "disk": "ok"}
    assert well["checks"] == again["checks"] == fine | {"roads": "ok"}
    assert ill["ready"]
    assert ill["checks"] == fine | {"roads": ESTIMATED}


async def _ready(url: str) -> dict[str, Any]:
    """What is said with 200; anything else raises."""
    raw = await asyncio.to_thread(_get, url)
    told: dict[str, Any] = json.loads(raw)
    return told


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as reply:
        return bytes(reply.read())


async def test_a_hanging_engine_takes_a_share_of_the_call(tmp_path: Path) -> None:
    """With three seconds to answer in and an engine that never does, the answer is there after
    about one, estimated."""
    async with town(tmp_path) as it:
        answer, seconds = await hanging(it, deadline=3.0)
    assert answer.slots
    assert answer.receipt.travel_provenance == ESTIMATE
    assert 0.8 <= seconds < 2.4


async def test_the_share_is_a_setting(tmp_path: Path) -> None:
    """A tenth of ten seconds, although the engine has ten for each request."""
    async with town(tmp_path, deadline_percent=10, timeout_seconds=10) as it:
        answer, seconds = await hanging(it, deadline=10.0)
    assert answer.receipt.travel_provenance == ESTIMATE
    assert 0.9 <= seconds < 2.7


async def hanging(it: Town, deadline: float) -> tuple[slots.SuggestSlotsResponse, float]:
    """The answer to a search while the engine takes connections and says nothing."""
    await it.search(WEST)
    it.liar.pause_s = 3600.0
    asked = it.company.search(EAST, on=TOMORROW, max_rejections=3)
    began = time.monotonic()
    answer = await it.service.calls.slots.SuggestSlots(asked, timeout=deadline)
    return answer, time.monotonic() - began
