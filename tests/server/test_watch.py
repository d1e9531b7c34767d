"""WatchTeam over a real channel: what is told, what is refused, and how it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from grpc import aio

from benchmarks.calls import Told, told
from slotsvc.domain.access import Role
from slotsvc.pb.v1 import plan_service_pb2 as pb
from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceServicer, PlanServiceStub
from slotsvc.scheduling.api_keys import ApiKeys, NewKey
from slotsvc.scheduling.mutation import Mutation
from slotsvc.scheduling.ports import Event, ReadTx, Store, WriteTx
from slotsvc.scheduling.wake_up import RingingStore, WakeUp
from slotsvc.scheduling.watch_team import BATCH, TeamWatch
from slotsvc.server.app import GrpcServer, ServerOptions
from slotsvc.server.authentication import Authenticator
from slotsvc.server.interceptors import DeadlineLimits, call_interceptor
from slotsvc.server.interceptors.access import AccessGuard
from slotsvc.server.key_ring import KeyRing
from slotsvc.server.metrics import Metrics
from slotsvc.server.object_access import ObjectAccess
from slotsvc.server.slot_tokens import SlotSealer
from slotsvc.server.watch import TeamWatcher
from slotsvc.store.sqlite_store import SqliteStore
from tests.store.samples import ACME, ANA, ANA_EVENING, NORTH

TEAM = "tenants/acme/teams/north"
SOON_S = 5.0


class Plan(PlanServiceServicer):
    """Nothing but WatchTeam."""

    def __init__(self, watcher: TeamWatcher) -> None:
        self._watcher = watcher

    def WatchTeam(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._watcher.watch(request, context)


class CountingStore(RingingStore):
    """Counts batches of events."""

    batches = 0

    async def read[T](self, work: Callable[[ReadTx], T]) -> T:
        found = await super().read(work)
        self.batches += bool(getattr(found, "events", ()))
        return found


@dataclass(frozen=True)
class World:
    """A watched company behind a server."""

    store: CountingStore
    watcher: TeamWatcher
    server: GrpcServer
    stub: Any
    sealer: SlotSealer
    metrics: Metrics

    async def record(self, *events: Event, tenant: str = "acme") -> None:
        """Events in one transaction."""

        def work(tx: WriteTx) -> None:
            for event in events:
                tx.record(tenant, event, "test")

        await self.store.write(work)

    @asynccontextmanager
    async def watching(
        self, team: str = TEAM, position: str = "", **call: Any
    ) -> AsyncIterator[Watching]:
        """A watch that has begun."""
        stream = self.stub.WatchTeam(pb.WatchTeamRequest(team=team, position=position), **call)
        try:
            first = await asyncio.wait_for(stream.read(), SOON_S)
            assert not first.HasField("event")
            yield Watching(stream, first.position)
        finally:
            stream.cancel()

    async def refusal(self, team: str = TEAM, position: str = "", **call: Any) -> Told:
        """How a watch that cannot begin is refused."""
        with pytest.raises(aio.AioRpcError) as refused:
            async with self.watching(team, position, **call) as watching:
                await watching.read()
        return told(refused.value)


@dataclass(frozen=True)
class Watching:
    """A running watch, and where it began."""

    stream: Any
    position: str

    async def read(self) -> pb.WatchTeamResponse:
        """The next answer, which must come soon."""
        answer = await asyncio.wait_for(self.stream.read(), SOON_S)
        assert isinstance(answer, pb.WatchTeamResponse)
        return answer

    async def end(self) -> Told:
        """How it ends."""
        try:
            while True:
                await self.read()
        except aio.AioRpcError as error:
            return told(error)


@asynccontextmanager
async def served(
    store: SqliteStore,
    keys: Path,
    *,
    beat_s: float = 60.0,
    most: int = 200,
    limits: DeadlineLimits | None = None,
    guarded: bool = False,
) -> AsyncIterator[World]:
    """A server with one company on ``store``."""
    metrics = Metrics()
    wake_up = WakeUp(store)
    counting = CountingStore(store, wake_up)
    sealer = SlotSealer(KeyRing.open_or_create(keys))
    watcher = TeamWatcher(TeamWatch(counting, wake_up, beat_s), sealer, metrics, most)
    guard = guard_of(store, metrics) if guarded else None
    server = GrpcServer(
        [Plan(watcher)],
        [call_interceptor(metrics, limits, guard)],
        ServerOptions(address="127.0.0.1:0"),
        [watcher.drain],
    )

    def found(tx: WriteTx) -> None:
        for tenant in (ACME, replace(ACME, id="other")):
            for entity in (tenant, NORTH, ANA):
                tx.create(tenant.id, entity)

    await store.write(found)
    port = await server.start()
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = PlanServiceStub(channel)
        try:
            yield World(counting, watcher, server, stub, sealer, metrics)
        finally:
            await server.drain(0)


def guard_of(store: Store, metrics: Metrics) -> AccessGuard:
    """Keys are asked for."""
    return AccessGuard(Authenticator(store, metrics), ObjectAccess(store))


@pytest.fixture
async def world(store: SqliteStore, tmp_path: Path) -> AsyncIterator[World]:
    """With the usual limits; no beats."""
    async with served(store, tmp_path / "keys.json") as world:
        yield world


def booked(visit: str = "v1", version: int = 7, **data: str | int) -> Event:
    """A visit of Ana's evening shift."""
    return Event("VISIT_BOOKED", visit, ANA_EVENING, version, data)


async def test_an_event_says_what_happened_to_what(world: World) -> None:
    """Resource names, date, shift, version, and data as text."""
    async with world.watching() as watching:
        await world.record(booked(placement="p1", minutes=5))
        event = (await watching.read()).event

    assert event.kind == "VISIT_BOOKED"
    assert event.visit == "tenants/acme/visits/v1"
    assert event.technician == "tenants/acme/technicians/ana"
    assert (event.date.year, event.date.month, event.date.day) == (2026, 3, 2)
    assert (event.shift_number, event.route_version) == (1, 7)
    assert dict(event.data) == {"placement": "p1", "minutes": "5"}
    assert abs(event.time.seconds - time.time()) < 60


async def test_an_event_about_no_route_says_so(world: World) -> None:
    """No date, no version; what is neither a visit nor a technician is named in the data."""
    absence = Event("ABSENCE_CREATED", "flu", None, 12, {"technician": "ana"})
    async with world.watching() as watching:
        await world.record(absence, Event("TEAM_UPDATED", "north", None, 13))
        first, second = [(await watching.read()).event for _ in range(2)]

    assert (first.technician, first.data["subject"]) == ("tenants/acme/technicians/ana", "flu")
    assert (first.visit, first.HasField("date"), first.route_version) == ("", False, 0)
    assert (second.technician, second.data["subject"]) == ("", "north")


async def test_what_people_wrote_is_not_told(world: World) -> None:
    """Ids, numbers, instants and stable words pass, sentences do not."""
    event = booked(cause="Mrs Miller is ill", outcome="NO_ACCESS", at="2026-03-02T08:00:00+00:00")
    async with world.watching() as watching:
        await world.record(event)
        found = (await watching.read()).event

    assert set(found.data) == {"outcome", "at"}


async def test_a_watch_goes_on_behind_a_position(world: World) -> None:
    """Events that came while nobody watched are told first."""
    async with world.watching() as watching:
        await world.record(booked("v1"), booked("v2"))
        position = (await watching.read()).position
    await world.record(booked("v3"))
    async with world.watching(position=position) as watching:
        visits = [(await watching.read()).event.visit for _ in range(2)]

    assert visits == ["tenants/acme/visits/v2", "tenants/acme/visits/v3"]


async def test_a_position_that_is_not_ours_is_refused(world: World) -> None:
    """Made up, altered, another tenant's, sealed for another use, or ahead of the store."""
    async with world.watching("tenants/other/teams/north") as other:
        foreign = other.position
    async with world.watching() as watching:
        own = watching.position
    middle = len(own) // 2
    altered = own[:middle] + ("A" if own[middle] != "A" else "B") + own[middle + 1 :]
    slot = world.sealer.seal(b"1", tenant="acme", purpose="offer")
    ahead = world.sealer.seal(b"99999", tenant="acme", purpose="watch")

    for position in ("7", foreign, altered, slot, ahead):
        refused = await world.refusal(position=position)
        assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {"position"}), position


async def test_a_position_says_nothing(world: World) -> None:
    """Two events that follow each other have positions that nobody can count with."""
    async with world.watching() as watching:
        await world.record(booked("v1"), booked("v2"))
        first, second = [(await watching.read()).position for _ in range(2)]

    assert first[20:40] != second[20:40]
    assert len(first) == len(second) < 200


async def test_a_team_that_is_not_there_is_not_found(world: World) -> None:
    """A wrong name is a wrong field, an unknown team NOT_FOUND."""
    assert (await world.refusal("tenants/acme/teams/none")).code == "NOT_FOUND"
    wrong = await world.refusal("acme/north", "x")
    assert (wrong.code, wrong.fields) == ("INVALID_ARGUMENT", {"team"})


async def test_a_watch_outlives_the_deadline_of_other_calls(
    store: SqliteStore, tmp_path: Path
) -> None:
    """Neither the default deadline nor the cap ends it."""
    limits = DeadlineLimits(0.1, 0.2)
    async with (
        served(store, tmp_path / "keys.json", limits=limits) as world,
        world.watching() as plain,
        world.watching(timeout=3600) as patient,
    ):
        await asyncio.sleep(0.5)
        await world.record(booked())
        for watching in (plain, patient):
            assert (await watching.read()).event.kind == "VISIT_BOOKED"


async def test_the_callers_deadline_ends_it(world: World) -> None:
    """DEADLINE_EXCEEDED, and its place is free again."""
    async with world.watching(timeout=0.3) as watching:
        assert (await watching.end()).code == "DEADLINE_EXCEEDED"
    await has_room(world)


async def test_a_quiet_watch_beats(store: SqliteStore, tmp_path: Path) -> None:
    """Answers without an event come at the set pace."""
    async with (
        served(store, tmp_path / "keys.json", beat_s=0.1) as world,
        world.watching() as watching,
    ):
        began = time.monotonic()
        beats = [await watching.read() for _ in range(3)]

    assert not any(beat.HasField("event") for beat in beats)
    assert time.monotonic() - began >= 0.25


async def test_there_is_room_for_so_many_watches(store: SqliteStore, tmp_path: Path) -> None:
    """A tenant has half of them. One more is RESOURCE_EXHAUSTED with the time to wait; when one
    leaves there is room."""
    async with served(store, tmp_path / "keys.json", most=4) as world, world.watching():
        async with world.watching():
            refused = await world.refusal()
            assert (refused.code, refused.reason) == ("RESOURCE_EXHAUSTED", "TOO_MANY_WATCHES")
        await until(lambda: running(world) == 1)
        async with world.watching():
            pass


async def test_who_leaves_gives_its_place_back(world: World) -> None:
    """Fifty watchers that hang up leave nothing behind, and count as CANCELLED."""
    for _ in range(50):
        async with world.watching():
            pass
    await has_room(world)
    labels = {
        "grpc_service": "slotsvc.v1.PlanService",
        "grpc_method": "WatchTeam",
        "grpc_code": "CANCELLED",
    }
    sample = world.metrics.registry.get_sample_value
    assert sample("grpc_server_handled_total", labels) == 50


async def test_nothing_is_kept_of_who_left(world: World) -> None:
    """Names cost nothing, where anybody may call himself as he likes: neither those of companies
    that are not there, nor of one whose last watch has ended."""
    for number in range(20):
        await world.refusal(f"tenants/nobody-{number}/teams/north")
    async with world.watching(), world.watching():
        pass
    async with asyncio.timeout(SOON_S):
        while world.metrics.registry.get_sample_value("slotsvc_watches_active"):
            await asyncio.sleep(0.01)
    assert not world.watcher._open


async def test_the_end_of_the_service_ends_it_at_once(world: World) -> None:
    """UNAVAILABLE with a reason, long before the grace of other calls is over."""
    async with world.watching() as one, world.watching() as two:
        began = time.monotonic()
        draining = asyncio.create_task(world.server.drain(30))
        for watching in (one, two):
            ended = await watching.end()
            assert (ended.code, ended.reason) == ("UNAVAILABLE", "SERVICE_STOPPING")
        await draining
        assert time.monotonic() - began < 5


async def test_without_grace_it_ends_as_politely(world: World) -> None:
    """A drain of no seconds still says why, and where to go on."""
    async with world.watching() as watching:
        draining = asyncio.create_task(world.server.drain(0))
        assert (await watching.end()).reason == "SERVICE_STOPPING"
        await draining


async def test_who_does_not_read_is_not_read_for(world: World) -> None:
    """A watcher that stands still holds a batch beside the 4 MB that gRPC sends ahead, not all."""
    heavy = {f"key{n}": "x" * 190 for n in range(10)}
    async with world.watching() as watching:
        await world.record(*(booked(f"v{n}", **heavy) for n in range(24 * BATCH)))
        await asyncio.sleep(0.5)
        assert world.store.batches < 16
        for number in range(24 * BATCH):
            assert (await watching.read()).event.visit == f"tenants/acme/visits/v{number}"
        assert world.store.batches >= 24


async def test_a_revoked_key_ends_the_watch(store: SqliteStore, tmp_path: Path) -> None:
    """Who may no longer call gets no further answer."""
    async with served(store, tmp_path / "keys.json", beat_s=0.1, guarded=True) as world:
        text, revoke = await a_key(store)
        metadata = (("authorization", f"Bearer {text}"),)
        async with world.watching(metadata=metadata) as watching:
            await watching.read()
            await revoke()
            assert (await asyncio.wait_for(watching.end(), 30)).code == "UNAUTHENTICATED"
        assert (await world.refusal()).code == "UNAUTHENTICATED"


async def a_key(store: Store) -> tuple[str, Callable[[], Awaitable[object]]]:
    """A planner's key of acme, and how to revoke it."""
    keys = ApiKeys(store)

    def call(method: str) -> Mutation:
        return Mutation("acme", method, "", b"")

    wanted = NewKey("acme", Role.PLANNER, "A planner")
    id, text = await keys.create(call("CreateApiKey"), wanted, lambda key: key.id.encode())

    async def revoke() -> object:
        return await keys.revoke(call("RevokeApiKey"), "acme", id.decode(), lambda key: b"")

    return text, revoke


async def until(true: Callable[[], bool]) -> None:
    """Waits until it is so."""
    async with asyncio.timeout(SOON_S):
        while not true():
            await asyncio.sleep(0.01)


async def has_room(world: World) -> None:
    """No watch is left."""
    await until(lambda: running(world) == 0)


def running(world: World) -> float | None:
    """What the gauge says."""
    return world.metrics.registry.get_sample_value("slotsvc_watches_active")
