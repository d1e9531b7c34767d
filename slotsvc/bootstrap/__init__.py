"""The one place where objects are wired, and where signals and the event loop have their owner."""

from __future__ import annotations

from slotsvc.bootstrap.portal import (
    NoPortal,
    embedded_portal,
    portal_options,
    run_portal,
    run_up,
    running_portal,
)
from slotsvc.bootstrap.service import RunningServer, run_server, running

__all__ = [
    "NoPortal",
    "RunningServer",
    "embedded_portal",
    "portal_options",
    "run_portal",
    "run_server",
    "run_up",
    "running",
    "running_portal",
]
