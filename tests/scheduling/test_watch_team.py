"""A team's events from a position on: all of them, once, in order, soon, and nobody else's."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

import pytest
from pysqlite3 import dbapi2

from slotsvc.domain.errors import InvalidRequestError, NotFoundError, ServiceStoppingError
from slotsvc.domain.technician import Loan, Team
from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.scheduling.ports import Event, ReadTx, WriteTx
from slotsvc.scheduling.wake_up import RingingStore, WakeUp
from slotsvc.scheduling.watch_team import BATCH, TeamWatch, Told
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore
from tests.store.samples import ACME, ANA, BEN, MONDAY, NORTH, TUESDAY, visit, waiting

SOUTH = Team("south", "South", "Europe/Paris")
CARLA = replace(ANA, id="carla", team="south")
SOON_S = 5.0
"""How long a test waits for what comes within milliseconds on an idle machine."""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with its tables, to be copied."""
    path = tmp_path_factory.mktemp("store") / "slotsvc.db"
    upgrade(sqlite_url(path))
    return path


@pytest.fixture
def database(empty: Path, tmp_path: Path) -> Iterator[SqliteStore]:
    """Two tenants; of acme the teams north (Ana, Ben) and south (Carla)."""
    store = SqliteStore(copyfile(empty, tmp_path / "slotsvc.db"))
    yield store
    store.close()


class CountingStore(RingingStore):
    """Counts reads."""

    reads = 0

    async def read[T](self, work: Callable[[ReadTx], T]) -> T:
        """One more."""
        self.reads += 1
        return await super().read(work)


class World:
    """A watched store, and what a test does to it."""

    def __init__(self, database: SqliteStore, beat_s: float = 60.0, look_s: float = 60.0) -> None:
        self.database = database
        self.wake_up = WakeUp(database, look_s)
        self.store = CountingStore(database, self.wake_up)
        self.watch = TeamWatch(self.store, self.wake_up, beat_s)

    async def set_up(self) -> World:
        """Creates the company."""
        for tenant in (ACME, replace(ACME, id="other")):
            for entity in (tenant, NORTH, SOUTH, ANA, BEN, CARLA):
                await self.create(entity, tenant.id)
        return self

    async def create(self, entity: Entity, tenant: str = "acme") -> None:
        """Sets up one thing."""

        def work(tx: WriteTx) -> None:
            tx.create(tenant, entity)

        await self.database.write(work)

    async def happens(
        self, subject: str, technician: str = "ana", *, tenant: str = "acme", day: object = MONDAY
    ) -> None:
        """A visit is booked, as the event says."""
        key = RouteKey(tenant, technician, day)  # type: ignore[arg-type]
        await self.record(Event("VISIT_BOOKED", subject, key, 1, {}), tenant)

    async def record(self, event: Event, tenant: str = "acme") -> None:
        """Any event."""
        await self.store.write(lambda tx: tx.record(tenant, event, "test"))

    @asynccontextmanager
    async def watching(
        self, team: str = "north", position: str | None = None, tenant: str = "acme"
    ) -> AsyncIterator[Watching]:
        """A watch that has begun: its first beat was taken."""
        steps = self.watch.events(tenant, team, position)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(steps.aclose)
            first = await anext(steps)
            assert first.event is None
            yield Watching(steps, first.position)


class Watching:
    """A running watch."""

    def __init__(self, steps: AsyncIterator[Told], position: str) -> None:
        self.steps = steps
        self.position = position

    async def subjects(self, count: int) -> list[str]:
        """What the next ``count`` events are about."""
        found: list[str] = []
        while len(found) < count:
            if (told := await self.step()).event is not None:
                found.append(told.event.event.subject)
        return found

    async def step(self) -> Told:
        """The next step, which must come soon."""
        async with asyncio.timeout(SOON_S):
            told = await anext(self.steps)
        self.position = told.position
        return told


@pytest.fixture
async def world(database: SqliteStore) -> World:
    """No beats and no looks: only what is rung for arrives."""
    return await World(database).set_up()


async def test_events_come_in_order_from_now_on(world: World) -> None:
    """What happened before is not told; the first step is a beat with the position to begin at."""
    await world.happens("before")
    async with world.watching() as watching:
        for number in range(5):
            await world.happens(f"v{number}")

        assert await watching.subjects(5) == ["v0", "v1", "v2", "v3", "v4"]


@pytest.mark.machine_speed
async def test_a_commit_of_this_process_is_told_at_once(world: World) -> None:
    """Half of the events are told within 50 ms of their commit, with no polling to help."""
    delays = []
    async with world.watching() as watching:
        for number in range(20):
            await world.happens(f"v{number}")
            committed = time.perf_counter()
            await watching.subjects(1)
            delays.append(time.perf_counter() - committed)

    assert sorted(delays)[10] < 0.05


async def test_a_commit_of_another_process_is_found_by_looking(database: SqliteStore) -> None:
    """A write that nobody rings for is told after the next look."""
    world = await World(database, look_s=0.05).set_up()
    key = RouteKey("acme", "ana", MONDAY)
    async with world.watching() as watching:
        await database.write(
            lambda tx: tx.record("acme", Event("VISIT_BOOKED", "v", key, 1), "test")
        )

        assert await watching.subjects(1) == ["v"]


async def test_a_look_that_fails_is_not_the_last(database: SqliteStore, tmp_path: Path) -> None:
    """Whatever the database says to one look, the next finds what others committed since."""
    world = await World(database, look_s=0.05).set_up()
    booked = Event("VISIT_BOOKED", "v", RouteKey("acme", "ana", MONDAY), 1)
    async with world.watching() as watching:
        told = asyncio.create_task(watching.subjects(1))
        await asyncio.sleep(0.2)
        with closing(dbapi2.connect(str(tmp_path / "slotsvc.db"), isolation_level=None)) as other:
            other.execute("ALTER TABLE event RENAME TO lost")
            await asyncio.sleep(0.2)
            other.execute("ALTER TABLE lost RENAME TO event")
        await database.write(lambda tx: tx.record("acme", booked, "test"))

        assert await told == ["v"]


async def test_other_teams_and_tenants_are_not_told(world: World) -> None:
    """Only routes of the team's technicians, in the team's tenant."""
    async with world.watching() as watching:
        await world.happens("theirs", "carla")
        await world.happens("elsewhere", tenant="other")
        await world.happens("ours")

        assert await watching.subjects(1) == ["ours"]


async def test_a_watch_resumes_behind_any_of_its_positions(world: World) -> None:
    """From each step on, what was told behind it is told again, and nothing else."""
    async with world.watching() as watching:
        for number in range(6):
            await world.happens(f"v{number}", "carla" if number % 3 == 1 else "ana")
        whole = [await watching.step() for _ in range(4)]

    subjects = [told.event.event.subject for told in whole if told.event]
    assert subjects == ["v0", "v2", "v3", "v5"]
    for taken, told in enumerate(whole[:-1], 1):
        async with world.watching(position=told.position) as again:
            assert await again.subjects(4 - taken) == subjects[taken:]


async def test_nothing_is_lost_or_repeated_while_eight_write(world: World) -> None:
    """Eight writers of 40 events each, a watch that is cut again and again, another that lags:
    both tell every event once, in one order."""

    async def write(writer: int) -> None:
        for number in range(40):
            await world.happens(f"{writer}-{number}")

    async def cut_often() -> list[str]:
        found: list[str] = []
        position = None
        for size in itertools.cycle((1, 7, 3, 20)):
            if len(found) == 320:
                return found
            async with world.watching(position=position) as watching:
                if position is None:
                    begun.set()
                found += await watching.subjects(min(size, 320 - len(found)))
                position = watching.position
        raise AssertionError

    begun = asyncio.Event()
    async with world.watching() as lagging:
        cut = asyncio.create_task(cut_often())
        await begun.wait()
        await asyncio.gather(*map(write, range(8)))
        lagged = await lagging.subjects(320)

    assert await cut == lagged
    assert len(set(lagged)) == 320
    for writer in range(8):
        of_one = [subject for subject in lagged if subject.startswith(f"{writer}-")]
        assert of_one == [f"{writer}-{number}" for number in range(40)]


async def test_more_events_than_one_batch(world: World) -> None:
    """A long absence is caught up batch by batch."""

    def many(tx: WriteTx) -> None:
        for number in range(2 * BATCH + 1):
            key = RouteKey("acme", "carla" if number < BATCH + 50 else "ben", MONDAY)
            tx.record("acme", Event("VISIT_BOOKED", f"v{number}", key, 1), "test")

    async with world.watching() as watching:
        start = watching.position
    await world.store.write(many)
    async with world.watching(position=start) as watching:
        expected = [f"v{number}" for number in range(BATCH + 50, 2 * BATCH + 1)]
        assert await watching.subjects(len(expected)) == expected


async def test_a_quiet_watch_beats_with_a_position_that_moves(database: SqliteStore) -> None:
    """Beats come although nothing happens, and carry the position behind others' events, so that
    a resume need not read those again."""
    world = await World(database, beat_s=0.05).set_up()
    async with world.watching() as watching:
        start = watching.position
        told = await watching.step()
        assert told == Told(start)
        await world.happens("theirs", "carla")
        while (told := await watching.step()).position == start:
            assert told.event is None
        async with world.watching() as newest:
            assert (told.event, told.position) == (None, newest.position)


async def test_stopping_ends_every_watch(world: World) -> None:
    """Those that run end at once, and none begins."""
    async with world.watching() as one, world.watching("south") as two:
        world.watch.stop()
        for watching in (one, two):
            with pytest.raises(ServiceStoppingError):
                await watching.step()
    with pytest.raises(ServiceStoppingError):
        async with world.watching():
            pass


async def test_a_team_that_is_deleted_is_told_so(world: World) -> None:
    """The last event is TEAM_DELETED, then the watch ends with NOT_FOUND; so does a new one."""

    def work(tx: WriteTx) -> None:
        tx.delete("acme", Team, "west", None)
        tx.record("acme", Event("TEAM_DELETED", "west", None, 1), "test")

    await world.create(replace(NORTH, id="west"))
    async with world.watching("west") as watching:
        await world.store.write(work)
        assert await watching.subjects(1) == ["west"]
        with pytest.raises(NotFoundError):
            await watching.step()
    with pytest.raises(NotFoundError):
        async with world.watching("west"):
            pass


async def test_a_position_that_was_not_reached_yet_is_refused(world: World) -> None:
    """A store that was restored from an older copy does not keep its watchers waiting in vain."""
    async with world.watching() as watching:
        await world.happens("v")
        position = (await watching.step()).position
    ahead = str(int(position) + 1)
    async with world.watching(position=ahead) as watching:
        with pytest.raises(InvalidRequestError):
            await watching.step()


async def test_a_lent_technicians_routes_are_told_to_both_teams(world: World) -> None:
    """To the borrowing team on the dates of the loan, to the own team always."""
    await world.create(Loan("help", "carla", "north", TUESDAY, TUESDAY))
    async with world.watching() as borrower, world.watching("south") as lender:
        await world.happens("monday", "carla")
        await world.happens("tuesday", "carla", day=TUESDAY)
        await world.record(Event("ABSENCE_CREATED", "ill", None, 3, {"technician": "carla"}))

        assert await borrower.subjects(2) == ["tuesday", "ill"]
        assert await lender.subjects(3) == ["monday", "tuesday", "ill"]


async def test_work_that_waits_is_told_to_its_team(world: World) -> None:
    """An unplaced visit concerns the team it waits for, or every team when it waits for none."""
    await store_visit(world, "ours", "north")
    await store_visit(world, "theirs", "south")
    await store_visit(world, "anybodys", "")
    async with world.watching() as watching:
        for name in ("theirs", "ours", "anybodys"):
            await world.record(Event("VISIT_CREATED", name, None, 0))

        assert await watching.subjects(2) == ["ours", "anybodys"]


async def test_work_that_another_team_takes_is_told_to_both(world: World) -> None:
    """A visit that waited for one team and is booked with another leaves the backlog of the
    first."""
    await store_visit(world, "ours", "north")
    async with world.watching() as watching, world.watching("south") as taker:
        await world.happens("ours", "carla")

        assert await watching.subjects(1) == await taker.subjects(1) == ["ours"]


async def test_what_a_company_sets_up_is_told_to_whom_it_concerns(world: World) -> None:
    """Technicians, closures and loans to the teams they name, left ones included; rules of the
    company to all; sites and keys to nobody."""
    events = [
        Event("SITE_CREATED", "flat", None, 1),
        Event("API_KEY_CREATED", "key", None, 0),
        Event("TECHNICIAN_DELETED", "dan", None, 2, {"team": "south"}),
        Event("TECHNICIAN_UPDATED", "carla", None, 3, {"team": "south", "left_team": "north"}),
        Event("CLOSURE_CREATED", "strike", None, 4, {"team": "south"}),
        Event("CLOSURE_CREATED", "fair", None, 5),
        Event("ACTIVITY_TYPE_UPDATED", "boiler", None, 6),
        Event("LOAN_DELETED", "help", None, 7, {"technician": "carla", "team": "north"}),
        Event("TEAM_UPDATED", "south", None, 8),
        Event("TEAM_UPDATED", "north", None, 9),
    ]
    async with world.watching() as watching:
        for event in events:
            await world.record(event)

        told = await watching.subjects(5)
    assert told == ["carla", "fair", "boiler", "help", "north"]


async def test_watchers_of_a_team_share_their_reads(world: World) -> None:
    """Thirty boards that look at one team ask the store little more than one does."""
    async with AsyncExitStack() as stack:
        boards = [await stack.enter_async_context(world.watching()) for _ in range(30)]
        asked = [asyncio.create_task(board.subjects(1)) for board in boards]
        await asyncio.sleep(0.2)
        before = world.store.reads
        await world.happens("v")
        assert await asyncio.gather(*asked) == [["v"]] * 30
        assert world.store.reads - before < 10


async def test_who_leaves_does_not_end_the_read_of_others(world: World) -> None:
    """Of two watchers that wait for one read, the first is cancelled: the second gets it."""
    async with world.watching() as stays:
        leaves = world.watch.events("acme", "north")
        await anext(leaves)
        asked = asyncio.create_task(anext(leaves))
        told = asyncio.create_task(stays.subjects(1))
        await asyncio.sleep(0.05)
        await world.happens("v")
        asked.cancel()

        assert await told == ["v"]
        await asyncio.gather(asked, return_exceptions=True)
        await leaves.aclose()


async def test_nobody_looks_when_nobody_watches(database: SqliteStore) -> None:
    """The last watcher takes the lookout with it, the next one brings it back."""
    world = await World(database, look_s=0.01).set_up()

    def lookouts() -> int:
        return sum(task.get_name() == "look-out-for-events" for task in asyncio.all_tasks())

    for _ in range(2):
        async with world.watching(), world.watching("south"):
            assert lookouts() == 1
        await asyncio.sleep(0.01)
        assert lookouts() == 0


async def store_visit(world: World, name: str, team: str) -> None:
    """A visit in the backlog of ``team``."""
    stored = waiting(visit(name, team=team))
    await world.database.write(lambda tx: tx.insert_visit(stored))
