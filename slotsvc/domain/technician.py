"""Who serves: tenants, teams, technicians, and what they drive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from slotsvc.domain.eligibility import Certificate
from slotsvc.domain.place import Location
from slotsvc.domain.working_time import WorkingTime

type SectorWeek = tuple[frozenset[str] | None, ...]
"""The sectors served on each weekday, Monday first, seven of them; None: all sectors."""

ALL_SECTORS: SectorWeek = (None,) * 7


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company; part of every key. ``tags``: all that its visits may require.

    ``sectors``: all that its sites may lie in. ``public_holidays``: of which country or part of
    one (ISO 3166): "FR", "FR-57"; "": none.
    """

    id: str
    display_name: str
    tags: frozenset[str] = frozenset()
    sectors: frozenset[str] = frozenset()
    public_holidays: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """Technicians who share a calendar. ``zone``: IANA name, the default for its technicians.

    ``public_holidays``: as the tenant's; "": the tenant's, "none": none. ``emergency_reserve``:
    working time of each shift kept free for urgent visits.
    """

    id: str
    display_name: str
    zone: str
    public_holidays: str = ""
    emergency_reserve: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Van:
    """What a technician drives. Its equipment counts as that of who drives it."""

    id: str
    display_name: str
    tags: frozenset[str] = frozenset()
    certificates: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Technician:
    """A person with tags and a working week. ``zone`` is the IANA zone of the working hours.

    ``tags`` are known at level 1 and never expire, ``certificates`` have levels and dates. ``van``:
    "" for none. ``sectors`` go by the weekday of the service date. The limits hold for each shift:
    ``max_travel`` and ``max_visits`` None: no limit; ``max_overtime``: how long work may go on
    after its regular end. ``unpaid_first_leg``: the shift begins on arrival at the first visit;
    ``unpaid_last_leg``: it ends with the last. ``pace``: percent of the planned time on site.
    """

    id: str
    display_name: str
    team: str
    zone: str
    start_place: Location
    end_place: Location
    working_time: WorkingTime
    tags: frozenset[str] = frozenset()
    certificates: tuple[Certificate, ...] = ()
    van: str = ""
    sectors: SectorWeek = ALL_SECTORS
    max_travel: timedelta | None = None
    max_visits: int | None = None
    max_overtime: timedelta = timedelta(0)
    unpaid_first_leg: bool = False
    unpaid_last_leg: bool = False
    pace: int = 100


@dataclass(frozen=True, slots=True)
class Loan:
    """A technician works for ``to_team`` on ``first_date`` to ``last_date``, both included.

    ``shared``: for the own team as well. Dates are service dates.
    """

    id: str
    technician: str
    to_team: str
    first_date: date
    last_date: date
    shared: bool = False

    def covers(self, day: date) -> bool:
        """Whether it holds on ``day``."""
        return self.first_date <= day <= self.last_date
