"""Hard rules, one file each, each with a reason users see.

A rule closes a technician, a technician's day, or a single cell (a window on a day). What it closes
it says: ``Closed`` carries the reason, and where there is one the subject and the missing amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why not. Values are the stable names of the API."""

    NO_SHIFT = "NO_SHIFT"
    ABSENT = "ABSENT"
    MISSING_TAG = "MISSING_TAG"
    NOT_THIS_TECHNICIAN = "NOT_THIS_TECHNICIAN"
    NOTICE = "NOTICE"
    HORIZON = "HORIZON"
    OUTSIDE_SHIFT = "OUTSIDE_SHIFT"
    NO_ROOM = "NO_ROOM"
    UNROUTABLE = "UNROUTABLE"
    OFF_MAP = "OFF_MAP"
    DAY_BROKEN = "DAY_BROKEN"
    SITE_CLOSED = "SITE_CLOSED"
    MOVE_PENDING = "MOVE_PENDING"
    MAX_VISITS = "MAX_VISITS"
    MAX_TRAVEL = "MAX_TRAVEL"
    MAX_ADDED_TRAVEL = "MAX_ADDED_TRAVEL"
    SECTOR = "SECTOR"
    HOLIDAY = "HOLIDAY"
    CLOSED = "CLOSED"
    OTHER_TEAM = "OTHER_TEAM"
    CUT_OFF = "CUT_OFF"
    QUOTA_FULL = "QUOTA_FULL"
    RESERVED = "RESERVED"
    SECTOR_DAY = "SECTOR_DAY"
    BLACKOUT = "BLACKOUT"
    DEADLINE = "DEADLINE"
    OUTSIDE_PROMISE = "OUTSIDE_PROMISE"


@dataclass(frozen=True, slots=True)
class Closed:
    """A rule says no. ``margin``: how much is missing, 0: no size. In seconds; metres for OFF_MAP,
    visits for MAX_VISITS and QUOTA_FULL."""

    reason: Reason
    subject: str = ""
    margin: int = 0
