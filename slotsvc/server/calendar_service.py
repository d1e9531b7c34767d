"""``CalendarService``: five methods, made for each kind of ``calendar_kinds``.

A request is read and checked whole before the store is asked; references (tags, teams) are checked
again inside the transaction, so that nothing can vanish between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from google.protobuf.message import Message

from slotsvc.domain.working_time import Absence
from slotsvc.pb.v1 import calendar_service_pb2 as pb
from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceServicer
from slotsvc.scheduling.calendar_ports import CalendarRead, Entity
from slotsvc.scheduling.calendars import Calendars, EntityKey
from slotsvc.scheduling.changed_days import AbsenceAnswer
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.mutation import Mutation
from slotsvc.server import names, principals, update_masks
from slotsvc.server.calendar_kinds import KINDS, CalendarKind
from slotsvc.server.calling import mutation_of
from slotsvc.server.names import NamePattern
from slotsvc.server.page_tokens import page_size, page_token, read_page_token

type Method = Callable[[Any, Any, Any], Awaitable[Message]]

_ETAG_LENGTH = 100


def calendar_servicer(calendars: Calendars) -> CalendarServiceServicer:
    """The servicer of every kind. A tenant cannot be deleted."""
    methods: dict[str, Method] = {}
    for kind in KINDS:
        made = _Methods(kind, calendars)
        methods |= {
            f"Create{kind.word}": _bound(made.create),
            f"Get{kind.word}": _bound(made.get),
            f"List{kind.plural}": _bound(made.list),
            f"Update{kind.word}": _bound(made.update),
        }
        if hasattr(CalendarServiceServicer, f"Delete{kind.word}"):
            methods[f"Delete{kind.word}"] = _bound(made.delete)
    made_class = type("CalendarService", (CalendarServiceServicer,), methods)
    return cast("CalendarServiceServicer", made_class())


def _bound(work: Callable[[Any], Awaitable[Message]]) -> Method:
    async def method(_self: object, request: Any, _context: object) -> Message:
        return await work(request)

    return method


class _Methods[E: Entity]:
    """The methods of one kind."""

    def __init__(self, kind: CalendarKind[E], calendars: Calendars) -> None:
        self._kind = kind
        self._calendars = calendars
        self._parents = NamePattern(kind.names.template.rpartition("/")[0].rpartition("/")[0])

    async def create(self, request: Any) -> Message:
        kind, field = self._kind, self._kind.field
        value = getattr(request, field)
        with Violations() as wrong:
            ids = self._parent_ids(wrong, request)
            id = wrong.id(f"{field}_id", getattr(request, f"{field}_id"))
            key = kind.key((*ids, id))
            wrong.request_id(request.request_id)
            if request.HasField(field):
                kind.from_pb(wrong, field, value, key, None)
            else:
                wrong.add(field, "required")
        mutation = _mutation(f"Create{kind.word}", key, request)
        if isinstance(request, pb.CreateAbsenceRequest) and request.unplace_visits:
            answer = await self._calendars.create_absence(
                mutation, lambda tx: self._absence(value, key, tx), self._emptied(key)
            )
        else:
            answer = await self._calendars.create(
                mutation,
                key,
                lambda tx: self._read(value, key, tx),
                self._answer(f"Create{kind.word}Response", key),
            )
        return _message(f"Create{kind.word}Response", answer)

    async def get(self, request: Any) -> Message:
        key = self._key(request)
        entity, etag = await self._calendars.get(key)
        answer = self._answer(f"Get{self._kind.word}Response", key)(entity, etag)
        return _message(f"Get{self._kind.word}Response", answer)

    async def list(self, request: Any) -> Message:
        kind = self._kind
        with Violations() as wrong:
            ids = self._parent_ids(wrong, request)
            limit = page_size(wrong, request.page_size)
            question = f"List{kind.plural} {ids}"
            position = read_page_token(wrong, question, request.page_token, (str,))
            # a list without a parent is that of tenants: their own to whom is bound to one
            whose = ids or (principals.tenant() or "",)
            key = kind.key((*whose, "" if position is None else str(position[0])))
        found = await self._calendars.page(key, limit + 1)
        answer: Any = getattr(pb, f"List{kind.plural}Response")()
        told = [kind.told(_beside(key, entity), entity, etag) for entity, etag in found[:limit]]
        getattr(answer, f"{kind.field}s").extend(told)
        if len(found) > limit:
            answer.next_page_token = page_token(question, (found[limit - 1][0].id,))
        return cast("Message", answer)

    async def update(self, request: Any) -> Message:
        kind, field = self._kind, self._kind.field
        patch = getattr(request, field)
        with Violations() as wrong:
            key = kind.key(kind.names.read(wrong, f"{field}.name", patch.name))
            wrong.request_id(request.request_id)
            etag = wrong.text(f"{field}.etag", patch.etag, _ETAG_LENGTH)
            mask = request.update_mask if request.HasField("update_mask") else None
            paths = update_masks.changed_paths(wrong, patch, mask, field)

        def revise(tx: CalendarRead, before: E) -> E:
            merged = kind.told(key, before, "")
            update_masks.apply(patch, paths, merged)
            return self._read(merged, key, tx)

        answer = await self._calendars.update(
            _mutation(f"Update{kind.word}", key, request),
            key,
            etag or None,
            revise,
            self._answer(f"Update{kind.word}Response", key),
        )
        return _message(f"Update{kind.word}Response", answer)

    async def delete(self, request: Any) -> Message:
        with Violations() as wrong:
            key = self._kind.key(self._kind.names.read(wrong, "name", request.name))
            wrong.request_id(request.request_id)
            etag = wrong.text("etag", request.etag, _ETAG_LENGTH)
        method = f"Delete{self._kind.word}"
        mutation = _mutation(method, key, request)
        return _message(
            f"{method}Response", await self._calendars.delete(mutation, key, etag or None)
        )

    def _key(self, request: Any) -> EntityKey[E]:
        with Violations() as wrong:
            ids = self._kind.names.read(wrong, "name", request.name)
        return self._kind.key(ids)

    def _parent_ids(self, wrong: Violations, request: Any) -> tuple[str, ...]:
        if not self._parents.template:
            return ()
        return self._parents.read(wrong, "parent", request.parent)

    def _read(self, value: Any, key: EntityKey[E], tx: CalendarRead) -> E:
        with Violations() as wrong:
            entity = self._kind.from_pb(wrong, self._kind.field, value, key, tx)
        return entity

    def _absence(self, value: Any, key: EntityKey[E], tx: CalendarRead) -> Absence:
        return cast("Absence", self._read(value, key, tx))

    def _emptied(self, key: EntityKey[E]) -> AbsenceAnswer:
        """The answer for an absence that sent visits back to the backlog."""

        def answer(absence: Absence, etag: str, visits: Sequence[str]) -> bytes:
            told = pb.CreateAbsenceResponse(
                absence=cast("pb.Absence", self._kind.told(key, cast("E", absence), etag)),
                unplaced_visits=[names.VISIT.build(key.tenant, visit) for visit in visits],
            )
            return told.SerializeToString(deterministic=True)

        return answer

    def _answer(self, response: str, key: EntityKey[E]) -> Callable[[E, str], bytes]:
        def answer(entity: E, etag: str) -> bytes:
            told = getattr(pb, response)(**{self._kind.field: self._kind.told(key, entity, etag)})
            return cast("bytes", told.SerializeToString(deterministic=True))

        return answer


def _beside[E: Entity](key: EntityKey[E], entity: E) -> EntityKey[E]:
    """The key of an entity on a list: tenants are their own parents."""
    return EntityKey(key.kind, key.tenant or entity.id, entity.id, key.technician)


def _mutation[E: Entity](method: str, key: EntityKey[E], request: Any) -> Mutation:
    return mutation_of(key.tenant, method, request, request.request_id)


def _message(response: str, answer: bytes) -> Message:
    return cast("Message", getattr(pb, response).FromString(answer))
