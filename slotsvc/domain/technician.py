"""Who serves: tenants, teams, technicians."""

from __future__ import annotations

from dataclasses import dataclass

from slotsvc.domain.place import Location
from slotsvc.domain.working_time import WorkingTime


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company; part of every key. ``tags``: all that its visits may require."""

    id: str
    display_name: str
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Team:
    """Technicians who share a calendar. ``zone``: IANA name, the default for its technicians."""

    id: str
    display_name: str
    zone: str


@dataclass(frozen=True, slots=True)
class Technician:
    """A person with tags and a working week. ``zone`` is the IANA zone of the working hours."""

    id: str
    display_name: str
    team: str
    zone: str
    start_place: Location
    end_place: Location
    working_time: WorkingTime
    tags: frozenset[str] = frozenset()
