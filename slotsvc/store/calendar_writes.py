"""Changing what a company set up.

The etag of an entity is the tenant's calendar revision at its last change. It never comes back,
not even when an entity is deleted and made again under the same id.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from slotsvc.domain.errors import AlreadyExistsError, EtagMismatchError, NotFoundError
from slotsvc.domain.technician import Technician, Tenant
from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.store import tables
from slotsvc.store.calendar_reads import CalendarReads, is_entity
from slotsvc.store.calendar_tables import ENTITIES, EntityTable
from slotsvc.store.epoch import first_revision
from slotsvc.store.errors import is_duplicate, is_orphan
from slotsvc.store.in_use import refuse_when_in_use
from slotsvc.store.turns import TurnTaking


def _technician_of(entity: Entity) -> str:
    return str(getattr(entity, "technician", ""))


def _belongs_to(table: EntityTable[Any]) -> str:
    if table.of_technician:
        return "technician"
    return "team" if table is ENTITIES[Technician] else "tenant"


@contextmanager
def _refusals(table: EntityTable[Any]) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if is_duplicate(error):
            raise AlreadyExistsError(f"this {table.word} exists already") from error
        if is_orphan(error):
            owner = _belongs_to(table)
            raise NotFoundError(f"the {owner} of this {table.word} does not exist") from error
        raise


class CalendarWrites(CalendarReads, TurnTaking):
    """``slotsvc.scheduling.ports.CalendarWrite``."""

    def _stands_still(self, tenant: str) -> bool:
        """Once others are kept out, and as long as this transaction itself does not change it."""
        return tenant in self._turns and tenant not in self._changed

    def create(self, tenant: str, entity: Entity) -> str:
        """Stores a new one, gives its etag.

        Raises ``AlreadyExistsError`` (also for a second exception of a technician on one date)
        and ``NotFoundError`` for a missing tenant, team or technician it belongs to.
        """
        self._require_turn_alone(entity.id if isinstance(entity, Tenant) else tenant)
        table = ENTITIES[type(entity)]
        columns = table.to_row(entity)
        if isinstance(entity, Tenant):
            self._changed.add(entity.id)
            first = first_revision(self._connection)
            columns |= {"revision": first, "calendar_revision": first}
        else:
            columns |= {"tenant": tenant, "revision": self._next_revision(tenant)}
        with _refusals(table):
            self._connection.execute(insert(table.table).values(columns))
        return str(columns["revision"])

    def replace(self, tenant: str, entity: Entity, etag: str | None) -> str:
        """Stores it anew, gives the new etag; ``etag`` None: no check.

        Raises ``NotFoundError`` (also for a new team that does not exist), ``EtagMismatchError``,
        ``AlreadyExistsError`` for a date that another exception of the technician has.
        """
        table = ENTITIES[type(entity)]
        owner = entity.id if isinstance(entity, Tenant) else tenant
        self._require_turn_alone(owner)
        self._expect(owner, type(entity), entity.id, etag, _technician_of(entity))
        revision = self._next_revision(owner)
        here = is_entity(table, tenant, entity.id, _technician_of(entity))
        columns = table.to_row(entity) | {"revision": revision}
        with _refusals(table):
            self._connection.execute(update(table.table).where(*here).values(columns))
        return str(revision)

    def delete[E: Entity](
        self, tenant: str, kind: type[E], id: str, etag: str | None, technician: str = ""
    ) -> None:
        """Takes it away; a technician's exceptions, absences and loans go with it.

        Raises ``NotFoundError``, ``EtagMismatchError``, ``InUseError``.
        """
        self._require_turn_alone(tenant)
        self._expect(tenant, kind, id, etag, technician)
        refuse_when_in_use(self._connection, tenant, kind, id, self.now())
        if kind is Technician:
            self._relieve(tenant, id)
        self._next_revision(tenant)
        table = ENTITIES[kind]
        here = is_entity(table, tenant, id, technician)
        self._connection.execute(delete(table.table).where(*here))

    def _relieve(self, tenant: str, technician: str) -> None:
        """Takes somebody off every closure's list of those on duty."""
        for closure in self.closures(tenant):
            if technician in closure.on_duty:
                rest = closure.on_duty - {technician}
                self.replace(tenant, replace(closure, on_duty=rest), None)

    def _expect(
        self, tenant: str, kind: type[object], id: str, etag: str | None, technician: str
    ) -> None:
        found = self.fetch(tenant, kind, id, technician)
        if found is None:
            raise NotFoundError(f"no such {ENTITIES[kind].word}")
        if etag is not None and found[1] != etag:
            raise EtagMismatchError(f"this {ENTITIES[kind].word} changed since it was read")

    def _next_revision(self, tenant: str) -> int:
        self._changed.add(tenant)
        table = tables.TENANT
        grown = (
            update(table)
            .where(table.c.id == tenant)
            .values(calendar_revision=table.c.calendar_revision + 1)
            .returning(table.c.calendar_revision)
        )
        revision = self._connection.execute(grown).scalar()
        if revision is None:
            raise NotFoundError("no such tenant")
        return int(revision)
