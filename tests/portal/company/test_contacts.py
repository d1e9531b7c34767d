"""Contacts: normalised as logins are, dates and sites, and what a change ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slotsvc.portal.access.contacts import contact_by_id
from slotsvc.portal.access.permanent_links import ensure_link, link_of
from slotsvc.portal.company.contacts import (
    Closed,
    ContactData,
    ContactProblem,
    ContactRefusedError,
    change_contact,
    contact_unit,
    data_of,
    judged,
    sharing,
    why_closed,
)
from slotsvc.portal.company.links import make_link, offer_links, take_link_back
from slotsvc.portal.company.units import save
from slotsvc.portal.unit_settings import shown_unit
from slotsvc.portal.visitor import BusinessUnit
from tests.portal.company.books import NOW, SAM, SITES, Books

URL = "https://portal.example"


def bu(books: Books) -> BusinessUnit:
    """The unit with its settings in force."""
    unit = books.unit()
    return shown_unit(unit, unit.live)


def change(books: Books, contact: str, **changed: Any) -> list[str]:
    """Changes the contact as the form does; gives the fields."""
    found = books.do(lambda tx: contact_by_id(tx, contact))
    assert found is not None
    data = books.do(lambda tx: data_of(tx, found))
    right = judged(replace(data, **changed), bu(books), SITES)
    return books.do(lambda tx: change_contact(tx, found, right, SAM, NOW))


def test_addresses_are_normalised_as_logins_are(books: Books) -> None:
    """Capitals and blanks go; a national number becomes that of the unit's country."""
    typed = ContactData(" Anna ", email=" Anna@EXAMPLE.org ", phone="+33 6 12 34 56 78")
    data = judged(typed, bu(books), SITES)

    assert (data.name, data.email, data.phone) == ("Anna", "anna@example.org", "+33612345678")


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        ({"name": ""}, "name", ContactProblem.MISSING),
        ({"name": "x" * 201}, "name", ContactProblem.TOO_LONG),
        ({"email": "anna"}, "email", ContactProblem.NOT_AN_EMAIL),
        ({"email": "a@b.org\nBcc: c@d.org"}, "email", ContactProblem.NOT_AN_EMAIL),
        ({"phone": "12"}, "phone", ContactProblem.NOT_A_PHONE),
        ({"access_from": "tomorrow"}, "access_from", ContactProblem.NOT_A_DATE),
        ({"access_from": "2030-02-30"}, "access_from", ContactProblem.NOT_A_DATE),
        (
            {"access_from": "2030-06-04", "access_until": "2030-06-03"},
            "access_until",
            ContactProblem.ENDS_BEFORE_START,
        ),
        ({"all_sites": False}, "sites", ContactProblem.NO_SITE),
        (
            {"all_sites": False, "sites": ("tenants/acme/sites/foreign",)},
            "sites",
            ContactProblem.UNKNOWN_SITE,
        ),
        ({"locale": "de"}, "locale", ContactProblem.UNKNOWN_LANGUAGE),
    ],
)
def test_wrong_field_is_named(
    books: Books, changed: dict[str, Any], field: str, problem: ContactProblem
) -> None:
    """The problem says where it is; a foreign site cannot be given to a contact."""
    with pytest.raises(ContactRefusedError) as refused:
        judged(replace(ContactData("Anna"), **changed), bu(books), SITES)
    assert refused.value.problems == {field: problem}


def test_new_address_takes_the_link_back(books: Books) -> None:
    """The link that went to the old address is dead with the change (S5)."""
    anna = books.contact(books.client(), email="anna@example.org")
    books.do(lambda tx: ensure_link(tx, books.secrets, anna, URL, NOW))
    assert change(books, anna, email="new@example.org") == ["email"]

    found = books.do(lambda tx: contact_by_id(tx, anna))
    assert found is not None
    assert link_of(books.secrets, found, URL) is None
    assert found.email == "new@example.org"


def test_same_data_changes_nothing(books: Books) -> None:
    """Saving without a change writes no entry, and keeps the link."""
    anna = books.contact(books.client(), email="anna@example.org")
    told = books.told()
    assert change(books, anna, email="ANNA@example.org") == []
    assert books.told() == told


def test_no_portal_user_any_more_is_signed_out(books: Books) -> None:
    """Unticking "portal user" ends his sessions."""
    anna = books.contact(books.client())
    books.session(anna)
    change(books, anna, portal_user=False)
    assert books.open_sessions() == 0


def test_scope_of_sites_is_kept(books: Books) -> None:
    """Chosen sites are stored and given back; "all" forgets the choice."""
    anna = books.contact(books.client(), all_sites=False, sites=("tenants/acme/sites/a",))
    both = tuple(sorted(SITES))
    assert change(books, anna, sites=both) == ["sites"]
    assert change(books, anna, all_sites=True) == ["all_sites"]


def test_staff_learns_whom_an_address_is_shared_with(books: Books) -> None:
    """Two clients with one telephone: allowed, and said."""
    one, two = books.client("A", "a"), books.client("B", "b")
    books.contact(one, "Anna", phone="+33612345678")
    data = ContactData("Ben", phone="+33612345678")
    found = books.do(lambda tx: sharing(tx, "riviera", data))
    assert [(each.field, each.name, each.client_name) for each in found] == [("phone", "Anna", "A")]

    ben = books.contact(two, "Ben", phone="+33612345678")
    assert len(books.do(lambda tx: sharing(tx, "riviera", data, ben))) == 1


def test_why_somebody_cannot_come_in(books: Books) -> None:
    """Every reason is told, not only the first."""
    anna = books.contact(
        books.client(), portal_user=False, access_from="2030-06-04", access_until="2030-06-05"
    )
    found = books.do(lambda tx: contact_unit(tx, anna))
    assert found is not None
    assert why_closed(*found, NOW) == [
        Closed.UNIT_INACTIVE, Closed.NO_ACCESS, Closed.NOT_A_USER, Closed.TOO_EARLY,
        Closed.NO_ADDRESS,
    ]  # fmt: skip


def test_links_are_there_without_asking_and_stay_revoked(books: Books) -> None:
    """With permanent codes every portal user has a link; one taken back stays so."""
    unit = books.unit()
    books.do(lambda tx: save(tx, "riviera", 1, replace(unit.live, default_access=True), SAM, NOW))
    client = books.client()
    anna = books.contact(client, "Anna", email="anna@example.org")
    books.contact(client, "Ben", portal_user=False)
    secrets = books.secrets
    assert books.do(lambda tx: offer_links(tx, secrets, "riviera", SAM, NOW)) == 1

    found = books.do(lambda tx: contact_by_id(tx, anna))
    assert found is not None
    books.do(lambda tx: take_link_back(tx, found, SAM, NOW))
    assert books.do(lambda tx: offer_links(tx, secrets, "riviera", SAM, NOW)) == 0
    link = books.do(lambda tx: make_link(tx, secrets, found, URL, SAM, NOW))
    assert link.startswith(f"{URL}/riviera/k/")
    assert link.rpartition("/")[2] not in str(books.told())
