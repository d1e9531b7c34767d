"""From metadata to the holder of a key, on a real store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from slotsvc.domain.access import Principal, Role
from slotsvc.domain.errors import UnauthenticatedError
from slotsvc.scheduling.api_keys import ApiKeys
from slotsvc.scheduling.mutation import Mutation
from slotsvc.scheduling.ports import ReadTx
from slotsvc.server import authentication
from slotsvc.server.authentication import Authenticator
from slotsvc.server.metrics import Metrics
from slotsvc.store.sqlite_store import SqliteStore


class Counting:
    """A store that counts who asks."""

    def __init__(self, store: SqliteStore) -> None:
        self.store, self.reads = store, 0

    async def read[T](self, work: Callable[[ReadTx], T]) -> T:
        self.reads += 1
        return await self.store.read(work)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


@pytest.fixture
async def key(store: SqliteStore) -> str:
    return await ApiKeys(store).first("first")


def authorization(key: str) -> list[tuple[str, str | bytes]]:
    return [("authorization", f"Bearer {key}")]


async def revoke(store: SqliteStore, key: str, changed: Callable[[str], None]) -> None:
    keys = ApiKeys(store, changed)
    id = key.split("_")[1]
    await keys.revoke(Mutation("", "RevokeApiKey", "1", b""), "", id, lambda _key: b"")


async def test_a_key_gives_its_holder(store: SqliteStore, metrics: Metrics, key: str) -> None:
    """Role, tenant and id as they were made."""
    holder = await Authenticator(store, metrics).principal(authorization(key))

    assert holder == Principal(Role.OPERATOR, "", key.split("_")[1])


async def test_a_good_key_is_believed_for_a_while(
    store: SqliteStore, metrics: Metrics, key: str
) -> None:
    """Most calls do not ask the store."""
    counting = Counting(store)
    authenticator = Authenticator(counting, metrics)  # type: ignore[arg-type]
    for _ in range(100):
        await authenticator.principal(authorization(key))

    assert counting.reads == 1
    await authenticator.finish()


async def test_a_revocation_elsewhere_is_seen_after_a_while(
    store: SqliteStore, metrics: Metrics, key: str
) -> None:
    """A key that another process revoked is believed until the store is asked again."""
    authenticator = Authenticator(store, metrics, believed=0.3)
    await authenticator.principal(authorization(key))
    await revoke(store, key, lambda _id: None)

    await asyncio.sleep(0.3)

    with pytest.raises(UnauthenticatedError):
        await authenticator.principal(authorization(key))
    await authenticator.finish()


async def test_a_revocation_here_is_seen_at_once(
    store: SqliteStore, metrics: Metrics, key: str
) -> None:
    """No second passes."""
    authenticator = Authenticator(store, metrics)
    await authenticator.principal(authorization(key))

    await revoke(store, key, authenticator.forget)

    with pytest.raises(UnauthenticatedError):
        await authenticator.principal(authorization(key))
    await authenticator.finish()


async def test_a_key_that_is_revoked_while_it_is_read_is_not_believed(
    store: SqliteStore, metrics: Metrics, key: str
) -> None:
    """What was read before the revocation does not count after it."""
    counting = Counting(store)
    authenticator = Authenticator(counting, metrics)  # type: ignore[arg-type]
    reading = asyncio.create_task(authenticator.principal(authorization(key)))
    await asyncio.sleep(0)
    authenticator.forget("another")
    await reading

    await authenticator.principal(authorization(key))

    assert counting.reads == 2
    await authenticator.finish()


async def test_wrong_keys_have_to_wait(store: SqliteStore, metrics: Metrics, key: str) -> None:
    """A guess costs the guesser a pause, and leaves nothing behind in memory."""
    authenticator = Authenticator(store, metrics)
    begun = time.monotonic()

    guesses = [guess for n in range(51) if (guess := key[:-3] + f"{n:03}") != key]
    answers = [authenticator.principal(authorization(guess)) for guess in guesses[:50]]
    refused = await asyncio.gather(*answers, return_exceptions=True)

    assert {type(answer) for answer in refused} == {UnauthenticatedError}
    assert time.monotonic() - begun >= authentication.PAUSE_S
    assert len(authenticator._believed) == 0
    counted = metrics.registry.get_sample_value
    assert counted("slotsvc_refused_keys_total", {"cause": "wrong"}) == 50


async def test_what_is_believed_has_an_end(
    store: SqliteStore, metrics: Metrics, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory of good keys does not grow without limit."""
    monkeypatch.setattr(authentication, "MOST_BELIEVED", 0)
    authenticator = Authenticator(store, metrics)

    await authenticator.principal(authorization(key))

    assert len(authenticator._believed) == 0
    await authenticator.finish()
