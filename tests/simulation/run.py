"""One seed: a company, its callers, their faults; and the judgement of what then stands."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import structlog

from benchmarks.calls import Calls
from benchmarks.company import Company
from benchmarks.history import Books as Record
from benchmarks.history import disagreements
from slotsvc.domain.technician import Tenant
from slotsvc.domain.visit import RouteKey
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub
from slotsvc.pb.v1.execution_service_pb2_grpc import ExecutionServiceStub
from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceStub
from slotsvc.pb.v1.plan_service_pb2_grpc import PlanServiceStub
from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceStub
from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceStub
from slotsvc.scheduling.ports import Event, WriteTx
from slotsvc.store.engine import reader_engine
from slotsvc.store.read_tx import ReadTransaction
from tests.scheduling.booking_books import Books, By
from tests.scheduling.booking_company import TEAM, TECHNICIANS, TENANT, company
from tests.scheduling.booking_world import NearStore, template
from tests.service_fixtures import SetClock
from tests.simulation.callers import Caller, Known
from tests.simulation.clients import Client
from tests.simulation.faults import Fault, Faults, KilledError
from tests.simulation.in_process import CallEndedError, NearChannel
from tests.simulation.process import DatabaseClock, Trace
from tests.simulation.simulated_service import SimulatedService
from tests.simulation.staff import Planner, Technician, Watcher
from tests.simulation.virtual_time import VirtualMachine, virtual_machine

REMOVALS = frozenset({"ReleaseHold", "CancelVisit", "UnplaceVisit"})
AUTOMATION = frozenset({"HoldSlot", "ExtendHold", "BookVisit", "RescheduleVisit"})
BY_PEOPLE = frozenset(
    {"DepartForVisit", "StartVisit", "FinishVisit", "AnnouncePromise", "CreateAbsence",
     "DeleteAbsence"}
)  # fmt: skip

OTHER = "beta"
"""The other tenant."""
TEMPI = (0.01, 0.01, 0.3, 4.0)
"""Seconds between the steps of a caller; each seed has one of them."""
_EDITS = frozenset({"VISIT_BOOKED", "VISIT_MOVED"})
_USE_A_HOLD = frozenset({"VISIT_BOOKED", "VISIT_MOVED", "HOLD_EXTENDED"})


@dataclass
class Report:
    """What a seed came to. ``wrong``: everything that must not be; empty: passed."""

    seed: int
    wrong: list[str] = field(default_factory=list)
    operations: int = 0
    calls: int = 0
    commits: int = 0
    lives: int = 0
    virtual_s: float = 0.0
    faults: Mapping[Fault, int] = field(default_factory=dict)
    trace: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Of the trace."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


def founded(directory: Path) -> Path:
    """A database with two companies that look the same, and nothing booked; to be copied."""
    path = template(directory)
    store = NearStore(path, SetClock(), readers=1)

    def found(tx: WriteTx) -> None:
        for entity in company():
            tx.create(OTHER, replace(entity, id=OTHER) if isinstance(entity, Tenant) else entity)

    asyncio.run(store.write(found))
    store.close()
    return path


def simulate(seed: int, template: Path, data_dir: Path, steps: int = 5) -> Report:
    """Runs one seed on a copy of ``template`` in ``data_dir``; the same seed, the same trace."""
    path = Path(shutil.copyfile(template, data_dir / "slotsvc.db"))
    with virtual_machine(seed) as machine, structlog.testing.capture_logs() as logs:
        world = _World(seed, machine, path)
        machine.loop.set_exception_handler(world.unhandled)
        try:
            report = machine.loop.run_until_complete(world.live(steps))
        finally:
            world.close()
        report.wrong += [f"log: {entry}" for entry in logs if entry["log_level"] == "error"]
    return report


class _World:
    """All that lives on the virtual machine."""

    def __init__(self, seed: int, machine: VirtualMachine, path: Path) -> None:
        self._seed, self._machine = seed, machine
        self._faults = Faults.of(seed)
        self._trace = Trace(machine.clock)
        self._service = SimulatedService(machine, self._faults, path.parent, self._trace)
        self._judge = Judge(path, self._service.clock)
        self._service.committed = self._judge.look
        self._known = {TENANT: Known(), OTHER: Known()}
        self._serial = itertools.count(1)
        self._calls = _calls(NearChannel(self._service.link))

    def unhandled(self, _loop: Any, context: Mapping[str, Any]) -> None:
        """What no task was waiting for."""
        error = context.get("exception")
        if not isinstance(error, KilledError | CallEndedError):
            self._judge.wrong.append(f"unhandled: {context.get('message')} {error!r}")

    def close(self) -> None:
        self._judge.close()

    async def live(self, steps: int) -> Report:
        """From the start to the judgement."""
        with self._service.wired():
            await self._service.start()
            watcher = Watcher(
                self._calls, f"tenants/{TENANT}/teams/{TEAM}", random.Random(f"{self._seed}/w")
            )
            watching = asyncio.create_task(watcher.work())
            fate = asyncio.create_task(self._fate())
            await asyncio.gather(*(caller.work(steps) for caller in self._callers()))
            fate.cancel()
            await asyncio.wait({fate})
            await asyncio.sleep(10.0)  # whoever was cut off comes back
            watching.cancel()
            await asyncio.wait({watching})
            await self._service.close()
        self._judge.after(self._known, watcher)
        return self._report()

    def _report(self) -> Report:
        wrong = [*self._judge.wrong, *(w for known in self._known.values() for w in known.wrong)]
        return Report(
            self._seed,
            wrong,
            sum(len(known.history) for known in self._known.values()),
            sum(known.calls for known in self._known.values()),
            self._judge.commits,
            self._service.lives,
            self._machine.clock.seconds,
            dict(self._faults.injected),
            tuple(self._trace.lines),
        )

    def _callers(self) -> Iterator[Caller]:
        kinds: list[tuple[type[Caller], str]] = [
            *[(Client, TENANT)] * 4, (Planner, TENANT), (Technician, TENANT), (Client, OTHER),
        ]  # fmt: skip
        clock = self._service.clock
        tempo = random.Random(f"{self._seed}/tempo").choice(TEMPI)
        for number, (kind, tenant) in enumerate(kinds):
            yield kind(
                number,
                self._calls,
                Company(self._calls, tenant),
                self._known[tenant],
                random.Random(f"{self._seed}/{number}"),
                clock.now,
                clock.now().date(),
                self._serial,
                self._known[TENANT if tenant == OTHER else OTHER],
                tempo,
            )

    async def _fate(self) -> None:
        """What happens to the whole, now and then."""
        while True:
            await asyncio.sleep(2.0)
            if self._faults.strikes(Fault.RESTART):
                await self._service.restart()
            if self._faults.strikes(Fault.HOST_CLOCK):
                self._machine.clock.host += self._faults.chance.choice((-3600.0, 3600.0))
            if self._faults.strikes(Fault.TIME_PASSES):
                minutes = self._faults.chance.choice((1, 5, 15, 60))
                self._service.clock.ahead += timedelta(minutes=minutes)


def _calls(channel: Any) -> Calls:
    return Calls(
        channel,
        CalendarServiceStub(channel),
        SlotServiceStub(channel),
        VisitServiceStub(channel),
        PlanServiceStub(channel),
        MapServiceStub(channel),
        ExecutionServiceStub(channel),
    )


class Judge:
    """Looks at the database after every commit, and once more at the end."""

    def __init__(self, path: Path, clock: DatabaseClock) -> None:
        self.clock = clock
        self.first_day = clock.now().date()
        self._engine = reader_engine(path, 1)
        self._books = Books(self)  # type: ignore[arg-type]
        self._position = ""
        self.wrong: list[str] = []
        self.commits = 0

    # what ``Books`` asks of a world
    def read[T](self, work: Callable[[Any], T]) -> T:
        with self._engine.begin() as connection:
            return work(ReadTransaction(connection, lambda _: self.clock.now()))

    def day(self, number: int) -> date:
        return self.first_day + timedelta(days=number)

    def show(self, keys: Iterable[RouteKey]) -> None:
        """Callers look themselves."""

    def close(self) -> None:
        self._engine.dispose()

    def look(self, method: str, raw: bytes) -> None:
        """After a piece of work of a call; "" is the service's own."""
        events = self._new_events()
        self.commits += bool(events)
        self._no_hold_was_used_too_late(events)
        name = method.rpartition("/")[2]
        by = self._by(name, raw)
        routes = {e.route for e in events if e.route is not None}
        gives_up = {e.route for e in events if e.kind in ("VISIT_MOVED", "VISIT_MOVED_AWAY")}
        if name == "MoveVisit":
            self._books.disturbed |= routes
        # roads, as they are, may be longer than was estimated, or not there at all
        measured = {e.route for e in events if e.kind == "ROUTE_MEASURED" and e.route is not None}
        self._books.disturbed |= measured
        if name in ("CreateAbsence", "DeleteAbsence", "UpdateTechnician"):
            known = self._books.routes.keys() | routes
            self._books.disturbed |= {k for k in known if k.technician in TECHNICIANS}
        try:
            self._books.look(by, [key for key in gives_up if key is not None])
        except AssertionError as error:
            told = str(error).splitlines()
            self.wrong.append(f"after {name or 'the service itself'}: {told}")

    def _no_hold_was_used_too_late(self, events: Iterable[Event]) -> None:
        """I5: by the clock that was read after the lock, whatever was known before."""
        known = [p for seen in self._books.routes.values() for p in seen.route.placements]
        over = {p.id for p in known if p.expires is not None and p.expires <= self.clock.now()}
        for event in events:
            if event.kind in _USE_A_HOLD and event.data.get("placement") in over:
                self.wrong.append(f"{event.kind} of {event.data}, a hold that was over")

    def _by(self, name: str, raw: bytes) -> By:
        if name == "MoveVisit":
            reason = plan.MoveVisitRequest.FromString(raw).override_reason
            return By.PEOPLE if reason else By.AUTOMATION
        if name in AUTOMATION:
            return By.AUTOMATION
        if name in REMOVALS:
            return By.REMOVAL
        return By.PEOPLE if name in BY_PEOPLE else By.NOBODY

    def _new_events(self) -> list[Event]:
        found = self.read(lambda tx: tx.events_after(TENANT, self._position, 1_000))
        if found:
            self._position = found[-1].position
        return [stored.event for stored in found]

    def after(self, known: Mapping[str, Known], watcher: Watcher) -> None:
        """The history of each tenant, the audit chain, and what the watcher was told."""
        for tenant, own in known.items():
            wrong = self.read(partial(_of, tenant=tenant, known=own))
            self.wrong += [f"{tenant}: {one}" for one in wrong]
        events = self.read(lambda tx: _events(tx, TENANT))
        self.wrong += _untold(events, watcher)


def _of(tx: ReadTransaction, tenant: str, known: Known) -> list[str]:
    events = _events(tx, tenant)
    days = {e.route.day for e in events if e.route is not None}
    first, last = min(days, default=date.min), max(days, default=date.min)
    routes = tx.routes(tenant, TECHNICIANS, first, last)
    now = tx.now()
    every = {e.subject for e in events if e.kind.startswith("VISIT_")}
    stored = [found for id in every if (found := tx.visit(tenant, id)) is not None]
    record = Record(
        events,
        {key: route.version for key, route in routes.items() if route.version},
        {key: frozenset(p.id for p in route.live(now)) for key, route in routes.items()},
        {one.visit.id: one.visit.external_ref for one in stored if one.visit.external_ref},
    )
    wrong = disagreements(known.history, record)
    made = {(e.route, e.version, e.subject) for e in events if e.kind in _EDITS}
    wrong += [
        f"a plan edit was answered, and is not there: {e}" for e in known.edits if e not in made
    ]
    if tx.verify_audit(tenant).broken_at is not None:
        wrong.append("the audit chain is broken")
    return wrong


def _events(tx: ReadTransaction, tenant: str) -> list[Event]:
    events: list[Event] = []
    position = ""
    while page := tx.events_after(tenant, position, 1_000):
        events.extend(stored.event for stored in page)
        position = page[-1].position
    return events


def _untold(events: list[Event], watcher: Watcher) -> Iterator[str]:
    """I8: from its first position on every version once, in order; nothing is skipped however often
    the watch is cut off."""
    told = [one for one in watcher.told if one[2]]
    written = [(e.kind, e.subject, e.version) for e in events if e.route is not None]
    written = written[-len(told) :] if told else []
    for number, (one, other) in enumerate(zip_longest(told, written)):
        if one != other:
            yield f"the watcher was told {one} as number {number}, {other} was written"
            return
