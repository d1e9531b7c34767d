"""The engine, as the portal's use cases reach it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from slotsvc.portal.options import PortalOptions
from slotsvc.portal.service.catalogue import Catalogue
from slotsvc.portal.service.channel import Line, open_channel
from slotsvc.portal.service.client_calls import ClientCalls
from slotsvc.portal.service.planner_calls import PlannerCalls


class ServiceCalls:
    """One channel to the engine, and who calls over it.

    ``catalogue``: what is set up, kept for a minute. ``planner``: calls with the planner's key.
    ``tenant``: ``tenants/{tenant}``, which all names begin with.
    """

    def __init__(
        self, line: Line, tenant: str, portal_key: str | None, planner_key: str | None
    ) -> None:
        self._line = line
        self._portal_key = portal_key
        self.tenant = tenant
        self.catalogue = Catalogue(line, tenant, portal_key)
        self.planner = PlannerCalls(line, tenant, planner_key)

    @classmethod
    @asynccontextmanager
    async def connected(cls, options: PortalOptions) -> AsyncIterator[Self]:
        """The calls while the block runs. Does not wait for the engine to be there."""
        service = options.service
        tenant = f"tenants/{options.tenant.removeprefix('tenants/')}"
        async with open_channel(service) as channel:
            yield cls(Line(channel), tenant, service.portal_key, service.planner_key)

    def for_client(self, client: str) -> ClientCalls:
        """The calls of the client with this reference."""
        return ClientCalls(self._line, self.tenant, self._portal_key, client)

    async def reachable(self, seconds: float) -> bool:
        """Whether a connection to the engine stands, or comes about within ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                await self._line.channel.channel_ready()
        except TimeoutError:
            return False
        return True

    def name(self, collection: str, id: str) -> str:
        """The resource name: ``name("visits", "v1")``."""
        return f"{self.tenant}/{collection}/{id}"
