"""From the key in a call's metadata to the one who holds it.

A key that was found good is believed for a few seconds, so that most calls need not ask the store;
a revocation in this process takes effect at once. Whatever is wrong with a key, the answer is the
same, after a pause: guessing is hopeless, and must not be cheap for us to bear either.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from slotsvc.domain.access import ApiKey, Principal, digest_of, split_key
from slotsvc.domain.errors import StoreBusyError, UnauthenticatedError
from slotsvc.scheduling.api_keys import LAST_USE_STEP
from slotsvc.scheduling.ports import ReadTx, Store
from slotsvc.server.metrics import Metrics
from slotsvc.server.principals import ON_BEHALF_OF, on_behalf_of

AUTHORIZATION = "authorization"
SCHEME = "Bearer "
BELIEVED_S = 5.0
"""How long a good key is believed: a revocation elsewhere is seen after that."""
MOST_BELIEVED = 4096
PAUSE_S = 0.1
"""Before a wrong key is refused."""

type Metadata = Iterable[tuple[str, str | bytes]]


@dataclass(frozen=True, slots=True)
class _Believed:
    key: ApiKey
    until: float


class Authenticator:
    """Finds the holder of the key in a call's metadata. ``believed``: for how long, seconds."""

    def __init__(self, store: Store, metrics: Metrics, believed: float = BELIEVED_S) -> None:
        self._store = store
        self._longest = believed
        self._refused = metrics.refused_keys
        self._believed: OrderedDict[bytes, _Believed] = OrderedDict()
        self._revocations = 0
        self._noting: set[asyncio.Task[None]] = set()

    async def principal(self, metadata: Metadata) -> Principal:
        """Who calls. Raises ``UnauthenticatedError``, always with the same words."""
        sent = [(name, value) for name, value in metadata if name in (AUTHORIZATION, ON_BEHALF_OF)]
        key = await self._key([value for name, value in sent if name == AUTHORIZATION])
        named = [value for name, value in sent if name == ON_BEHALF_OF]
        if not named:
            return key.principal
        # two names are nobody, rather than one with both in it
        return on_behalf_of(key.principal, str(named[0]) if len(named) == 1 else "")

    @staticmethod
    def asked_by(metadata: Metadata) -> bool:
        """Whether the metadata say who calls, or for whom."""
        return any(name in (AUTHORIZATION, ON_BEHALF_OF) for name, _ in metadata)

    def believed_tenant(self, metadata: Metadata) -> str | None:
        """The tenant of a key that is believed just now, "" for one that is bound to none.

        None: no key, or one that the store must be asked about.
        """
        sent = [value for name, value in metadata if name == AUTHORIZATION]
        if len(sent) != 1 or not isinstance(sent[0], str):
            return None
        believed = self._believed.get(hashlib.sha256(sent[0].encode()).digest())
        if believed is None or time.monotonic() >= believed.until:
            return None
        return believed.key.principal.tenant

    def forget(self, id: str) -> None:
        """The key has changed: ask the store again."""
        self._revocations += 1
        for digest in [d for d, b in self._believed.items() if b.key.id == id]:
            del self._believed[digest]

    async def _key(self, sent: list[str | bytes]) -> ApiKey:
        text = sent[0] if len(sent) == 1 else ""
        if not isinstance(text, str) or not text.startswith(SCHEME):
            # nothing was guessed, so nobody waits
            raise self._refusal("none" if not sent else "malformed")
        digest = hashlib.sha256(text.encode()).digest()
        believed = self._believed.get(digest)
        if believed is not None and time.monotonic() < believed.until:
            self._believed.move_to_end(digest)
            return believed.key
        return await self._looked_up(digest, text.removeprefix(SCHEME))

    async def _looked_up(self, digest: bytes, text: str) -> ApiKey:
        parts = split_key(text)
        if parts is None:
            await asyncio.sleep(PAUSE_S)
            raise self._refusal("malformed")
        seen = self._revocations
        key, now = await self._store.read(lambda tx: _found(tx, parts[0]))
        cause = _fault(key, parts[1], now)
        if cause or key is None:
            await asyncio.sleep(PAUSE_S)
            raise self._refusal(cause)
        if seen == self._revocations:
            self._believe(digest, key, now)
        if key.last_used is None or now - key.last_used >= LAST_USE_STEP:
            self._note_use(key.id, now)
        return key

    def _believe(self, digest: bytes, key: ApiKey, now: datetime) -> None:
        left = (key.expires - now).total_seconds() if key.expires else self._longest
        self._believed[digest] = _Believed(key, time.monotonic() + min(left, self._longest))
        while len(self._believed) > MOST_BELIEVED:
            self._believed.popitem(last=False)

    def _note_use(self, id: str, at: datetime) -> None:
        async def note() -> None:
            with suppress(StoreBusyError):
                await self._store.write(lambda tx: tx.note_key_use(id, at))

        task = asyncio.create_task(note(), name="note-key-use")
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def finish(self) -> None:
        """Waits for what is still being noted, before the store closes."""
        await asyncio.gather(*self._noting, return_exceptions=True)

    def _refusal(self, cause: str) -> UnauthenticatedError:
        self._refused.labels(cause).inc()
        return UnauthenticatedError("a valid API key is needed (authorization: Bearer slk_…)")


def _found(tx: ReadTx, id: str) -> tuple[ApiKey | None, datetime]:
    return tx.key(id), tx.now()


def _fault(key: ApiKey | None, secret: str, now: datetime) -> str:
    """What is wrong, for the metric; "": nothing."""
    if key is None:
        digest_of(secret)  # as much work as for a key that exists
        return "unknown"
    if not key.opened_by(secret):
        return "wrong"
    if key.revoked is not None:
        return "revoked"
    return "" if key.live(now) else "expired"
