"""Clients and contacts added by mistake: corrected and removed while nobody came in."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from slotsvc.portal.access.contacts import contact_by_id
from slotsvc.portal.company.clients import (
    ClientProblem,
    ClientRefusedError,
    change_ref,
    client_of,
)
from slotsvc.portal.company.unused import (
    InUseError,
    client_unused,
    remove_client,
    remove_contact,
)
from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.schema import CONTACT_SITES, CONTACTS
from tests.portal.company.books import NOW, SAM, SITES, Books


def rows(books: Books, table: object) -> int:
    """How many rows a table has."""
    query = select(func.count()).select_from(table)  # type: ignore[arg-type]
    return books.do(lambda tx: int(tx.execute(query).scalar_one()))


def test_client_that_nobody_used_goes_with_his_contacts(books: Books) -> None:
    """Nothing is left but the audit's entry."""
    client = books.client()
    books.contact(client, "Anna", all_sites=False, sites=tuple(SITES))
    books.do(lambda tx: remove_client(tx, client, SAM, NOW))

    assert books.do(lambda tx: client_of(tx, client.id)) is None
    assert (rows(books, CONTACTS), rows(books, CONTACT_SITES)) == (0, 0)
    assert books.told()[0] == "CLIENT_REMOVED"


def test_contact_that_nobody_used_goes_alone(books: Books) -> None:
    """The client and the others stay."""
    client = books.client()
    anna, ben = books.contact(client, "Anna"), books.contact(client, "Ben")
    found = books.do(lambda tx: contact_by_id(tx, anna))
    assert found is not None
    books.do(lambda tx: remove_contact(tx, found, SAM, NOW))

    assert books.do(lambda tx: contact_by_id(tx, anna)) is None
    assert books.do(lambda tx: contact_by_id(tx, ben)) is not None
    assert books.told()[0] == "CONTACT_REMOVED"


@pytest.mark.parametrize("trace", ["session", "audit"])
def test_who_came_in_is_kept(books: Books, trace: str) -> None:
    """A sign-in leaves a session for a day, and its entry in the audit for ever."""
    client = books.client()
    anna = books.contact(client)
    assert books.do(lambda tx: client_unused(tx, client))
    if trace == "session":
        books.session(anna)
    else:
        subject = f"contacts/{anna}"
        books.do(lambda tx: record(tx, NOW, subject, "LOGIN", subject=subject))
    found = books.do(lambda tx: contact_by_id(tx, anna))
    assert found is not None

    with pytest.raises(InUseError):
        books.do(lambda tx: remove_client(tx, client, SAM, NOW))
    with pytest.raises(InUseError):
        books.do(lambda tx: remove_contact(tx, found, SAM, NOW))


def test_reference_is_corrected(books: Books) -> None:
    """Another client's is refused; the audit has the one before."""
    client = books.client("A", "a")
    books.client("B", "b")
    with pytest.raises(ClientRefusedError) as refused:
        books.do(lambda tx: change_ref(tx, client, " b ", SAM, NOW))
    assert refused.value.problems == {"ref": ClientProblem.REF_TAKEN}
    books.do(lambda tx: change_ref(tx, client, "c", SAM, NOW))

    found = books.do(lambda tx: client_of(tx, client.id))
    assert found is not None
    assert found.ref == "c"
    assert books.told()[0] == "CLIENT_CHANGED"
