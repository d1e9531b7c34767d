"""Tells who waits for events of a tenant that there may be some.

Two things are looked out for: commits of this process, told by ``RingingStore`` at once, and those
of other processes, found by a look at the newest position every second, or at once where they give
a hint. All watchers of a process share that look. A bell says "read again" and nothing else: one
too many costs a read, and none is lost, since whoever waits clears the bell before reading.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Event as Bell
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from slotsvc.scheduling.ports import ReadTx, Store, WriteTx

LOOK_EVERY_S = 1.0


class WakeUp:
    """Bells by tenant. Belongs to one event loop; looks only while somebody waits.

    ``look_every_s``: how late, at most, a commit of another process is noticed.
    """

    def __init__(self, store: Store, look_every_s: float = LOOK_EVERY_S) -> None:
        self._store = store
        self._look_every_s = look_every_s
        self._bells: dict[str, set[Bell]] = {}
        self._newest: dict[str, str] = {}
        self._committed = Bell()
        self._lookout: asyncio.Task[None] | None = None

    def committed(self) -> None:
        """Something was changed, by this process or, as a hint says, by another. Called in the
        event loop, after the commit."""
        self._committed.set()

    def ring_all(self) -> None:
        """Wakes everybody, whether or not there is news."""
        for bells in self._bells.values():
            _ring(bells)

    @asynccontextmanager
    async def bell(self, tenant: str) -> AsyncIterator[Bell]:
        """A bell that is set when ``tenant`` may have new events; clear it, read, then wait."""
        bell = Bell()
        self._bells.setdefault(tenant, set()).add(bell)
        if self._lookout is None or self._lookout.done():
            self._lookout = asyncio.create_task(self._look_out(), name="look-out-for-events")
        try:
            yield bell
        finally:
            self._take_down(tenant, bell)

    def _take_down(self, tenant: str, bell: Bell) -> None:
        self._bells[tenant].discard(bell)
        if not self._bells[tenant]:
            del self._bells[tenant]
            self._newest.pop(tenant, None)
        if not self._bells and self._lookout is not None:
            self._lookout.cancel()
            self._lookout = None

    async def _look_out(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_every_s):
                    await self._committed.wait()
            self._committed.clear()
            # whatever the store says now, it is asked again in a second: who waits has nobody else
            with contextlib.suppress(Exception):
                self._compare(await self._store.read(self._positions))

    def _positions(self, tx: ReadTx) -> Mapping[str, str]:
        return {tenant: tx.last_position(tenant) for tenant in tuple(self._bells)}

    def _compare(self, newest: Mapping[str, str]) -> None:
        for tenant, position in newest.items():
            if tenant in self._bells and self._newest.get(tenant) != position:
                self._newest[tenant] = position
                _ring(self._bells[tenant])


class Hints(Protocol):
    """Tells other processes of commits of this one, perhaps: they look every second anyway."""

    def committed(self) -> None:
        """This process changed something. Never waits, never raises."""
        ...


class RingingStore:
    """A ``Store`` that tells ``wake_up`` of every commit, and other processes by ``hints``."""

    def __init__(self, store: Store, wake_up: WakeUp, hints: Hints | None = None) -> None:
        self._store = store
        self._hints = hints
        self.wake_up = wake_up

    async def read[T](self, work: Callable[[ReadTx], T]) -> T:
        """As the store below."""
        return await self._store.read(work)

    async def write[T](self, work: Callable[[WriteTx], T]) -> T:
        """As the store below; then whoever waits is woken."""
        try:
            return await self._store.write(work)
        finally:
            # also when the caller gave up: the commit may have begun
            self.wake_up.committed()
            if self._hints is not None:
                self._hints.committed()


def _ring(bells: set[Bell]) -> None:
    for bell in bells:
        bell.set()
