"""What every page can reach, wired once by ``slotsvc.portal.running``."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slotsvc.portal.access.passwords import PasswordHashing
from slotsvc.portal.clock import Clock
from slotsvc.portal.options import PortalOptions
from slotsvc.portal.secrets import PortalSecrets
from slotsvc.portal.tables.database import PortalDatabase

if TYPE_CHECKING:
    from slotsvc.portal.access.session_activity import SessionActivity
    from slotsvc.portal.day.team_feed import TeamFeeds
    from slotsvc.portal.messages.outbox import Outbox
    from slotsvc.portal.service.calls import ServiceCalls


@dataclass(slots=True)
class Portal:
    """One running portal. ``public_url``: what links begin with, without a slash at the end.

    ``codes_asked``: set when a login code waits to be prepared. ``closing``: set when the portal
    stops; answers without an end (server-sent events) end then.
    """

    options: PortalOptions
    public_url: str
    clock: Clock
    database: PortalDatabase
    secrets: PortalSecrets = field(repr=False)
    service: ServiceCalls
    outbox: Outbox
    activity: SessionActivity
    feeds: TeamFeeds
    passwords: PasswordHashing = field(default_factory=PasswordHashing)
    codes_asked: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
