"""How often one client may search: slots tell, search by search, how busy everybody else is.

Each process counts for itself, and where replicas share Redis they also count together; whichever
count is higher holds. Without Redis a client who finds every replica may search as many times more
often as there are replicas: never without a limit.
"""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from slotsvc.domain.access import Principal, Role
from slotsvc.domain.errors import TooManySearchesError

WITHIN_S = 60
MOST_CLIENTS = 10_000
"""Of a process; those counted longest ago are forgotten."""


class SharedCounts(Protocol):
    """Counts of all replicas, forgotten ``WITHIN_S`` seconds after their first."""

    async def add(self, key: str) -> int | None:
        """One more; how many there were with it. None: nobody knows. Never raises."""
        ...


class ClientSearches:
    """``most``: searches of one client within ``WITHIN_S`` seconds. ``secret``: clients are counted
    under a name made with it, that says nothing. ``shared`` None: this process alone counts.
    ``clock``: monotonic seconds.
    """

    def __init__(
        self,
        most: int,
        secret: bytes,
        shared: SharedCounts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._secret = secret
        self._shared = shared
        self._clock = clock
        self._own: OrderedDict[str, tuple[float, int]] = OrderedDict()

    async def count(self, principal: Principal) -> None:
        """One search more, if it is a client's. Raises ``TooManySearchesError``."""
        if principal.role is not Role.CLIENT:
            return
        key = self._name(principal)
        counted = self._add(key)
        if counted <= self._most and self._shared is not None:
            counted = max(counted, await self._shared.add(key) or 0)
        if counted > self._most:
            raise TooManySearchesError(f"more than {self._most} searches within a minute")

    def _name(self, principal: Principal) -> str:
        who = f"{principal.tenant}\0{principal.client}".encode()
        return hmac.digest(self._secret, b"client searches\0" + who, "sha256").hex()[:32]

    def _add(self, key: str) -> int:
        now = self._clock()
        until, count = self._own.get(key, (0.0, 0))
        if until <= now:
            until, count = now + WITHIN_S, 0
            self._own.pop(key, None)
        self._own[key] = until, count + 1
        if len(self._own) > MOST_CLIENTS:
            self._own.popitem(last=False)
        return count + 1
