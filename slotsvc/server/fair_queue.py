"""So many at once, the others in line: a line for each tenant, and one of each in turn.

After FQ-CoDel (RFC 8290): every tenant has a line of its own, the lines take turns, and when there
is no room the longest gives. A line that was empty a moment ago holds a burst, and nobody in it is
sent away; one that is never empty is a standing queue, in which nobody waits longer than a short
while (CoDel, RFC 8289, as Maurer uses it for calls: Fail at Scale, ACM Queue 13(8), 2015). So the
limit follows what the service gets done, and no throughput has to be guessed.

One event loop only; nothing here is thread-safe.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

SWEEP_S = 0.02
"""How often those who wait are looked through while nothing ends."""
_SMOOTHING = 0.2
_TURNS_AHEAD = 3
_TURNS_KEPT = 1024
"""Tenants whose last turn, or first coming, is remembered."""


class Cause(StrEnum):
    """Why somebody is sent away."""

    FULL = "full"
    """No room to wait in."""
    WAITED = "waited"
    """Would wait, or has waited, too long in a standing queue."""
    CLOSED = "closed"
    """Nothing is begun any more."""


class TurnedAwayError(Exception):
    """Not begun, and nothing done. ``overloaded_s``: how long the line has been standing."""

    def __init__(self, cause: Cause, overloaded_s: float = 0.0) -> None:
        super().__init__(cause.value)
        self.cause = cause
        self.overloaded_s = overloaded_s


@dataclass(frozen=True, slots=True)
class Limits:
    """``places``: at work at once. ``room``: who may wait in all lines together.

    ``burst_s``: a line that has not been empty for so long is a standing queue; ``standing_s``:
    longest wait in one. ``long_after_s``: who works longer leaves the place to others and is one of
    ``most_long``, if that many are not there already; None: who works keeps the place.
    """

    places: int
    room: int
    burst_s: float
    standing_s: float
    long_after_s: float | None = None
    most_long: int = 0


@dataclass(slots=True)
class _Line:
    """One tenant's. ``since``: when it last was empty, and nobody had just been sent away.
    ``refused_at``: when somebody was. ``pace_s``: from one turn to the next."""

    since: float
    turn_at: float
    refused_at: float = float("-inf")
    pace_s: float = 0.0
    waiting: deque[_Waiting] = field(default_factory=deque)


@dataclass(slots=True, eq=False)
class _Waiting:
    turn: asyncio.Future[None]
    since: float


class Place:
    """A place taken. ``leave`` gives it back."""

    __slots__ = ("_queue", "_timer", "is_long")

    def __init__(self, queue: FairQueue, long_after_s: float | None) -> None:
        self.is_long = False
        self._queue = queue
        self._timer: asyncio.TimerHandle | None = None
        if long_after_s is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(long_after_s, queue.turned_long, self)

    def leave(self) -> None:
        """The next one's turn."""
        if self._timer is not None:
            self._timer.cancel()
        self._queue.left(self)


class FairQueue:
    """Places of one class of calls. ``now``: monotonic seconds."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._now = limits, now
        self._lines: OrderedDict[str, _Line] = OrderedDict()
        # nobody stands in them now, but somebody was sent away just before: overload is not over
        self._left: OrderedDict[str, _Line] = OrderedDict()
        # number of each tenant's last turn: whose was longest ago is next, though he left meanwhile
        self._turns: OrderedDict[str, int] = OrderedDict()
        self._numbers = count(1)
        # when the last place was taken, and how long it then takes until one is free
        self._full_at = self._pace_s = 0.0
        self._taken = self._long = self._waiting = 0
        self._closed = False
        self._sweeper: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return self._waiting

    @property
    def running(self) -> int:
        """How many are at work."""
        return self._taken + self._long

    def refusal(self, tenant: str) -> TurnedAwayError | None:
        """Why a call of the tenant would not even get into its line now; None: it would."""
        if self._closed:
            return TurnedAwayError(Cause.CLOSED)
        now = self._now()
        if self._taken < self._limits.places or (line := self._known(tenant, now)) is None:
            return None
        # one of each tenant may stand in line: whoever never does never gets a turn
        if line.waiting and now - line.since > self._limits.burst_s:
            expected = (len(line.waiting) + 1) * line.pace_s
            if expected > self._longest_wait(line):
                line.refused_at = now
                return TurnedAwayError(Cause.WAITED, now - line.since)
        if self._waiting >= self._limits.room and line.waiting and line is self._longest():
            line.refused_at = now
            return TurnedAwayError(Cause.FULL, now - line.since)
        return None

    async def enter(self, tenant: str) -> Place:
        """A place, when it is the tenant's turn. Raises ``TurnedAwayError``."""
        if (refused := self.refusal(tenant)) is not None:
            raise refused
        if self._taken < self._limits.places and not self._waiting:
            return self._place()
        waiting = self._wait(tenant)
        try:
            await waiting.turn
        except asyncio.CancelledError:
            self._leave_line(tenant, waiting)
            raise
        return self._placed()

    def left(self, place: Place) -> None:
        """A place is free again."""
        if place.is_long:
            self._long -= 1
        else:
            self._give_back()

    def turned_long(self, place: Place) -> None:
        """Who works long leaves the place to others, unless many do already."""
        if self._long < self._limits.most_long:
            place.is_long = True
            self._long += 1
            self._give_back()

    def close(self) -> None:
        """Sends away who waits and whoever comes; who is at work goes on."""
        self._closed = True
        for tenant in list(self._lines):
            line = self._lines.pop(tenant)
            for one in line.waiting:
                self._send_away(one, Cause.CLOSED, 0.0)
        if self._sweeper is not None:
            self._sweeper.cancel()

    def _place(self) -> Place:
        self._take_place()
        return self._placed()

    def _take_place(self) -> None:
        self._taken += 1
        if self._taken == self._limits.places:
            self._full_at = self._now()

    def _placed(self) -> Place:
        return Place(self, self._limits.long_after_s)

    def _give_back(self) -> None:
        if self._taken == self._limits.places:
            self._pace_s += _SMOOTHING * (self._now() - self._full_at - self._pace_s)
        self._taken -= 1
        self._next_turns()

    def _wait(self, tenant: str) -> _Waiting:
        if self._waiting >= self._limits.room:
            self._shorten(self._longest())
        now = self._now()
        line = self._known(tenant, now) or _Line(now, now)
        self._lines[tenant] = line
        if tenant not in self._turns:  # behind those who are here: names cost nothing
            self._note_turn(tenant)
        self._left.pop(tenant, None)
        waiting = _Waiting(asyncio.get_running_loop().create_future(), now)
        line.waiting.append(waiting)
        self._waiting += 1
        if self._sweeper is None:
            self._sweep_later()
        return waiting

    def _known(self, tenant: str, now: float) -> _Line | None:
        """The line that the tenant has, or had a moment ago."""
        while self._left:
            name, line = next(iter(self._left.items()))
            if now - line.refused_at <= self._limits.burst_s:
                break
            del self._left[name]
        return self._lines.get(tenant) or self._left.get(tenant)

    def _longest(self) -> _Line:
        return max(self._lines.values(), key=lambda line: len(line.waiting))

    def _shorten(self, line: _Line) -> None:
        """The last one goes: it has waited least."""
        line.refused_at = self._now()
        self._send_away(line.waiting.pop(), Cause.FULL, line.refused_at - line.since)
        self._drop_empty()

    def _next_turns(self) -> None:
        self._sweep()
        while self._taken < self._limits.places and self._lines:
            tenant = min(self._lines, key=self._last_turn)
            line = self._lines[tenant]
            self._waiting -= 1
            self._take_turn(tenant, line, line.waiting.popleft())
            if not line.waiting:
                self._drop(tenant)

    def _last_turn(self, tenant: str) -> int:
        return self._turns.get(tenant, 0)

    def _take_turn(self, tenant: str, line: _Line, waiting: _Waiting) -> None:
        if waiting.turn.done():
            return  # its caller is just leaving
        now = self._now()
        line.pace_s += _SMOOTHING * (now - line.turn_at - line.pace_s)
        line.turn_at = now
        self._note_turn(tenant)
        self._take_place()
        waiting.turn.set_result(None)

    def _note_turn(self, tenant: str) -> None:
        self._turns[tenant] = next(self._numbers)
        self._turns.move_to_end(tenant)
        if len(self._turns) > _TURNS_KEPT:
            self._turns.popitem(last=False)

    def _sweep(self) -> None:
        """Sends away who has waited too long."""
        now = self._now()
        for line in self._lines.values():
            if now - line.since <= self._limits.burst_s:
                continue
            longest = self._longest_wait(line)
            while line.waiting and now - line.waiting[0].since > longest:
                self._send_away(line.waiting.popleft(), Cause.WAITED, now - line.since)
                line.refused_at = now
        self._drop_empty()

    def _longest_wait(self, line: _Line) -> float:
        """In a standing queue: where one turn takes long, some must stand in line all the same, or
        places would be empty. A line that had no turn yet is as slow as the others."""
        limits, pace_s = self._limits, max(line.pace_s, self._pace_s * len(self._lines))
        return min(limits.burst_s, max(limits.standing_s, _TURNS_AHEAD * pace_s))

    def _drop_empty(self) -> None:
        for tenant in [name for name, line in self._lines.items() if not line.waiting]:
            self._drop(tenant)

    def _drop(self, tenant: str) -> None:
        line = self._lines.pop(tenant)
        if self._now() - line.refused_at <= self._limits.burst_s:
            self._left[tenant] = line

    def _sweep_later(self) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep_again)

    def _sweep_again(self) -> None:
        self._sweeper = None
        self._sweep()
        if self._waiting:
            self._sweep_later()

    def _send_away(self, waiting: _Waiting, cause: Cause, overloaded_s: float) -> None:
        self._waiting -= 1
        if not waiting.turn.done():
            waiting.turn.set_exception(TurnedAwayError(cause, overloaded_s))

    def _leave_line(self, tenant: str, waiting: _Waiting) -> None:
        if waiting.turn.done() and not waiting.turn.cancelled():
            if waiting.turn.exception() is None:
                self._give_back()  # its turn came while it left
            return
        line = self._lines.get(tenant)
        if line is not None and waiting in line.waiting:
            line.waiting.remove(waiting)
            self._waiting -= 1
            self._drop_empty()
