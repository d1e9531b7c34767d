"""No tenant has all the writers of a process: others go on while its mutations wait for their turn.

Which tenant a mutation is of shows when it takes its turn, the first thing that it does; nothing
was asked of the database by then. When the tenant has its share of the writers already the work
leaves its writer to others, stands in the tenant's line, and begins anew when its place is free.

While a tenant *stands still* (it has writers and none gets anywhere, as when a frozen process keeps
its turn) nobody is made to wait in vain: few may look whether it goes on, and others are told what
those will be told, at once. Why: docs/adr/0013.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from slotsvc.domain.errors import StoreBusyError

_KEPT = 256
"""Tenants of which it is remembered that they stand still, though none of their callers is here."""


@dataclass(slots=True)
class _Tenant:
    """``inside``: how many have a writer, or were called in. ``moved_at``: when one of them last
    got to its end, or the first one came. ``left_at``: when one last left, or was sent away."""

    moved_at: float
    left_at: float
    inside: int = 0
    line: deque[_InLine] = field(default_factory=deque)


@dataclass(slots=True, eq=False)
class _InLine:
    share: Share
    turn: Future[None] = field(default_factory=Future)


class NotYetError(Exception):
    """The tenant has its share of the writers: nothing was done. ``turn`` is worth waiting for."""

    def __init__(self, turn: Future[None]) -> None:
        super().__init__("the tenant has its share of the writers")
        self.turn = turn


class Share:
    """What one call has of the writers, for each tenant that it takes the turn of."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self.of: set[str] = set()
        self.is_at_work = False
        self.is_over = False

    def take(self, tenant: str) -> None:
        """A part of the tenant's share until the work ends. Raises ``NotYetError``, and
        ``StoreBusyError`` when the tenant stands still."""
        if tenant not in self.of:
            self._shares.enter(tenant, self)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """In a writer's thread: the call's work."""
        self.is_at_work = moved = True
        try:
            yield
        except (NotYetError, StoreBusyError):
            moved = False
            raise
        finally:
            self.is_at_work = False
            self._shares.leave(self, moved=moved)


class Shares:
    """Of ``writers`` a tenant may have all but an eighth. Tenants that stand still may have a
    quarter together, or where they are many one each, as long as that leaves an eighth to others.
    ``patience``: seconds after which a tenant with writers and nothing to show for them stands
    still, and longest wait in its line."""

    def __init__(
        self, writers: int, patience: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._few = max(1, writers // 4)
        self._most = max(1, writers - max(1, writers // 8))
        self._patience, self._now = patience, now
        self._tenants: dict[str, _Tenant] = {}
        self._lock = threading.Lock()

    async def run[T](self, attempt: Callable[[Share], Awaitable[T]]) -> T:
        """What ``attempt`` gives, which is made again when the turn that it has to wait for has
        come. Raises ``StoreBusyError`` when it does not come in time."""
        share, until = Share(self), self._now() + self._patience
        try:
            while True:
                try:
                    return await attempt(share)
                except NotYetError as not_yet:
                    await self._wait(not_yet.turn, until)
        finally:
            share.is_over = True
            if not share.is_at_work:  # else its thread leaves
                self.leave(share, moved=False)

    def enter(self, tenant: str, share: Share) -> None:
        """As ``Share.take``."""
        with self._lock:
            now = self._now()
            known = self._known(tenant, now)
            if known.inside < self._room(known, now) and not known.line:
                _let_in(tenant, known, share)
                return
            if self._stands_still(known, now):
                known.left_at = now  # its callers are still here
                raise StoreBusyError("the company's changes stand still for the moment")
            waiting = _InLine(share)
            known.line.append(waiting)
        raise NotYetError(waiting.turn)

    def leave(self, share: Share, *, moved: bool) -> None:
        """Gives back what the call has, and calls in who is next. ``moved``: its work got to an
        end."""
        called: list[_InLine] = []
        with self._lock:
            now, tenants = self._now(), set(share.of)
            share.of.clear()
            for tenant in tenants:
                known = self._tenants[tenant]
                known.inside -= 1
                known.left_at = now
                known.moved_at = now if moved else known.moved_at
                called += self._call_in(tenant, known, now)
            self._forget(tenants if moved else ())
        for one in called:
            one.turn.set_result(None)

    async def _wait(self, turn: Future[None], until: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, until - self._now())):
                await asyncio.wrap_future(turn)
        except TimeoutError:
            text = f"the company's other changes left no time within {self._patience:g} s"
            raise StoreBusyError(text) from None

    def _known(self, tenant: str, now: float) -> _Tenant:
        known = self._tenants.get(tenant)
        if known is None or (not known.inside and now - known.left_at > self._patience):
            known = self._tenants[tenant] = _Tenant(moved_at=now, left_at=now)
        return known

    def _stands_still(self, known: _Tenant, now: float) -> bool:
        return now - known.moved_at > self._patience

    def _room(self, known: _Tenant, now: float) -> int:
        if not self._stands_still(known, now):
            return self._most
        still = (one for one in self._tenants.values() if self._stands_still(one, now))
        others = sum(one.inside for one in still) - known.inside
        return max(1, self._few - others) if others < self._most else 0

    def _call_in(self, tenant: str, known: _Tenant, now: float) -> Iterator[_InLine]:
        """Their places are theirs from here on, though they come a moment later."""
        while known.line and known.inside < self._room(known, now):
            one = known.line.popleft()
            # who has left may not have said so to the turn yet
            if not one.share.is_over and one.turn.set_running_or_notify_cancel():
                _let_in(tenant, known, one.share)
                yield one

    def _forget(self, moved: Iterable[str]) -> None:
        """Tenants none of whose callers is here: at once when they ``moved``, or if there are
        many."""
        some = self._tenants if len(self._tenants) > _KEPT else moved
        for tenant in [one for one in some if not self._tenants[one].inside]:
            del self._tenants[tenant]


def _let_in(tenant: str, known: _Tenant, share: Share) -> None:
    known.inside += 1
    share.of.add(tenant)
