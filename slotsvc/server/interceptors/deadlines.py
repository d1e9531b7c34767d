"""Every call ends: a caller without a deadline gets one, and the longest is capped.

A stream of answers lasts as long as its caller wants: only the deadline that it names counts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from slotsvc.server.interceptors.calls import Call, Layer

_NEVER = float("inf")
_ends: ContextVar[float] = ContextVar("call_ends")


class DeadlineError(Exception):
    """The call took longer than it may."""


@dataclass(frozen=True, slots=True)
class DeadlineLimits:
    """Seconds. ``default``: for callers that name none. ``longest``: for all. ``for_roads``: share
    of a call that may be spent waiting for roads."""

    default: float = 10.0
    longest: float = 60.0
    for_roads: float = 0.3


def seconds_left() -> float:
    """What the running call has left, never below 0; infinite outside of a call."""
    return max(0.0, _ends.get(_NEVER) - time.monotonic())


def deadline_layer(limits: DeadlineLimits) -> Layer:
    """Raises ``DeadlineError`` in time; the caller's own earlier deadline cancels the call."""

    @asynccontextmanager
    async def within_deadline(call: Call) -> AsyncIterator[None]:
        seconds = _allowed(call, limits)
        token = _ends.set(time.monotonic() + seconds)
        try:
            async with asyncio.timeout(None if seconds == _NEVER else seconds) as timer:
                yield
        except TimeoutError:
            if timer.expired():
                raise DeadlineError(f"no answer within {seconds:g} s") from None
            raise
        finally:
            _ends.reset(token)

    return within_deadline


def _allowed(call: Call, limits: DeadlineLimits) -> float:
    named = call.context.time_remaining()
    if call.streaming:
        return _NEVER if named is None else named
    return min(limits.default if named is None else named, limits.longest)
