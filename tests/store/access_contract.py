"""What every store must do with API keys."""

from __future__ import annotations

from dataclasses import replace

from slotsvc.domain.access import ApiKey, Role, digest_of
from slotsvc.scheduling.ports import Store
from tests.store.samples import HOUR, NOW, set_up

PLANNER = ApiKey(
    "planner00000", "acme", Role.PLANNER, "Board", digest_of("s"), NOW,
    methods=frozenset({"SlotService", "MapService/GetMap"}), expires=NOW + HOUR,
)  # fmt: skip
CLIENT = replace(PLANNER, id="client000000", role=Role.CLIENT, client="c-1", expires=None)
OPERATOR = replace(PLANNER, id="operator0000", tenant="", role=Role.OPERATOR)


def add_all(tx) -> None:
    for key in (PLANNER, CLIENT, OPERATOR):
        tx.add_key(key)


class AccessContract:
    async def test_a_key_comes_back_as_it_was_made(self, store: Store) -> None:
        """Every field of it, found by its id alone; an unknown id finds nothing."""
        await store.write(set_up)
        await store.write(add_all)

        for key in (PLANNER, CLIENT, OPERATOR):
            assert await store.read(lambda tx, id=key.id: tx.key(id)) == key
        assert await store.read(lambda tx: tx.key("nobody000000")) is None

    async def test_keys_are_listed_by_whose_they_are(self, store: Store) -> None:
        """A tenant's in order of id, a page at a time; operators' apart from them."""
        await store.write(set_up)
        await store.write(add_all)

        assert await store.read(lambda tx: tx.keys("acme", "", 10)) == [CLIENT, PLANNER]
        assert await store.read(lambda tx: tx.keys("acme", "", 1)) == [CLIENT]
        assert await store.read(lambda tx: tx.keys("acme", CLIENT.id, 10)) == [PLANNER]
        assert await store.read(lambda tx: tx.keys("", "", 10)) == [OPERATOR]

    async def test_a_technicians_keys_are_found(self, store: Store) -> None:
        """Of that technician in that tenant, those that are not revoked."""
        own = replace(PLANNER, id="technician00", role=Role.TECHNICIAN, technician="anna")
        keys = (
            own,
            replace(own, id="technician01"),
            replace(own, id="other0000000", technician="b"),
        )
        await store.write(set_up)
        await store.write(add_all)
        await store.write(lambda tx: [tx.add_key(key) for key in keys])

        await store.write(lambda tx: tx.revoke_key("technician01", NOW))

        assert await store.read(lambda tx: tx.keys_of("acme", "anna")) == [own]
        assert await store.read(lambda tx: tx.keys_of("other", "anna")) == []

    async def test_a_key_is_revoked_and_seen(self, store: Store) -> None:
        """Each at an instant, the others untouched."""
        await store.write(set_up)
        await store.write(add_all)

        await store.write(lambda tx: tx.note_key_use(PLANNER.id, NOW))
        await store.write(lambda tx: tx.revoke_key(PLANNER.id, NOW + HOUR))

        changed = replace(PLANNER, last_used=NOW, revoked=NOW + HOUR)
        assert await store.read(lambda tx: tx.key(PLANNER.id)) == changed
        assert await store.read(lambda tx: tx.key(CLIENT.id)) == CLIENT
