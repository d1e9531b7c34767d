"""Where bookings are made: what every use case that changes a route needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from slotsvc.domain.shifts import resolve_shift
from slotsvc.domain.technician import Technician
from slotsvc.domain.visit import RouteKey, Stop
from slotsvc.domain.working_time import NoShiftReason, Shift
from slotsvc.scheduling.ports import ReadTx, Store, StoredVisit
from slotsvc.scheduling.travel_port import TravelTimes

DAY = timedelta(days=1)
TRIES = 5
"""How often a mutation starts anew when a route changed while it was being judged."""


class RouteChangedError(Exception):
    """A route has another version than the one that was judged. Start anew."""


@dataclass(frozen=True, slots=True)
class HoldLimits:
    """How long holds last: unset, and all in all."""

    default: timedelta = timedelta(minutes=5)
    longest: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Placed:
    """A visit as it now stands, with its planned times.

    ``stop`` None: it has no place, or its day breaks a rule. ``live``: it occupies its route.
    """

    stored: StoredVisit
    technician: str
    technician_name: str
    stop: Stop | None
    live: bool = True


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
    """A technician and the shift of one day."""

    technician: Technician
    shift: Shift


def shift_of(tx: ReadTx, key: RouteKey) -> Work | None:
    """The shift of a route as the calendar stands; None: there is none (any more)."""
    who = tx.technician(key.tenant, key.technician)
    if who is None:
        return None
    exceptions = tx.shift_exceptions(key.tenant, [who.id], key.day, key.day)
    start = datetime.combine(key.day - DAY, time(), UTC)
    absences = tx.absences(key.tenant, [who.id], start, start + 5 * DAY)
    shift = resolve_shift(
        who, key.day, exceptions.get(who.id, {}).get(key.day), absences.get(who.id, ())
    )
    return None if isinstance(shift, NoShiftReason) else Work(who, shift)
