"""Rules broken on stored routes: facts that are kept, shown, and never made worse by automation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Origin(Enum):
    """What brought a violation about."""

    ABSENCE = "ABSENCE"
    CALENDAR = "CALENDAR"
    OVERRUN = "OVERRUN"
    OVERRIDE = "OVERRIDE"
    IMPORT = "IMPORT"
    LAPSE = "LAPSE"
    ROADS = "ROADS"


@dataclass(frozen=True, slots=True)
class RouteViolation:
    """One broken rule of one route.

    ``kind``: the checker's ``FindingKind`` value. ``subject``: a placement id, ``"break 2"`` or the
    technician. ``visit``: the visit concerned, "" when it is about the day. ``size``: seconds (or
    a number of visits), 0 where the rule has no size. ``cause``: a sentence for planners.
    ``since``: when it was first recorded. ``override_reason``: why a planner accepts it, "" if
    nobody did.
    """

    kind: str
    subject: str
    visit: str
    size: int
    cause: str
    since: datetime
    origin: Origin
    override_reason: str = ""
