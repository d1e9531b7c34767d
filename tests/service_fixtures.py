"""A real service on a real channel, for tests of every package. Plain functions: wrap as fixtures.

The client and the company builder are those of the benchmarks: ``benchmarks.calls`` and
``benchmarks.company``.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from grpc import aio

from benchmarks.calls import Calls, Told, calling, fresh_id, told
from slotsvc import bootstrap
from slotsvc.bootstrap.stores import OpenStore
from slotsvc.config import ClientTls, Holds, Log, Settings, Tls
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.server.logging import configure_logging
from slotsvc.server.metrics import Metrics

MONDAY_MORNING = datetime(2030, 6, 3, 6, 0, tzinfo=UTC)
"""08:00 in Monaco, a Monday without clock changes near."""


@dataclass
class SetClock:
    """A clock that a test sets. Starts on a Monday at 08:00 in Monaco."""

    instant: datetime = MONDAY_MORNING

    def now(self) -> datetime:
        """What the test said."""
        return self.instant

    def pass_(self, span: timedelta) -> datetime:
        """Time goes by; gives the new now."""
        self.instant += span
        return self.instant


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service, a client of it, its database, its clock and its instruments."""

    address: str
    calls: Calls
    store: OpenStore
    clock: SetClock
    metrics: Metrics = field(repr=False)


def settings_for(data_dir: Path, map_path: Path | None = None, **changed: Any) -> Settings:
    """Settings that touch nothing outside ``data_dir``, whatever the environment says."""
    defaults = {name: of.get_default() for name, of in Settings.model_fields.items()}
    ours = {
        "data_dir": data_dir,
        "map_path": map_path,
        "grpc_addr": "127.0.0.1:0",
        "http_addr": "off",
        "auth": "off",
        "tls": Tls(),
        "client_tls": ClientTls(),
        "holds": Holds(),
        "log": Log(level="error"),
        "drain_seconds": 0.0,
    }
    return Settings.model_construct(**defaults | ours | changed)


@asynccontextmanager
async def running_service(
    settings: Settings, clock: SetClock | None = None
) -> AsyncIterator[RunningService]:
    """The service of ``bootstrap`` with a clock that the test sets, and a client of it.

    With a map: main thread only.
    """
    clock = clock or SetClock()
    configure_logging(settings.log.format, settings.log.level, sys.stderr)
    async with (
        bootstrap.running(settings, clock=clock) as server,
        calling(server.address) as calls,
    ):
        async with asyncio.timeout(60):
            await calls.channel.channel_ready()
        yield RunningService(server.address, calls, server.store, clock, server.metrics)


async def refused(call: Awaitable[Any]) -> Told:
    """What the error of a call says that must fail."""
    try:
        answer = await call
    except aio.AioRpcError as error:
        return told(error)
    raise AssertionError(f"the call was answered: {answer}")


async def offered(calls: Calls, search: slots.SuggestSlotsRequest) -> list[slots.Slot]:
    """The slots of a search that must find some."""
    found = list((await calls.slots.SuggestSlots(search)).slots)
    assert found, "nothing is offered"
    return found


async def held(calls: Calls, slot: slots.Slot, **request: Any) -> slots.Hold:
    """A hold on the slot."""
    request.setdefault("request_id", fresh_id())
    return (await calls.slots.HoldSlot(slots.HoldSlotRequest(token=slot.token, **request))).hold


async def confirmed(calls: Calls, hold: slots.Hold, **request: Any) -> visits.Visit:
    """The held visit, booked."""
    request.setdefault("request_id", fresh_id())
    return (await calls.visits.BookVisit(visits.BookVisitRequest(hold=hold.name, **request))).visit


async def booked(calls: Calls, slot: slots.Slot, **request: Any) -> visits.Visit:
    """The slot, booked at once."""
    request.setdefault("request_id", fresh_id())
    asked = visits.BookVisitRequest(token=slot.token, **request)
    return (await calls.visits.BookVisit(asked)).visit


async def cancelled(calls: Calls, visit: str) -> visits.Visit:
    """The visit, cancelled."""
    asked = visits.CancelVisitRequest(name=visit, request_id=fresh_id())
    return (await calls.visits.CancelVisit(asked)).visit


async def visit_now(calls: Calls, name: str) -> visits.Visit:
    """The visit as it stands."""
    return (await calls.visits.GetVisit(visits.GetVisitRequest(name=name))).visit
