"""What happens to a team, from a position on, as it happens.

Positions are those of the store: they grow in the order of a tenant's commits, so reading "after"
the last one can neither skip nor repeat an event. A watcher pulls: it holds one batch of events,
and reads on when those were taken.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Event as Bell
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from slotsvc.domain.errors import NotFoundError, ServiceStoppingError
from slotsvc.scheduling.ports import ReadTx, Store, StoredEvent
from slotsvc.scheduling.team_events import TeamEvents
from slotsvc.scheduling.wake_up import WakeUp

BATCH = 200
"""Events that are read, and held, at once."""


@dataclass(frozen=True, slots=True)
class Told:
    """One step of a watch. ``event`` None: a beat, or other events were passed over.

    ``position``: everything up to here was told; go on behind it.
    """

    position: str
    event: StoredEvent | None = None


@dataclass(frozen=True, slots=True)
class _Batch:
    """``position``: behind every event that was looked at. ``more``: there were more of them."""

    events: Sequence[StoredEvent]
    position: str
    more: bool
    team_exists: bool


type _Place = tuple[str, str, str]
"""Tenant, team, position."""


class TeamWatch:
    """The use case. ``beat_s``: seconds after which a quiet watch is told its position."""

    def __init__(self, store: Store, wake_up: WakeUp, beat_s: float) -> None:
        self._store = store
        self._wake_up = wake_up
        self._beat_s = beat_s
        self._running: dict[_Place, asyncio.Task[_Batch]] = {}
        self._stopping = False

    def stop(self) -> None:
        """Ends every watch, and lets no new one begin."""
        self._stopping = True
        self._wake_up.ring_all()

    async def events(
        self, tenant: str, team: str, position: str | None = None
    ) -> AsyncGenerator[Told]:
        """Events of a team behind ``position``; None: from now on. The first step is a beat.

        Never ends by itself. Close it (``contextlib.aclosing``). Raises ``NotFoundError`` when
        there is no such team (any more), ``InvalidRequestError`` for a position that is not one of
        this store, ``ServiceStoppingError`` when the service ends.
        """
        self._refuse_when_stopping()
        newest = await self._store.read(lambda tx: _newest(tx, tenant, team))
        position = newest if position is None else position
        async with self._wake_up.bell(tenant) as bell:
            yield Told(position)
            beat_at = self._next_beat()
            while True:
                bell.clear()
                self._refuse_when_stopping()
                batch = await self._read((tenant, team, position))
                for event in batch.events:
                    yield Told(event.position, event)
                    beat_at = self._next_beat()
                position = batch.position
                await self._pause(bell, beat_at, batch)
                if _now() >= beat_at:
                    yield Told(position)
                    beat_at = self._next_beat()

    def _refuse_when_stopping(self) -> None:
        if self._stopping:
            raise ServiceStoppingError("the service ends; watch again from the last position")

    def _next_beat(self) -> float:
        return _now() + self._beat_s

    async def _pause(self, bell: Bell, until: float, batch: _Batch) -> None:
        if batch.more:
            return
        if not batch.team_exists:
            raise NotFoundError("the team is gone")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await bell.wait()

    async def _read(self, place: _Place) -> _Batch:
        """Watchers of one team stand at one place and are woken together: one read serves all."""
        if (task := self._running.get(place)) is None:
            task = asyncio.create_task(self._store.read(lambda tx: _batch(tx, *place)))
            self._running[place] = task
            task.add_done_callback(lambda done: self._forget(place, done))
        # one watcher that goes away must not end the read of the others
        return await asyncio.shield(task)

    def _forget(self, place: _Place, done: asyncio.Task[_Batch]) -> None:
        del self._running[place]
        if not done.cancelled():
            done.exception()


def _now() -> float:
    """Seconds; only differences count."""
    return asyncio.get_running_loop().time()


def _newest(tx: ReadTx, tenant: str, team: str) -> str:
    if tx.team(tenant, team) is None:
        raise NotFoundError("no such team")
    return tx.last_position(tenant)


def _batch(tx: ReadTx, tenant: str, team: str, position: str) -> _Batch:
    found = tx.events_after(tenant, position, BATCH)
    return _Batch(
        TeamEvents(tx, tenant, team).among(found),
        found[-1].position if found else position,
        len(found) == BATCH,
        tx.team(tenant, team) is not None,
    )
