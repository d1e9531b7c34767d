"""Keys, and who holds them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from slotsvc.domain.access import ApiKey, Principal, Role, digest_of, key_text, split_key

NOW = datetime(2030, 6, 3, 6, 0, tzinfo=UTC)
SECRET = "s" * 43
KEY = ApiKey("abcdefghijkl", "acme", Role.PLANNER, "Board", digest_of(SECRET), NOW)


def test_a_key_is_opened_by_its_secret_only() -> None:
    """The digest of another secret, or of none, does not do."""
    assert KEY.opened_by(SECRET)
    assert not KEY.opened_by(SECRET[:-1] + "t")
    assert not KEY.opened_by("")


def test_a_key_ends_at_its_expiry_or_revocation() -> None:
    """The moment of expiry is outside; revoked is revoked."""
    later = NOW + timedelta(hours=1)

    assert KEY.live(later)
    assert replace(KEY, expires=later).live(later - timedelta(seconds=1))
    assert not replace(KEY, expires=later).live(later)
    assert not replace(KEY, revoked=NOW).live(later)


def test_a_key_does_not_show_its_digest() -> None:
    """What is printed by accident is of no use."""
    assert KEY.digest.hex()[:8] not in repr(KEY)
    assert "digest" not in repr(KEY)


def test_the_text_of_a_key_is_read_back() -> None:
    """Id and secret, underscores in the secret included."""
    secret = "_" * 43
    assert split_key(key_text("abcdefghijkl", secret)) == ("abcdefghijkl", secret)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "slk__",
        f"slk_short_{SECRET}",
        f"slk_abcdefghijkl_{SECRET}x",
        f"SLK_abcdefghijkl_{SECRET}",
        f"slk_abcdefghijkl_{SECRET}\n",
        f"slk_abcdefghijkl_{'é' * 43}",
    ],
)
def test_what_is_no_key_is_told_before_anything_is_asked(text: str) -> None:
    """Another length, prefix or alphabet."""
    assert split_key(text) is None


def test_a_principal_says_whose_data_it_may_touch() -> None:
    """Clients and technicians their own, all others anybody's; the actor names the key."""
    client = Principal(Role.CLIENT, "acme", "k", client="c 1")
    technician = Principal(Role.TECHNICIAN, "acme", "k", technician="ann")

    assert (client.subject, technician.subject) == ("clients/c 1", "technicians/ann")
    assert KEY.principal.subject == ""
    assert KEY.principal.actor == "apiKeys/abcdefghijkl"
    assert replace(client, gateway=True).actor == "apiKeys/k on behalf of clients/c 1"


def test_methods_narrow_a_key() -> None:
    """By service, or by method; none named: all."""
    narrow = Principal(
        Role.PLANNER, "acme", "k", methods=frozenset({"MapService", "SlotService/SuggestSlots"})
    )

    assert narrow.may_use("MapService", "GetMap")
    assert narrow.may_use("SlotService", "SuggestSlots")
    assert not narrow.may_use("SlotService", "HoldSlot")
    assert KEY.principal.may_use("SlotService", "HoldSlot")
