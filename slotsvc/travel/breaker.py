"""A circuit breaker: an engine that fails is left alone, tried now and then, and used again.

The three states are those of Nygard, "Release It!" (2007), chapter 5.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import structlog

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import TravelTable, TravelTimes, TravelUnavailableError

_log = structlog.get_logger(__name__)


class BreakerState(Enum):
    """CLOSED: every question goes through. OPEN: none does. HALF_OPEN: one is on its way."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """Opens after ``in_a_row`` failures, or when ``share`` of the last ``of_last`` questions
    failed; then it is tried again every ``probe_every_s`` seconds.

    A question that its caller gave up says nothing of the engine: the caller may have less time
    than the engine is allowed. When ``in_a_row`` of them were given up and none was answered, the
    engine is looked at with the time that it is allowed; a look that fails opens, too.
    """

    in_a_row: int = 5
    of_last: int = 20
    share: float = 0.5
    probe_every_s: float = 5.0


type Listener = Callable[[str, BreakerState], None]
"""Told of each change: the breaker's name and its new state."""


class Breaker:
    """Counts what questions to one engine came to. For one event loop.

    ``name``: of the engine, in metrics and log lines. ``clock``: monotonic seconds; None: the
    running loop's.
    """

    def __init__(
        self,
        name: str,
        limits: BreakerLimits = BreakerLimits(),
        *,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.name = name
        self._limits = limits
        self._clock = clock or _loop_time
        self._state = BreakerState.CLOSED
        self._failed: deque[bool] = deque(maxlen=limits.of_last)
        self._in_a_row = 0
        self._given_up = 0  # by callers, since the last answer
        self._probe_at = 0.0
        self._probes_failed = 0
        self._listeners: list[Listener] = []

    @property
    def state(self) -> BreakerState:
        """The state now."""
        return self._state

    @property
    def probes_failed(self) -> int:
        """Probes that failed since it opened."""
        return self._probes_failed

    def tell(self, listener: Listener) -> None:
        """``listener`` is told each change from now on."""
        self._listeners.append(listener)

    async def guarded[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        """What ``ask`` gives. Raises ``TravelUnavailableError``: its own, or at once, without
        asking, while the engine is left alone."""
        if self._state is not BreakerState.CLOSED:
            raise TravelUnavailableError("the road engine failed and is left alone for a moment")
        return await self._asked(ask, probe=False)

    async def try_again(self, ask: Callable[[], Awaitable[object]]) -> None:
        """Asks an engine that is left alone, if it is time to: the probe; and one that many callers
        gave up: a look. No caller is ever made to wait for it. What it raises but
        ``TravelUnavailableError`` is raised."""
        if self._state is BreakerState.OPEN and self._clock() >= self._probe_at:
            self._become(BreakerState.HALF_OPEN)
            with contextlib.suppress(TravelUnavailableError):
                await self._asked(ask, probe=True)
        elif self._state is BreakerState.CLOSED and self._given_up >= self._limits.in_a_row:
            await self._look(ask)

    async def _look(self, ask: Callable[[], Awaitable[object]]) -> None:
        try:
            await self._asked(ask, probe=False)
        except TravelUnavailableError as error:
            # unless somebody was answered meanwhile
            if error.engine_failed and self._given_up and self._state is BreakerState.CLOSED:
                self._open(str(error))
        self._given_up = 0

    async def _asked[T](self, ask: Callable[[], Awaitable[T]], *, probe: bool) -> T:
        try:
            answer = await ask()
        except TravelUnavailableError as error:
            self._came_to_nothing(probe, error.engine_failed, str(error))
            raise
        except asyncio.CancelledError:
            self._given_up += 1
            self._came_to_nothing(probe, False, "nobody waited for its answer any longer")
            raise
        except BaseException as error:  # the question was wrong: nothing learnt, no probe lost
            self._came_to_nothing(probe, False, type(error).__name__)
            raise
        self._succeeded(probe)
        return answer

    # Who asked before it opened may be answered after that: only a probe moves an open breaker.

    def _succeeded(self, probe: bool) -> None:
        self._given_up = 0
        if probe:
            self._failed.clear()
            self._in_a_row = self._probes_failed = 0
            self._become(BreakerState.CLOSED)
        elif self._state is BreakerState.CLOSED:
            self._failed.append(False)
            self._in_a_row = 0

    def _came_to_nothing(self, probe: bool, failed: bool, why: str) -> None:
        """``failed`` False: no answer, but nothing learnt of the engine either."""
        if probe:
            self._probes_failed += failed
            self._open(why)
        elif failed and self._state is BreakerState.CLOSED:
            self._failed.append(True)
            self._in_a_row += 1
            if self._in_a_row >= self._limits.in_a_row or self._too_often():
                self._open(why)

    def _too_often(self) -> bool:
        whole = len(self._failed) == self._limits.of_last
        return whole and sum(self._failed) >= self._limits.share * self._limits.of_last

    def _open(self, why: str) -> None:
        self._probe_at = self._clock() + self._limits.probe_every_s
        self._become(BreakerState.OPEN, why)

    def _become(self, state: BreakerState, why: str = "") -> None:
        before, self._state = self._state, state
        say = _log.warning if state is BreakerState.OPEN else _log.info
        said = {"why": why} if why else {}
        say(
            "the state of a road engine changed",
            engine=self.name,
            state=state.value,
            before=before.value,
            **said,
        )
        for listener in self._listeners:
            listener(self.name, state)


class BreakerTravelTimes:
    """``inner`` behind a breaker. Sits *below* the cache, so that remembered times keep being
    served while the engine is away."""

    def __init__(self, inner: TravelTimes, breaker: Breaker) -> None:
        self._inner = inner
        self.breaker = breaker
        self._asked: tuple[Location, Location] | None = None

    @property
    def map_id(self) -> str:
        """The inner map id."""
        return self._inner.map_id

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """The inner table. Raises ``TravelUnavailableError``, at once while the breaker is open."""
        if sources and destinations:
            self._asked = sources[0], destinations[0]
        return await self.breaker.guarded(lambda: self._inner.table(sources, destinations))

    async def probe(self) -> None:
        """Asks for one pair that somebody asked for, when the engine is away and it is time to
        look. Never raises: the breaker knows."""
        if self._asked is not None:
            here, there = self._asked
            await self.breaker.try_again(lambda: self._inner.table([here], [there]))


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
