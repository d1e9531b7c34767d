"""API keys: made, shown, revoked, and found for a call."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from slotsvc.domain.access import ID_LENGTH, SECRET_BYTES, ApiKey, Role, digest_of, key_text
from slotsvc.domain.errors import AlreadyExistsError, NotFoundError
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.ports import Event, ReadTx, Store, WriteTx

_ID_SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789"

LAST_USE_STEP = timedelta(hours=1)
"""How coarse the time of last use is: a call must not cost a write."""

type Answer = Callable[[ApiKey], bytes]


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is to be. ``tenant`` "": an operator's. ``expires`` None: never."""

    tenant: str
    role: Role
    display_name: str
    client: str = ""
    technician: str = ""
    methods: frozenset[str] = frozenset()
    expires: datetime | None = None


class ApiKeys:
    """The use cases over one store. ``changed`` hears of every key that was revoked."""

    def __init__(self, store: Store, changed: Callable[[str], None] = lambda _id: None) -> None:
        self._store = store
        self._changed = changed

    async def create(self, mutation: Mutation, wanted: NewKey, answer: Answer) -> tuple[bytes, str]:
        """The stored answer, and the key's text: "" for a call that was repeated.

        The text is not stored, not even in the answer. Raises ``NotFoundError`` for a missing
        tenant or technician, ``InvalidRequestError``, ``IdempotencyKeyReusedError``.
        """
        id, secret = new_id(), secrets.token_urlsafe(SECRET_BYTES)
        made: list[str] = []

        def work(tx: WriteTx) -> bytes:
            key = _checked(tx, wanted, id, secret)
            tx.add_key(key)
            _record(tx, mutation, key, "API_KEY_CREATED")
            made[:] = [key_text(id, secret)]
            return answer(key)

        stored = await self._store.write(once(mutation, work))
        return stored, "".join(made)

    async def get(self, tenant: str, id: str) -> ApiKey:
        """Raises ``NotFoundError``, for another tenant's key too."""
        found = await self._store.read(lambda tx: tx.key(id))
        return _of(tenant, found)

    async def page(self, tenant: str, after: str, limit: int) -> Sequence[ApiKey]:
        """At most ``limit`` behind ``after``, in order of id. ``tenant`` "": operators' keys.

        Raises ``NotFoundError`` for a missing tenant.
        """

        def work(tx: ReadTx) -> Sequence[ApiKey]:
            _require(tx, tenant)
            return tx.keys(tenant, after, limit)

        return await self._store.read(work)

    async def revoke(self, mutation: Mutation, tenant: str, id: str, answer: Answer) -> bytes:
        """From now on the key is refused; it stays listed. Raises ``NotFoundError``."""

        def work(tx: WriteTx) -> bytes:
            key = _of(tenant, tx.key(id))
            if key.revoked is None:
                key = replace(key, revoked=tx.now())
                tx.revoke_key(id, tx.now())
                _record(tx, mutation, key, "API_KEY_REVOKED")
            return answer(key)

        stored = await self._store.write(once(mutation, work))
        self._changed(id)
        return stored

    async def first(self, display_name: str) -> str:
        """The text of a first operator's key. Raises ``AlreadyExistsError`` while one is live."""
        id, secret = new_id(), secrets.token_urlsafe(SECRET_BYTES)
        wanted = NewKey("", Role.OPERATOR, display_name)

        def work(tx: WriteTx) -> str:
            tx.take_turn("")
            if any(key.live(tx.now()) for key in tx.keys("", "", 1000)):
                raise AlreadyExistsError("there is an operator's key already")
            key = _checked(tx, wanted, id, secret)
            tx.add_key(key)
            _record(tx, Mutation("", "key first", "", b"", "command line"), key, "API_KEY_CREATED")
            return key_text(id, secret)

        return await self._store.write(work)


def revoke_keys_of(tx: WriteTx, mutation: Mutation, technician: str) -> None:
    """A technician's keys end with the technician: the id may be somebody else's one day."""
    for key in tx.keys_of(mutation.tenant, technician):
        tx.revoke_key(key.id, tx.now())
        _record(tx, mutation, key, "API_KEY_REVOKED")


def new_id() -> str:
    """A fresh id: public, 62 random bits."""
    return "".join(secrets.choice(_ID_SIGNS) for _ in range(ID_LENGTH))


def _checked(tx: WriteTx, wanted: NewKey, id: str, secret: str) -> ApiKey:
    now = tx.now()
    _require(tx, wanted.tenant)
    if wanted.technician and tx.technician(wanted.tenant, wanted.technician) is None:
        raise NotFoundError("no such technician")
    with Violations() as wrong:
        if wanted.expires is not None and wanted.expires <= now:
            wrong.add("api_key.expire_time", "must be later than now")
    return ApiKey(
        id,
        wanted.tenant,
        wanted.role,
        wanted.display_name,
        digest_of(secret),
        now,
        wanted.client,
        wanted.technician,
        wanted.methods,
        wanted.expires,
    )


def _require(tx: ReadTx, tenant: str) -> None:
    if tenant and tx.tenant(tenant) is None:
        raise NotFoundError("no such tenant")


def _of(tenant: str, key: ApiKey | None) -> ApiKey:
    if key is None or key.tenant != tenant:
        raise NotFoundError("no such API key")
    return key


def _record(tx: WriteTx, mutation: Mutation, key: ApiKey, kind: str) -> None:
    event = Event(kind, key.id, None, 0, {"role": key.role.value})
    tx.record(key.tenant, event, mutation.actor)
