"""What every store must do with its records: stored answers, events, the audit trail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slotsvc.domain.errors import IdempotencyKeyReusedError, InvalidRequestError
from slotsvc.scheduling.ports import Event, Store
from tests.store.samples import (
    ANA_EVENING,
    ANA_MONDAY,
    BEN_MONDAY,
    HOUR,
    NOW,
    FrozenClock,
    event,
    placed,
    put,
    set_up,
)

HASH, OTHER_HASH = b"\x01" * 32, b"\x02" * 32


def call(tx, number="1", request_hash=HASH, key="key"):
    """A mutation as the use cases write it: replay, work, remember."""
    earlier = tx.replay("acme", "Book", key, request_hash)
    if earlier is not None:
        return earlier
    put(tx, placed("p" + number))
    answer = f"booked {number}".encode()
    tx.remember("acme", "Book", key, request_hash, answer)
    return answer


class RecordContract:
    """Idempotency, events, audit."""

    async def test_a_repeated_call_gets_the_stored_answer(self, store: Store) -> None:
        """The second call with the same key has no effect and the same answer, byte for byte."""
        await store.write(set_up)

        first = await store.write(call)
        second = await store.write(lambda tx: call(tx, "2"))

        assert first == second == b"booked 1"
        assert await store.read(lambda tx: tx.visit("acme", "v2")) is None

    async def test_a_key_with_another_payload_is_refused(self, store: Store) -> None:
        """A key names one request; another one under the same key has no effect."""
        await store.write(set_up)
        await store.write(call)

        with pytest.raises(IdempotencyKeyReusedError):
            await store.write(lambda tx: call(tx, "2", OTHER_HASH))

        assert await store.read(lambda tx: tx.visit("acme", "v2")) is None

    async def test_keys_belong_to_tenant_and_method(self, store: Store) -> None:
        """The same key in another method, or of another tenant, is another call."""
        await store.write(set_up)
        await store.write(call)

        assert await store.write(lambda tx: tx.replay("acme", "Cancel", "key", HASH)) is None
        assert await store.write(lambda tx: tx.replay("other", "Book", "key", HASH)) is None

    async def test_a_refused_call_stores_nothing(self, store: Store) -> None:
        """After a refusal, the same key can be used again, even with another payload."""
        await store.write(set_up)

        def refuse(tx):
            tx.replay("acme", "Book", "key", HASH)
            raise LookupError

        with pytest.raises(LookupError):
            await store.write(refuse)
        await store.write(lambda tx: tx.replay("acme", "Book", "key", HASH))

        assert await store.write(lambda tx: call(tx, "1", OTHER_HASH)) == b"booked 1"

    async def test_an_answer_is_kept_for_72_hours(self, store: Store, clock: FrozenClock) -> None:
        """Until then the answer comes back; afterwards the key is as good as new."""
        await store.write(set_up)
        await store.write(call)

        clock.advance(72 * HOUR - timedelta(seconds=1))
        assert await store.write(lambda tx: call(tx, "2")) == b"booked 1"
        clock.advance(timedelta(seconds=1))
        assert await store.write(lambda tx: call(tx, "2", OTHER_HASH)) == b"booked 2"
        assert await store.write(lambda tx: call(tx, "3", OTHER_HASH)) == b"booked 2"

    async def test_a_stored_answer_can_be_looked_up(self, store: Store, clock: FrozenClock) -> None:
        """A reader finds the answer of an earlier call, and is refused for another payload."""
        await store.write(set_up)

        def answered(request_hash: bytes = HASH, key: str = "key"):
            return lambda tx: tx.answered("acme", "Book", key, request_hash)

        assert await store.read(answered()) is None
        await store.write(call)
        assert await store.read(answered()) == b"booked 1"
        assert await store.read(answered(key="")) is None
        with pytest.raises(IdempotencyKeyReusedError):
            await store.read(answered(OTHER_HASH))
        clock.advance(72 * HOUR)
        assert await store.read(answered()) is None

    async def test_calls_without_a_key_are_all_first_calls(self, store: Store) -> None:
        """An empty key is never stored."""
        await store.write(set_up)

        assert await store.write(lambda tx: call(tx, "1", key="")) == b"booked 1"
        assert await store.write(lambda tx: call(tx, "2", key="")) == b"booked 2"

    async def test_events_come_in_order_from_a_position(self, store: Store) -> None:
        """Each event is seen once, oldest first, from the position behind the last one seen."""
        await store.write(set_up)

        def record(version):
            return lambda tx: tx.record("acme", event("BOOKED", ANA_MONDAY, version), "clerk")

        for version in (1, 2, 3):
            await store.write(record(version))
        await store.write(lambda tx: tx.record("other", event("BOOKED", BEN_MONDAY, 9), "clerk"))

        first = await store.read(lambda tx: tx.events_after("acme", "", 2))
        rest = await store.read(lambda tx: tx.events_after("acme", first[-1].position, 9))
        assert [stored.event.version for stored in [*first, *rest]] == [1, 2, 3]
        assert first[0].event == event("BOOKED", ANA_MONDAY, 1)
        assert first[0].at == NOW
        assert await store.read(lambda tx: tx.events_after("acme", rest[-1].position, 9)) == []

    async def test_the_newest_position_is_known(self, store: Store) -> None:
        """Who starts to listen now asks for the last position, and sees only what comes after."""
        await store.write(set_up)
        assert await store.read(lambda tx: tx.last_position("acme")) == ""
        await store.write(lambda tx: tx.record("acme", event("BOOKED", ANA_MONDAY, 1), "clerk"))
        await store.write(lambda tx: tx.record("other", event("BOOKED", BEN_MONDAY, 1), "clerk"))

        newest = await store.read(lambda tx: tx.last_position("acme"))
        assert await store.read(lambda tx: tx.events_after("acme", newest, 9)) == []
        await store.write(lambda tx: tx.record("acme", event("MOVED", ANA_MONDAY, 2), "clerk"))
        (after,) = await store.read(lambda tx: tx.events_after("acme", newest, 9))
        assert after.event.kind == "MOVED"

    async def test_an_event_names_its_shift(self, store: Store) -> None:
        """The route of an event is the whole route key; events without a route have none."""
        await store.write(set_up)
        evening = event("BOOKED", ANA_EVENING, 1)
        nowhere = Event("CREATED", "visits/v1", None, 0)
        await store.write(lambda tx: [tx.record("acme", e, "clerk") for e in (evening, nowhere)])

        found = await store.read(lambda tx: tx.events_after("acme", "", 9))
        assert [stored.event for stored in found] == [evening, nowhere]

    @pytest.mark.parametrize("position", ["x", "-1", "1.5", "9" * 40, "٣"])
    async def test_a_foreign_position_is_refused(self, store: Store, position: str) -> None:
        """A position that this store never gave out is a wrong request."""
        with pytest.raises(InvalidRequestError):
            await store.read(lambda tx: tx.events_after("acme", position, 9))

    async def test_an_event_exists_only_with_its_mutation(self, store: Store) -> None:
        """Rolled back together: no event, no audit entry."""
        await store.write(set_up)

        def fail(tx):
            tx.record("acme", event("BOOKED", ANA_MONDAY, 1), "clerk")
            raise LookupError

        with pytest.raises(LookupError):
            await store.write(fail)

        assert await store.read(lambda tx: tx.events_after("acme", "", 9)) == []
        assert (await store.read(lambda tx: tx.verify_audit("acme"))).entries == 0

    async def test_each_tenant_has_an_audit_chain(self, store: Store) -> None:
        """Entries of different tenants do not mix, and each chain verifies."""
        await store.write(set_up)
        for tenant in ("acme", "other", "acme"):
            await store.write(
                lambda tx, t=tenant: tx.record(t, event("BOOKED", ANA_MONDAY, 1, "é"), "clerk")
            )

        ours = await store.read(lambda tx: tx.verify_audit("acme"))
        theirs = await store.read(lambda tx: tx.verify_audit("other"))
        assert (ours.entries, ours.broken_at) == (2, None)
        assert (theirs.entries, theirs.broken_at) == (1, None)
        assert ours.head != theirs.head
