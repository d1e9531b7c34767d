"""What a company sets up: created, read, listed, changed, deleted. One use case for all kinds.

Every change happens once for each ``request_id``: its answer is stored in the same transaction and
given again, byte for byte, to a caller who repeats the call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slotsvc.domain.closures import Closure
from slotsvc.domain.errors import NotFoundError
from slotsvc.domain.technician import Loan, Technician, Tenant
from slotsvc.domain.working_time import Absence
from slotsvc.scheduling.api_keys import revoke_keys_of
from slotsvc.scheduling.calendar_ports import CalendarRead, Entity
from slotsvc.scheduling.calendar_rules import refuse_lost_words
from slotsvc.scheduling.changed_days import AbsenceAnswer, record_absence
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.ports import Event, Store, WriteTx
from slotsvc.scheduling.unknown_driving import Settle


@dataclass(frozen=True, slots=True)
class EntityKey[E: Entity]:
    """Which one. ``technician``: "" unless it belongs to one. A tenant's ``id`` is its tenant."""

    kind: type[E]
    tenant: str
    id: str
    technician: str = ""


type Make[E] = Callable[[CalendarRead], E]
"""Gives the new entity; may look at what is set up. Raises ``InvalidRequestError``."""

type Revise[E] = Callable[[CalendarRead, E], E]
"""Gives the changed entity. Raises ``InvalidRequestError``."""

type Answer[E] = Callable[[E, str], bytes]
"""The stored answer for an entity and its new etag."""


type Changed = Callable[[WriteTx, Mutation, Entity | None, Entity | None], None]
"""Told of every change, in its transaction, behind the change's own event: the mutation, what was
(None: created), what is (None: deleted)."""


type _Done = tuple[bytes, Entity | None, Entity | None]
"""The answer, what was, what is."""


class Calendars:
    """The use cases over one store. ``changed``, ``settle``: None: nobody asks."""

    def __init__(
        self, store: Store, changed: Changed | None = None, settle: Settle | None = None
    ) -> None:
        self._store = store
        self._changed = changed or (lambda tx, mutation, before, after: None)
        self._settle = settle

    async def _write(self, mutation: Mutation, work: Callable[[WriteTx], _Done]) -> bytes:
        """Does it once; then whoever settles what the transaction could not is told."""
        done: list[_Done] = []

        def noted(tx: WriteTx) -> bytes:
            done.append(work(tx))
            return done[-1][0]

        answer = await self._store.write(once(mutation, noted))
        if done and self._settle is not None:
            await self._settle(mutation, *done[-1][1:])
        return answer

    async def create[E: Entity](
        self, mutation: Mutation, key: EntityKey[E], make: Make[E], answer: Answer[E]
    ) -> bytes:
        """Stores a new one.

        Raises ``AlreadyExistsError``, ``NotFoundError`` for a missing parent,
        ``InvalidRequestError``, ``IdempotencyKeyReusedError``.
        """

        def work(tx: WriteTx) -> _Done:
            _require_parent(tx, key)
            entity = make(tx)
            etag = tx.create(key.tenant, entity)
            _record(tx, mutation, key, "CREATED", None, entity)
            self._changed(tx, mutation, None, entity)
            return answer(entity, etag), None, entity

        return await self._write(mutation, work)

    async def create_absence(
        self, mutation: Mutation, make: Make[Absence], answer: AbsenceAnswer
    ) -> bytes:
        """Stores an absence and sends the visits planned in it back to the backlog.

        Raises as ``create``.
        """

        def work(tx: WriteTx) -> _Done:
            absence = make(tx)
            return record_absence(tx, mutation, absence, answer), None, absence

        return await self._write(mutation, work)

    async def get[E: Entity](self, key: EntityKey[E]) -> tuple[E, str]:
        """The entity and its etag. Raises ``NotFoundError``."""
        return await self._store.read(lambda tx: _fetch(tx, key))

    async def page[E: Entity](self, key: EntityKey[E], limit: int) -> Sequence[tuple[E, str]]:
        """At most ``limit`` behind ``key.id`` in order of id, each with its etag.

        Raises ``NotFoundError`` for a missing parent.
        """

        def work(tx: CalendarRead) -> Sequence[tuple[E, str]]:
            _require_parent(tx, key)
            return tx.page(key.tenant, key.kind, key.id, limit, key.technician)

        return await self._store.read(work)

    async def update[E: Entity](
        self,
        mutation: Mutation,
        key: EntityKey[E],
        etag: str | None,
        revise: Revise[E],
        answer: Answer[E],
    ) -> bytes:
        """Changes one. ``etag`` None: whatever it is now.

        Raises ``NotFoundError``, ``EtagMismatchError``, ``InvalidRequestError``, ``InUseError``,
        ``IdempotencyKeyReusedError``.
        """

        def work(tx: WriteTx) -> _Done:
            before, _ = _fetch(tx, key)
            after = revise(tx, before)
            refuse_lost_words(tx, key.tenant, before, after)
            new_etag = tx.replace(key.tenant, after, etag)
            _record(tx, mutation, key, "UPDATED", before, after)
            self._changed(tx, mutation, before, after)
            return answer(after, new_etag), before, after

        return await self._write(mutation, work)

    async def delete[E: Entity](
        self, mutation: Mutation, key: EntityKey[E], etag: str | None
    ) -> bytes:
        """Takes one away; the answer is empty.

        Raises ``NotFoundError``, ``EtagMismatchError``, ``InUseError``,
        ``IdempotencyKeyReusedError``.
        """

        def work(tx: WriteTx) -> _Done:
            before, _ = _fetch(tx, key)
            tx.delete(key.tenant, key.kind, key.id, etag, key.technician)
            _record(tx, mutation, key, "DELETED", before, None)
            if isinstance(before, Technician):
                revoke_keys_of(tx, mutation, before.id)
            self._changed(tx, mutation, before, None)
            return b"", before, None

        return await self._write(mutation, work)


def _fetch[E: Entity](tx: CalendarRead, key: EntityKey[E]) -> tuple[E, str]:
    found = tx.fetch(key.tenant, key.kind, key.id, key.technician)
    if found is None:
        raise NotFoundError(f"no such {_word(key.kind)}")
    return found


def _require_parent[E: Entity](tx: CalendarRead, key: EntityKey[E]) -> None:
    if key.kind is Tenant:
        return
    if tx.tenant(key.tenant) is None:
        raise NotFoundError("no such tenant")
    if key.technician and tx.technician(key.tenant, key.technician) is None:
        raise NotFoundError("no such technician")


def _record[E: Entity](
    tx: WriteTx,
    mutation: Mutation,
    key: EntityKey[E],
    verb: str,
    before: E | None,
    after: E | None,
) -> None:
    kind = f"{_word(key.kind).replace(' ', '_').upper()}_{verb}"
    data = {"technician": key.technician} if key.technician else {}
    data |= _teams(before, after)
    revision = tx.calendar_revision(key.tenant)
    tx.record(key.tenant, Event(kind, key.id, None, revision, data), mutation.actor)


def _teams(before: Entity | None, after: Entity | None) -> dict[str, str]:
    """Whom it concerns, for those who watch a team, also when it no longer says so itself."""
    left, now = _team_of(before), _team_of(after)
    teams = {"team": now or left, "left_team": left if now and left != now else ""}
    return {name: team for name, team in teams.items() if team}


def _team_of(entity: Entity | None) -> str:
    match entity:
        case Technician() | Closure():
            return entity.team
        case Loan():
            return entity.to_team
        case _:
            return ""


def _word(kind: type) -> str:
    return "".join(f" {c.lower()}" if c.isupper() else c for c in kind.__name__).strip()
