"""Activar/Desactivar en masa: looked at first, then done as it was seen."""

from __future__ import annotations

import pytest

from slotsvc.portal.access.contacts import contact_by_id
from slotsvc.portal.company.bulk import OutdatedPreviewError, apply, preview
from slotsvc.portal.company.clients import client_of, search
from tests.portal.company.books import NOW, SAM, Books


def test_preview_says_who_would_change_and_changes_nothing(books: Books) -> None:
    """Three clients without access, one of whom nobody could come in for."""
    for name, ref in (("C", "c"), ("A", "a"), ("B", "b")):
        client = books.client(name, ref)
        if name != "B":
            books.contact(client, email=f"{ref}@example.org")
    planned = books.do(lambda tx: preview(tx, "riviera", True))

    assert [name for _, name in planned.changing] == ["A", "B", "C"]
    assert (planned.clients, planned.unreachable, planned.contacts) == (3, 1, 0)
    assert not any(
        line.client.access for line in books.do(lambda tx: search(tx, "", None, 1)).lines
    )


def test_contacts_become_users_only_when_asked(books: Books) -> None:
    """With the tick, contacts that can be reached become portal users; others never do."""
    client = books.client()
    anna = books.contact(client, "Anna", email="anna@example.org", portal_user=False)
    ben = books.contact(client, "Ben", portal_user=False)
    planned = books.do(lambda tx: preview(tx, "riviera", True, True))
    assert (planned.contacts, planned.unreachable) == (1, 0)
    assert books.do(lambda tx: preview(tx, "riviera", True)).unreachable == 1

    books.do(lambda tx: apply(tx, "riviera", planned.fingerprint, True, True, SAM, NOW))
    users = [books.do(lambda tx, id=id: contact_by_id(tx, id)).portal_user for id in (anna, ben)]  # type: ignore[misc,union-attr]
    assert users == [True, False]


def test_applying_something_else_than_seen_is_refused(books: Books) -> None:
    """A client added between looking and applying: nothing is done."""
    books.client("A", "a")
    seen = books.do(lambda tx: preview(tx, "riviera", True)).fingerprint
    added = books.client("B", "b")

    with pytest.raises(OutdatedPreviewError):
        books.do(lambda tx: apply(tx, "riviera", seen, True, False, SAM, NOW))
    assert not books.do(lambda tx: client_of(tx, added.id)).access  # type: ignore[union-attr]
    assert "BULK_ACCESS_ON" not in books.told()


def test_switching_all_off_signs_everybody_out(books: Books) -> None:
    """New access off ends the sessions (S13), and the audit says how many clients it was."""
    client = books.client()
    books.session(books.contact(client))
    on = books.do(lambda tx: preview(tx, "riviera", True)).fingerprint
    books.do(lambda tx: apply(tx, "riviera", on, True, False, SAM, NOW))
    assert books.open_sessions() == 1

    off = books.do(lambda tx: preview(tx, "riviera", False)).fingerprint
    books.do(lambda tx: apply(tx, "riviera", off, False, False, SAM, NOW))
    assert books.open_sessions() == 0
    assert books.told()[:2] == ["BULK_ACCESS_OFF", "BULK_ACCESS_ON"]
