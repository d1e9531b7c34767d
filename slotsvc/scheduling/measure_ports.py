"""What the store knows of routes that were judged on estimated driving."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from slotsvc.domain.visit import RouteKey


class MeasureRead(Protocol):
    """The reading half."""

    def estimated_routes(self, now: datetime) -> Sequence[RouteKey]:
        """Routes with a placement that was judged on estimated driving, with a service date no
        earlier than two days before ``now``, of all tenants, in order."""
        ...


class MeasureWrite(Protocol):
    """The writing half."""

    def set_measured(self, key: RouteKey) -> None:
        """No placement on the route is judged on estimates any more; its lock is held."""
        ...
