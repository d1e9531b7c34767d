"""Reading what a company set up.

What every booking asks for is a statement that is built once, with parameters: building it anew
costs more than running it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, select, union

from slotsvc.domain.closures import Closure
from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Loan, Team, Technician, Tenant, Van
from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.working_time import Absence, ShiftException
from slotsvc.store import tables
from slotsvc.store.calendar_memory import Remembered
from slotsvc.store.calendar_tables import (
    ENTITIES,
    EntityTable,
    absence_from,
    closure_from,
    loan_from,
    shift_exception_from,
    technician_from,
    van_from,
)
from slotsvc.store.prepared import Prepared
from slotsvc.store.transaction import Question, Transaction


def is_entity(
    entity: EntityTable[Any], tenant: str, id: str, technician: str
) -> list[ColumnElement[bool]]:
    """Conditions that name one row. A tenant is seen by nobody but itself (and the operator)."""
    table = entity.table
    if table is tables.TENANT:
        return [table.c.id == id, table.c.id == (tenant or id)]
    return [*within(entity, tenant, technician), table.c.id == id]


def within(entity: EntityTable[Any], tenant: str, technician: str) -> list[ColumnElement[bool]]:
    """Conditions that name all rows of a tenant (and of a technician, where the key has one)."""
    table = entity.table
    if table is tables.TENANT:
        return [table.c.id == tenant] if tenant else []
    if entity.of_technician:
        return [table.c.tenant == tenant, table.c.technician == technician]
    return [table.c.tenant == tenant]


def _one_of(entity: EntityTable[Any]) -> Prepared:
    """One row by ``at``, of the tenant ``of`` and, where the key has one, the technician ``who``.
    A tenant is seen by nobody but itself (and the operator, who is of none)."""
    table = entity.table
    owner = table.c.id if table is tables.TENANT else table.c.tenant
    query = select(table).where(table.c.id == bindparam("at"), owner == bindparam("of"))
    if entity.of_technician:
        query = query.where(table.c.technician == bindparam("who"))
    return Prepared(query)


_ONE: Mapping[type, Prepared] = {kind: _one_of(entity) for kind, entity in ENTITIES.items()}


def _of_some(
    table: Table, condition: ColumnElement[bool], *order: ColumnElement[Any]
) -> Select[Any]:
    """Rows of ``technicians`` that meet the condition, by technician and ``order``."""
    named = table.c.technician.in_(bindparam("technicians", expanding=True))
    query = select(table).where(table.c.tenant == bindparam("tenant"), named, condition)
    return query.order_by(table.c.technician, *order, table.c.id)


_FIRST: ColumnElement[Any] = bindparam("first")
_LAST: ColumnElement[Any] = bindparam("last")
_LOAN, _EXCEPTION, _ABSENCE = tables.LOAN.c, tables.SHIFT_EXCEPTION.c, tables.ABSENCE.c
_LOANS = Prepared(
    _of_some(tables.LOAN, (_LOAN.first_day <= _LAST) & (_LOAN.last_day >= _FIRST), _LOAN.first_day)
)
_EXCEPTIONS = Prepared(_of_some(tables.SHIFT_EXCEPTION, _EXCEPTION.day.between(_FIRST, _LAST)))
_ABSENCES = Prepared(
    _of_some(
        tables.ABSENCE,
        (_ABSENCE.start_at < _LAST) & (_ABSENCE.end_at > _FIRST),
        _ABSENCE.start_at,
    )
)
_REVISION = Prepared(
    select(tables.TENANT.c.calendar_revision).where(tables.TENANT.c.id == bindparam("tenant"))
)
_CLOSURES = Prepared(
    select(tables.CLOSURE)
    .where(tables.CLOSURE.c.tenant == bindparam("tenant"))
    .order_by(tables.CLOSURE.c.id)
)


_FEW = (Tenant, Team, Technician, ActivityType)
"""Kinds of which a company has few; sites may be many, and are asked for one by one."""


def revision_of(tenant: str) -> Question:
    """What gives the revision of the tenant's calendar, if there is such a tenant."""
    return _REVISION, {"tenant": tenant}


def _days(first: date, last: date) -> tuple[str, str]:
    return first.isoformat(), last.isoformat()


def _between(first: date, last: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    loan = tables.LOAN.c
    return loan.first_day <= last.isoformat(), loan.last_day >= first.isoformat()


class CalendarReads(Transaction):
    """``slotsvc.scheduling.ports.CalendarRead``, and the reading half of ``CalendarWrite``."""

    def derived[T](self, tenant: str, key: Hashable, make: Callable[[], T]) -> T:
        """``make()``, or what it gave before while the tenant's calendar was the same."""
        seen = self._remembered(tenant)
        if seen is None:
            return make()
        if key not in seen.kept:
            seen.kept[key] = make()
        found: T = seen.kept[key]
        return found

    def tenant(self, tenant: str) -> Tenant | None:
        return self._one(Tenant, tenant, tenant)

    def tags(self, tenant: str) -> frozenset[str]:
        """All that the tenant's visits may require; none for an unknown tenant."""
        found = self.tenant(tenant)
        return frozenset() if found is None else found.tags

    def team(self, tenant: str, team: str) -> Team | None:
        return self._one(Team, tenant, team)

    def technician(self, tenant: str, technician: str) -> Technician | None:
        return self._one(Technician, tenant, technician)

    def technicians(
        self, tenant: str, team: str, first: date | None = None, last: date | None = None
    ) -> Sequence[Technician]:
        """Members of a team, and with dates those lent to it then; by id."""
        table, loan = tables.TECHNICIAN.c, tables.LOAN.c
        here = table.team == team
        if first is not None and last is not None:
            lent = select(loan.technician).where(
                loan.tenant == tenant, loan.to_team == team, *_between(first, last)
            )
            here |= table.id.in_(lent)
        query = select(tables.TECHNICIAN).where(table.tenant == tenant, here).order_by(table.id)
        return [technician_from(row) for row in self._connection.execute(query)]

    def loans(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[str, Sequence[Loan]]:
        """By technician, in order of the first date; those that hold on one of the dates."""
        found: dict[str, list[Loan]] = defaultdict(list)
        for row in self._of_technicians(_LOANS, tenant, technicians, *_days(first, last)):
            found[row.technician].append(loan_from(row))
        return dict(found)

    def closures(self, tenant: str) -> Sequence[Closure]:
        """All of them, by id."""
        return [closure_from(r) for r in self._connection.execute(_CLOSURES, {"tenant": tenant})]

    def vans(self, tenant: str) -> Sequence[Van]:
        """All of them, by id."""
        query = select(tables.VAN).where(tables.VAN.c.tenant == tenant)
        return [van_from(row) for row in self._connection.execute(query.order_by(tables.VAN.c.id))]

    def drivers(self, tenant: str, van: str) -> Sequence[str]:
        """Ids of technicians whose van it is, or is by an exception; in order."""
        owner, day = tables.TECHNICIAN.c, tables.SHIFT_EXCEPTION.c
        query = union(
            select(owner.id).where(owner.tenant == tenant, owner.van == van),
            select(day.technician).where(day.tenant == tenant, day.van == van),
        )
        return sorted(self._connection.execute(query).scalars())

    def site(self, tenant: str, site: str) -> Site | None:
        return self._one(Site, tenant, site)

    def activity_type(self, tenant: str, activity_type: str) -> ActivityType | None:
        return self._one(ActivityType, tenant, activity_type)

    def shift_exceptions(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[str, Mapping[date, ShiftException]]:
        """By technician and date, for first <= date <= last."""
        found: dict[str, dict[date, ShiftException]] = defaultdict(dict)
        for row in self._of_technicians(_EXCEPTIONS, tenant, technicians, *_days(first, last)):
            exception = shift_exception_from(row)
            found[exception.technician][exception.day] = exception
        return dict(found)

    def absences(
        self, tenant: str, technicians: Iterable[str], start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Absence]]:
        """By technician, in order of start; those that overlap [start, end)."""
        found: dict[str, list[Absence]] = defaultdict(list)
        ends = to_epoch(start), to_epoch(end)
        for row in self._of_technicians(_ABSENCES, tenant, technicians, *ends):
            found[row.technician].append(absence_from(row))
        return dict(found)

    def calendar_revision(self, tenant: str) -> int:
        """Grows with every change of the calendar; 0 for an unknown tenant."""
        seen = self._remembered(tenant)
        return self._revision(tenant) if seen is None else seen.revision

    def _revision(self, tenant: str) -> int:
        (rows,) = self._ask(revision_of(tenant))
        return int(rows.scalar() or 0)

    def fetch[E](
        self, tenant: str, kind: type[E], id: str, technician: str = ""
    ) -> tuple[E, str] | None:
        """The entity and its etag; None: not found."""
        entity = ENTITIES[kind]
        owner = tenant or (id if kind is Tenant else "")
        asked = {"of": owner, "at": id, "who": technician}
        row = self._connection.execute(_ONE[kind], asked).one_or_none()
        return None if row is None else (entity.from_row(row), str(row.revision))

    def page[E](
        self, tenant: str, kind: type[E], after: str, limit: int, technician: str = ""
    ) -> Sequence[tuple[E, str]]:
        """At most ``limit`` with id > ``after``, by id. Tenants: of all, when ``tenant`` is ""."""
        entity = ENTITIES[kind]
        id = entity.table.c.id
        here = within(entity, tenant, technician)
        query = select(entity.table).where(*here, id > after).order_by(id).limit(limit)
        rows = self._connection.execute(query)
        return [(entity.from_row(row), str(row.revision)) for row in rows]

    def _one[E](self, kind: type[E], tenant: str, id: str) -> E | None:
        def read() -> E | None:
            found = self.fetch(tenant, kind, id)
            return None if found is None else found[0]

        return self.derived(tenant, (kind, id), read) if kind in _FEW else read()

    def _remembered(self, tenant: str) -> Remembered | None:
        """What is known of the calendar as this transaction sees it; None while that may change."""
        if not self._stands_still(tenant):
            return None
        if tenant not in self._seen:
            self._seen[tenant] = self._memory.at(tenant, self._revision(tenant))
        return self._seen[tenant]

    def _stands_still(self, tenant: str) -> bool:
        """Whether nothing can change the tenant's calendar before this transaction ends."""
        return True

    def _of_technicians(
        self,
        query: Prepared,
        tenant: str,
        technicians: Iterable[str],
        first: str | int,
        last: str | int,
    ) -> Sequence[Row[Any]]:
        asked = {"tenant": tenant, "technicians": list(technicians), "first": first, "last": last}
        return self._connection.execute(query, asked).all()
