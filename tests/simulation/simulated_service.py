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

from slotsvc.bootstrap import service as wiring
from slotsvc.bootstrap.roads import Roads
from slotsvc.config import Settings
from slotsvc.server import key_ring
from slotsvc.server.map_backends import NoMap
from slotsvc.store.sqlite_store import SqliteStore
from slotsvc.travel.layers import cached_engine, guarded, never_failing
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
        self.lives += 1
        process = Process(self.settings, self.clock, self.link)
        await process.ready()
        self.link.process = process
        self._trace.note(f"life {self.lives} begins")

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

        replaced = {
            "GrpcServer": self._server,
            "open_roads": self._roads,
            "ProverProcess": _AbsentProver,
        }
        with (
            mock.patch.multiple(wiring, **replaced),
            mock.patch.multiple(SqliteStore, write=pointed, read=living),
            mock.patch.object(key_ring, "_new_key", _seeded_key),
        ):
            yield

    def _server(self, *args: Any, **more: Any) -> InProcessServer:
        server = InProcessServer(*args, **more)
        RUNNING.get().server = server
        return server

    async def _roads(self, _settings: Settings, _stack: AsyncExitStack, _sharing: object) -> Roads:
        travel = never_failing(cached_engine(guarded(FaultyRoads(self._faults), "simulated")))
        return Roads(travel, NoMap(travel), None, None, ("simulated",))

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
