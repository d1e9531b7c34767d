"""What follows from calendars alone, kept between transactions: of one revision of each tenant.

A revision never comes back and stands for one calendar only, after a restore too. Each transaction
reads the revision for itself; so nothing here is older than what it would have read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

MOST_TENANTS = 64
"""Tenants kept in memory; the one whose calendar did not change for longest goes first."""

MOST_OF_A_TENANT = 4096
"""Things kept of one; then all of them are read anew."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """One revision of a tenant's calendar, and what was found to follow from it, by key."""

    revision: int
    kept: dict[Hashable, Any] = field(default_factory=dict)


class CalendarMemory:
    """One for each store; threads may share it."""

    def __init__(self) -> None:
        self._tenants: OrderedDict[str, Remembered] = OrderedDict()
        self._turn = threading.Lock()

    def forget(self) -> None:
        """Everything: another database may stand in the place of the one that was read."""
        with self._turn:
            self._tenants.clear()

    def at(self, tenant: str, revision: int) -> Remembered:
        """What is kept of this revision, to look into and to add to.

        For a snapshot that is older than what is kept: empty, and forgotten afterwards.
        """
        with self._turn:
            known = self._tenants.get(tenant)
            if known is not None and known.revision > revision:
                return Remembered(revision)
            if known is None or known.revision < revision or len(known.kept) > MOST_OF_A_TENANT:
                known = self._tenants[tenant] = Remembered(revision)
            self._tenants.move_to_end(tenant)
            if len(self._tenants) > MOST_TENANTS:
                self._tenants.popitem(last=False)
            return known
