"""Reading what a company set up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, select, union

from slotsvc.domain.closures import Closure
from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Loan, Team, Technician, Tenant, Van
from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.working_time import Absence, ShiftException
from slotsvc.store import tables
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
from slotsvc.store.transaction import Transaction


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


def _between(first: date, last: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    loan = tables.LOAN.c
    return loan.first_day <= last.isoformat(), loan.last_day >= first.isoformat()


class CalendarReads(Transaction):
    """``slotsvc.scheduling.ports.CalendarRead``, and the reading half of ``CalendarWrite``."""

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
        who = tuple(technicians)
        return self._once(
            ("loans", tenant, who, first, last), lambda: self._loans(tenant, who, first, last)
        )

    def _loans(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[str, Sequence[Loan]]:
        table = tables.LOAN
        begun, going_on = _between(first, last)
        found: dict[str, list[Loan]] = defaultdict(list)
        both = begun & going_on
        for row in self._of_technicians(table, tenant, technicians, both, table.c.first_day):
            found[row.technician].append(loan_from(row))
        return dict(found)

    def closures(self, tenant: str) -> Sequence[Closure]:
        """All of them, by id."""
        return self._once(("closures", tenant), lambda: self._closures(tenant))

    def _closures(self, tenant: str) -> Sequence[Closure]:
        query = select(tables.CLOSURE).where(tables.CLOSURE.c.tenant == tenant)
        rows = self._connection.execute(query.order_by(tables.CLOSURE.c.id))
        return [closure_from(row) for row in rows]

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
        who = tuple(technicians)
        return self._once(
            ("exceptions", tenant, who, first, last),
            lambda: self._exceptions(tenant, who, first, last),
        )

    def _exceptions(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[str, Mapping[date, ShiftException]]:
        day = tables.SHIFT_EXCEPTION.c.day
        between = day.between(first.isoformat(), last.isoformat())
        found: dict[str, dict[date, ShiftException]] = defaultdict(dict)
        for row in self._of_technicians(tables.SHIFT_EXCEPTION, tenant, technicians, between):
            exception = shift_exception_from(row)
            found[exception.technician][exception.day] = exception
        return dict(found)

    def absences(
        self, tenant: str, technicians: Iterable[str], start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Absence]]:
        """By technician, in order of start; those that overlap [start, end)."""
        who = tuple(technicians)
        return self._once(
            ("absences", tenant, who, start, end), lambda: self._absences(tenant, who, start, end)
        )

    def _absences(
        self, tenant: str, technicians: Iterable[str], start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Absence]]:
        table = tables.ABSENCE
        overlaps = (table.c.start_at < to_epoch(end)) & (table.c.end_at > to_epoch(start))
        found: dict[str, list[Absence]] = defaultdict(list)
        for row in self._of_technicians(table, tenant, technicians, overlaps, table.c.start_at):
            found[row.technician].append(absence_from(row))
        return dict(found)

    def calendar_revision(self, tenant: str) -> int:
        """Grows with every change of the calendar; 0 for an unknown tenant."""
        table = tables.TENANT
        query = select(table.c.calendar_revision).where(table.c.id == tenant)
        return int(self._connection.execute(query).scalar() or 0)

    def fetch[E](
        self, tenant: str, kind: type[E], id: str, technician: str = ""
    ) -> tuple[E, str] | None:
        """The entity and its etag; None: not found."""
        entity = ENTITIES[kind]
        query = select(entity.table).where(*is_entity(entity, tenant, id, technician))
        row = self._connection.execute(query).one_or_none()
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
        found = self._once((kind, tenant, id), lambda: self.fetch(tenant, kind, id))
        return None if found is None else found[0]

    def _of_technicians(
        self,
        table: Table,
        tenant: str,
        technicians: Iterable[str],
        condition: ColumnElement[bool],
        *order: ColumnElement[Any],
    ) -> Sequence[Row[Any]]:
        named = table.c.technician.in_(list(technicians))
        query = select(table).where(table.c.tenant == tenant, named, condition)
        ordered = query.order_by(table.c.technician, *order, table.c.id)
        return self._connection.execute(ordered).all()
