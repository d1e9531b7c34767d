"""The whole service on a virtual machine: bootstrap, server layer, use cases, SQLite; and its link.

What is replaced stands outside of it: the listening socket, the road engine, the proving process
(which is away), and time. The database is a real file, which outlives the processes that open it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from slotsvc.bootstrap import answering
from slotsvc.bootstrap import service as wiring
from slotsvc.bootstrap.roads import Roads, keep_probing
from slotsvc.config import Settings
from slotsvc.domain.errors import StoreBusyError
from slotsvc.server import key_ring
from slotsvc.server.map_backends import NoMap
from slotsvc.store.sqlite_store import SqliteStore
from slotsvc.travel.breaker import BreakerLimits
from slotsvc.travel.layers import Sharing, cached_engine, guarded, never_failing
from slotsvc.travel.road_health import RoadHealth
from tests.service_fixtures import settings_for
from tests.simulation.faults import (
    Fault,
    Faults,
    FaultyRoads,
    KilledError,
    Point,
    PointedTx,
    busy,
    disk_full,
)
from tests.simulation.in_process import (
    InProcessServer,
)
from tests.simulation.process import CALL, RUNNING, DatabaseClock, Process, ServiceLink, Trace
from tests.simulation.virtual_time import VirtualMachine


class SimulatedService:
    """The service that is up, mostly. ``committed``: told after each piece of work on the store
    with the call behind it ("" for the service's own)."""

    def __init__(
        self, machine: VirtualMachine, faults: Faults, data_dir: Path, trace: Trace
    ) -> None:
        self._faults, self._trace = faults, trace
        self.clock = DatabaseClock(machine.clock)
        self._machine = machine
        self.settings = settings_for(data_dir)
        self.link = ServiceLink(machine, faults, trace)
        self.committed: Callable[[str, bytes], None] = lambda method, raw: None
        self._written: tuple[str, bytes] | None = None
        self._kills = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self.lives = 0
        machine.threads.after = self._after_work

    async def start(self) -> None:
        """Up, and kept up."""
        await self._begin()
        self._keeper = asyncio.create_task(self._keep_up())

    async def close(self) -> None:
        """Drained and stopped."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
            if not self._keeper.cancelled():
                self._keeper.result()
        if self.link.process is not None:
            await self.link.process.stop()

    async def restart(self) -> None:
        """As an operator does it."""
        process, self.link.process = self.link.process, None
        if process is not None:
            await process.stop()
            await self._begin()

    async def _begin(self) -> None:
        """Started; and started again when it is killed, or has no database, before it is ready."""
        while not await self._begun():
            self._trace.note(f"life {self.lives} ended before it was ready")
            await asyncio.sleep(self._faults.chance.uniform(0.1, 3.0))

    async def _begun(self) -> bool:
        self.lives += 1
        process = Process(self.settings, self.clock, self.link)
        try:
            await process.ready()
        except (KilledError, StoreBusyError):
            await process.kill()
            self._kills.clear()
            return False
        self.link.process = process
        self._trace.note(f"life {self.lives} begins")
        return True

    async def _keep_up(self) -> None:
        """Starts the service again wherever it was killed."""
        while True:
            await self._kills.wait()
            self._kills.clear()
            process, self.link.process = self.link.process, None
            if process is None:
                continue
            await process.kill()
            await asyncio.sleep(self._faults.chance.uniform(0.1, 3.0))
            await self._begin()

    # --- points ---------------------------------------------------------------------------------

    @contextmanager
    def wired(self) -> Iterator[None]:
        """While the block runs, ``bootstrap`` builds what the simulation needs."""
        write = SqliteStore.write

        async def pointed(store: SqliteStore, work: Any) -> Any:
            process = RUNNING.get()
            done = await write(store, self._pointed(process, work))
            self._point(process, Point.AFTER_COMMIT)
            return done

        read = SqliteStore.read

        async def living(store: SqliteStore, work: Any) -> Any:
            process = RUNNING.get()
            if process.dead:
                raise KilledError
            return await read(store, work)

        with (
            mock.patch.multiple(wiring, open_roads=self._roads, ProverProcess=_AbsentProver),
            mock.patch.object(answering, "GrpcServer", self._server),
            mock.patch.multiple(SqliteStore, write=pointed, read=living),
            mock.patch.object(key_ring, "_new_key", _seeded_key),
        ):
            yield

    def _server(self, *args: Any, **more: Any) -> InProcessServer:
        server = InProcessServer(*args, **more)
        RUNNING.get().server = server
        return server

    async def _roads(
        self, _settings: Settings, stack: AsyncExitStack, _sharing: Sharing | None = None
    ) -> Roads:
        """As ``open_roads`` puts them together for an OSRM that is elsewhere."""
        limits = BreakerLimits()
        engine = guarded(FaultyRoads(self._faults), "osrm", limits)
        cache = cached_engine(engine)
        keep_probing([engine.probe], limits, stack)
        travel, health = never_failing(cache), RoadHealth((engine.breaker,))
        return Roads(travel, NoMap(travel, health), None, cache, ("simulated",), health)

    def _pointed(self, process: Process, work: Callable[[Any], Any]) -> Callable[[Any], Any]:
        behind = CALL.get(("", b""))

        def pointed(tx: Any) -> Any:
            self._point(process, Point.BEGIN)
            self._written = behind
            result = work(PointedTx(tx, lambda point: self._point(process, point)))
            self._point(process, Point.BEFORE_COMMIT)
            return result

        return pointed

    def _point(self, process: Process, point: Point) -> None:
        """Raises what the dice say."""
        if process.dead:
            raise KilledError
        if self._faults.strikes(Fault.KILL):
            self._trace.note(f"killed {point.value}")
            process.dead = True
            self._kills.set()
            raise KilledError
        if point is Point.BEFORE_LOCK and self._faults.strikes(Fault.LOCK_WAITED):
            self.clock.ahead += timedelta(seconds=self._faults.chance.choice((1, 5, 30)))
        if point is not Point.AFTER_COMMIT:
            if self._faults.strikes(Fault.BUSY):
                raise busy()
            if self._faults.strikes(Fault.DISK_FULL):
                raise disk_full()

    def _after_work(self) -> None:
        written, self._written = self._written, None
        if written is not None:
            self.committed(*written)


def _seeded_key() -> key_ring.Key:
    """The cipher library has dice of its own, which know no seed."""
    secret = secrets.token_bytes(key_ring.KEY_BYTES)
    return key_ring.Key(secrets.token_bytes(key_ring.ID_BYTES), AESGCM(secret), secret)


class _AbsentProver:
    """Every search does without: it says PARTIAL where it must."""

    async def prove(self, *_: Any) -> None:
        return None

    async def aclose(self) -> None:
        return None
