"""What the use cases need of a store about what a company sets up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from slotsvc.domain.closures import Closure
from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Loan, Team, Technician, Tenant, Van
from slotsvc.domain.working_time import Absence, ShiftException

type Entity = (
    Tenant
    | Team
    | Technician
    | Van
    | Site
    | ActivityType
    | Closure
    | ShiftException
    | Absence
    | Loan
)
"""What a company sets up. Exceptions, absences and loans belong to a technician."""


class CalendarRead(Protocol):
    """Reading of what a company sets up. Lists are ordered by id. None: not found."""

    def derived[T](self, tenant: str, key: Hashable, make: Callable[[], T]) -> T:
        """``make()``, or what it gave before while the tenant's calendar was the same.

        ``make`` depends on the calendar and on ``key`` alone, and gives what nobody changes.
        """
        ...

    def tenant(self, tenant: str) -> Tenant | None: ...
    def tags(self, tenant: str) -> frozenset[str]: ...
    def team(self, tenant: str, team: str) -> Team | None: ...
    def technician(self, tenant: str, technician: str) -> Technician | None: ...
    def technicians(
        self, tenant: str, team: str, first: date | None = None, last: date | None = None
    ) -> Sequence[Technician]:
        """The members of a team, and those lent to it on a date from ``first`` to ``last``.

        Without dates: the members. Members who are lent away are among them.
        """
        ...

    def site(self, tenant: str, site: str) -> Site | None: ...
    def activity_type(self, tenant: str, activity_type: str) -> ActivityType | None: ...
    def shift_exceptions(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[str, Mapping[date, ShiftException]]:
        """By technician and date, for first <= date <= last."""
        ...

    def absences(
        self, tenant: str, technicians: Iterable[str], start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Absence]]:
        """By technician; those that overlap [start, end)."""
        ...

    def loans(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[str, Sequence[Loan]]:
        """By technician; those that hold on a date from ``first`` to ``last``."""
        ...

    def closures(self, tenant: str) -> Sequence[Closure]:
        """Of the company and of its teams, whenever they are."""
        ...

    def vans(self, tenant: str) -> Sequence[Van]: ...
    def drivers(self, tenant: str, van: str) -> Sequence[str]:
        """Ids of technicians whose van it is, or is on some date."""
        ...

    def calendar_revision(self, tenant: str) -> int:
        """Grows with every change of teams, technicians, exceptions, absences, sites, types."""
        ...

    def fetch[E: Entity](
        self, tenant: str, kind: type[E], id: str, technician: str = ""
    ) -> tuple[E, str] | None:
        """The entity and its etag; None: not found."""
        ...

    def page[E: Entity](
        self, tenant: str, kind: type[E], after: str, limit: int, technician: str = ""
    ) -> Sequence[tuple[E, str]]:
        """At most ``limit`` with id > ``after``, by id, each with its etag."""
        ...


class CalendarWrite(Protocol):
    """Changing what a company sets up. Every change grows the tenant's calendar revision."""

    def create(self, tenant: str, entity: Entity) -> str:
        """Stores a new one, gives its etag. Raises ``AlreadyExistsError``, ``NotFoundError``
        (for a missing tenant, team or technician it belongs to)."""
        ...

    def replace(self, tenant: str, entity: Entity, etag: str | None) -> str:
        """Stores it anew, gives the new etag; ``etag`` None: no check.

        Raises ``NotFoundError``, ``EtagMismatchError``.
        """
        ...

    def delete[E: Entity](
        self, tenant: str, kind: type[E], id: str, etag: str | None, technician: str = ""
    ) -> None:
        """Raises ``NotFoundError``, ``EtagMismatchError``, ``InUseError`` (visits, holds, members
        refer to it)."""
        ...
