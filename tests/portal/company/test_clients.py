"""Clients: found by what people remember of them, added, let in and shut out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slotsvc.portal.company.clients import (
    ClientProblem,
    ClientRefusedError,
    add_client,
    client_of,
    rename_client,
    search,
    set_access,
)
from slotsvc.portal.company.units import save
from tests.portal.company.books import NOW, SAM, Books


@pytest.mark.parametrize(
    "words",
    ["élodie", "ELODIE", "menton élo", "VDM-17", "elodie@mairie", "06 12 34 56 78", "+33 6 12 34",
     "0612345678"],
)  # fmt: skip
def test_found_by_anything_one_remembers(books: Books, words: str) -> None:
    """Name, reference, contact, e-mail or number; case, accents and blanks do not matter."""
    client = books.client("Ville de Menton", "VDM-17")
    books.contact(client, "Élodie Martin", email="elodie@mairie.example", phone="+33612345678")
    books.client("Somebody else", "other")
    found = books.do(lambda tx: search(tx, words, None, 1))

    assert [line.client.name for line in found.lines] == ["Ville de Menton"]
    assert (found.lines[0].contacts, found.lines[0].users) == (1, 1)


@pytest.mark.parametrize("words", ["%", "_", "06", "x' OR 1=1 --", "nobody"])
def test_odd_words_find_nobody(books: Books, words: str) -> None:
    """Wildcards and quotes are letters like others; two digits are too few for a number."""
    books.contact(books.client(), phone="+33612345678")
    assert books.do(lambda tx: search(tx, words, None, 1)).total == 0


def test_pages_of_a_long_list(books: Books) -> None:
    """25 a page, by name; a page too far is the last one."""
    for number in range(30):
        books.client(f"Client {number:02}", f"ref{number}")
    first, last = (books.do(lambda tx, at=at: search(tx, "", "riviera", at)) for at in (1, 9))  # type: ignore[misc]

    assert (len(first.lines), first.total, first.pages) == (25, 30, 2)
    assert (last.page, last.lines[-1].client.name) == (2, "Client 29")


def test_new_clients_start_as_the_unit_says(books: Books) -> None:
    """ "Active by default for new clients" counts from the moment it is in force."""
    assert not books.client("A", "a").access
    unit = books.unit()
    books.do(lambda tx: save(tx, "riviera", 1, replace(unit.live, default_access=True), SAM, NOW))
    assert books.client("B", "b").access
    assert not books.do(lambda tx: search(tx, "A", None, 1)).lines[0].client.access


@pytest.mark.parametrize(
    ("bu", "name", "ref", "problems"),
    [
        ("riviera", " ", "r", {"name": ClientProblem.MISSING}),
        ("riviera", "N", "", {"ref": ClientProblem.MISSING}),
        ("riviera", "N" * 201, "r", {"name": ClientProblem.TOO_LONG}),
        ("riviera", "N", "menton", {"ref": ClientProblem.REF_TAKEN}),
        ("nowhere", "N", "r", {"business_unit": ClientProblem.UNKNOWN_UNIT}),
    ],
)
def test_wrong_field_is_named(
    books: Books, bu: str, name: str, ref: str, problems: dict[str, ClientProblem]
) -> None:
    """Nothing is added, and the problem says where it is."""
    books.client(ref="menton")
    with pytest.raises(ClientRefusedError) as refused:
        books.do(lambda tx: add_client(tx, bu, name, ref, SAM, NOW))
    assert refused.value.problems == problems


def test_unticked_client_is_signed_out_everywhere(books: Books) -> None:
    """Portal access off ends the sessions of all contacts; ticking twice says it once."""
    client = books.client()
    books.do(lambda tx: set_access(tx, client, True, SAM, NOW))
    books.session(books.contact(client, "Anna"))
    books.session(books.contact(client, "Ben"))
    books.do(lambda tx: set_access(tx, replace(client, access=True), False, SAM, NOW))
    books.do(lambda tx: set_access(tx, client, False, SAM, NOW))

    assert books.open_sessions() == 0
    assert books.told().count("ACCESS_OFF") == 1


def test_renamed(books: Books) -> None:
    """A new name is kept, an empty one refused."""
    client = books.client()
    books.do(lambda tx: rename_client(tx, client, " New ", SAM, NOW))
    assert books.do(lambda tx: client_of(tx, client.id)).name == "New"  # type: ignore[union-attr]
    with pytest.raises(ClientRefusedError):
        books.do(lambda tx: rename_client(tx, client, "", SAM, NOW))
