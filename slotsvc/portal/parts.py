"""What every page can reach, wired once by ``slotsvc.portal.running``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slotsvc.portal.clock import Clock
from slotsvc.portal.options import PortalOptions
from slotsvc.portal.secrets import PortalSecrets
from slotsvc.portal.tables.database import PortalDatabase

if TYPE_CHECKING:
    from slotsvc.portal.access.session_activity import SessionActivity
    from slotsvc.portal.messages.outbox import Outbox
    from slotsvc.portal.service.calls import ServiceCalls


@dataclass(slots=True)
class Portal:
    """One running portal. ``public_url``: what links begin with, without a slash at the end."""

    options: PortalOptions
    public_url: str
    clock: Clock
    database: PortalDatabase
    secrets: PortalSecrets = field(repr=False)
    service: ServiceCalls
    outbox: Outbox
    activity: SessionActivity
