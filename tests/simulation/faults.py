"""Faults, chosen by the seed: at named points inside the service, on its links, and around it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy as np
from pysqlite3 import dbapi2
from sqlalchemy.exc import OperationalError

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import (
    UNREACHABLE,
    Provenance,
    TravelTable,
    TravelUnavailableError,
)
from slotsvc.travel.estimate import EstimatedTravelTimes

_BUSY, _FULL = 5, 13
"""SQLite's result codes."""


class Point(Enum):
    """Where a fault may strike inside a mutation."""

    BEGIN = "begin"
    AFTER_IDEM = "after_idem"
    BEFORE_LOCK = "before_lock"
    AFTER_LOCK = "after_lock"
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"


class Fault(Enum):
    """What may go wrong. Each seed has some of them, more or less often."""

    KILL = "the process is killed at a point of a mutation"
    BUSY = "another connection has the database"
    DISK_FULL = "the disk is full"
    LOCK_WAITED = "somebody else has the lock for seconds"
    REQUEST_LOST = "the request never arrives"
    ANSWER_LOST = "the answer never arrives"
    CANCELLED = "the caller hangs up"
    SLOW_LINK = "the link takes seconds"
    TRAVEL_DOWN = "the road engine does not answer"
    TRAVEL_SLOW = "the road engine takes seconds"
    TRAVEL_LIES = "the road engine says that nothing leads there"
    RESTART = "the process is stopped and started"
    HOST_CLOCK = "the clock of the application's host jumps"
    TIME_PASSES = "nobody calls for minutes or hours"


class KilledError(BaseException):
    """Nothing of this process gets another instruction."""


@dataclass
class Faults:
    """The seed's own dice. ``injected``: how often each fault struck."""

    chance: random.Random
    rates: dict[Fault, float] = field(default_factory=dict)
    injected: Counter[Fault] = field(default_factory=Counter)

    @classmethod
    def of(cls, seed: int) -> Faults:
        """Some kinds, each with a rate of its own; every tenth seed has none at all."""
        chance = random.Random(f"{seed}/faults")
        if seed % 10 == 0:
            return cls(chance)
        kinds = [fault for fault in Fault if chance.random() < 0.5]
        rates = {fault: chance.choice((0.01, 0.03, 0.1)) for fault in kinds}
        # a mutation has five points, and a life should come to something
        return cls(chance, {f: r / 5 if f is Fault.KILL else r for f, r in rates.items()})

    def strikes(self, fault: Fault) -> bool:
        """Whether it happens now."""
        rate = self.rates.get(fault)
        if rate is None or self.chance.random() >= rate:
            return False
        self.injected[fault] += 1
        return True


def busy() -> OperationalError:
    """As the driver says it."""
    return _driver_error("database is locked", _BUSY)


def disk_full() -> OperationalError:
    """As the driver says it."""
    return _driver_error("database or disk is full", _FULL)


def _driver_error(text: str, code: int) -> OperationalError:
    error: Any = dbapi2.OperationalError(text)
    error.sqlite_errorcode = code
    return OperationalError("", None, error)


class PointedTx:
    """A transaction that tells when it comes by a point. All else is the transaction's own."""

    def __init__(self, tx: Any, point: Callable[[Point], None]) -> None:
        self._tx, self._point = tx, point

    def replay(self, *args: Any) -> Any:
        answer = self._tx.replay(*args)
        self._point(Point.AFTER_IDEM)
        return answer

    def lock_routes(self, keys: Any) -> Any:
        self._point(Point.BEFORE_LOCK)
        versions = self._tx.lock_routes(keys)
        self._point(Point.AFTER_LOCK)
        return versions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


class FaultyRoads(EstimatedTravelTimes):
    """A road engine, a little quicker than the estimate, that fails as ``faults`` says."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """Raises ``TravelUnavailableError``."""
        if self._faults.strikes(Fault.TRAVEL_SLOW):
            await asyncio.sleep(self._faults.chance.uniform(0.5, 8.0))
        if self._faults.strikes(Fault.TRAVEL_DOWN):
            raise TravelUnavailableError("the road engine is down")
        found = await super().table(sources, destinations)
        seconds = found.seconds - found.seconds // 5
        if self._faults.strikes(Fault.TRAVEL_LIES):
            seconds = np.where(seconds > 0, np.int32(UNREACHABLE), seconds).astype(np.int32)
        return replace(found, seconds=seconds, provenance=Provenance.LIVE, map_id=self.map_id)

    @property
    def map_id(self) -> str:
        """Of no map in the world."""
        return "simulated"
