"""Where bookings are made: what every use case that changes a route needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from slotsvc.domain.technician import Technician
from slotsvc.domain.visit import RouteKey, Stop
from slotsvc.domain.working_time import NoShiftReason, Shift
from slotsvc.scheduling.ports import PendingMove, ReadTx, Store, StoredVisit
from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.scheduling.work_calendar import read_shift

TRIES = 5
"""How often a mutation starts anew when a route changed while it was being judged."""


class RouteChangedError(Exception):
    """A route is not as it was judged: of another version, or of a later time. Start anew."""


@dataclass(frozen=True, slots=True)
class HoldLimits:
    """How long holds last: unset, and all in all. ``day_share``: percent of a shift's regular time
    that live holds may take. ``most_per_client``: live holds that a client may have at once."""

    default: timedelta = timedelta(minutes=5)
    longest: timedelta = timedelta(minutes=15)
    day_share: int = 50
    most_per_client: int = 2


@dataclass(frozen=True, slots=True)
class Placed:
    """A visit as it now stands, with its planned times.

    ``technician``: "" for one that never had a place. ``stop`` None: it has no place, or no times
    exist. ``live``: it occupies its route. ``at_risk``: as the day now goes, it starts too late.
    ``version``: of its route, 0 without one. ``pending``: the hold that would move it.
    """

    stored: StoredVisit
    technician: str
    technician_name: str
    stop: Stop | None
    live: bool = True
    at_risk: bool = False
    version: int = 0
    pending: PendingMove | None = None


type Answer = Callable[[Placed], bytes]
"""Serialises the result; the bytes are stored and given again to who repeats the call."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Store, roads, limits, and a source of fresh ids."""

    store: Store
    travel: TravelTimes
    new_id: Callable[[str], str]
    limits: HoldLimits = HoldLimits()


@dataclass(frozen=True, slots=True)
class Work:
    """A technician and one shift."""

    technician: Technician
    shift: Shift


def shift_of(tx: ReadTx, key: RouteKey) -> Work | None:
    """The shift of a route as the calendar stands; None: there is none (any more)."""
    who = tx.technician(key.tenant, key.technician)
    if who is None:
        return None
    shift = read_shift(tx, who, key)
    return None if isinstance(shift, NoShiftReason) else Work(who, shift)
