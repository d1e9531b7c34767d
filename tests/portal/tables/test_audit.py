"""The audit: append-only, with the deed or not at all, and without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from slotsvc.portal.tables.audit import Actor, newest, record
from slotsvc.portal.tables.schema import AUDIT
from tests.portal.company.books import NOW, opened_books


def test_newest_first_and_page_by_page(tmp_path: Path) -> None:
    """Pages follow each other by the id where the last one ended; one kind can be asked for."""
    with opened_books(tmp_path) as books:
        for number in range(5):
            what = "EVEN" if number % 2 == 0 else "ODD"
            books.do(lambda tx, what=what: record(tx, NOW, "portal", what, network="192.0.2.0/24"))  # type: ignore[misc]
        first = books.do(lambda tx: newest(tx, 2))
        rest = books.do(lambda tx: newest(tx, 10, before=first[-1].id))
        odd = books.do(lambda tx: newest(tx, 10, what="ODD"))

    assert [each.what for each in first + rest] == ["EVEN", "ODD", "EVEN", "ODD", "EVEN"]
    assert len(odd) == 2


def test_who_does_something_brings_his_network(tmp_path: Path) -> None:
    """An entry without a network of its own is from where its actor is."""
    sam = Actor("staff/sam", "192.0.2.0/24")
    with opened_books(tmp_path) as books:
        books.do(lambda tx: record(tx, NOW, sam, "HIS"))
        books.do(lambda tx: record(tx, NOW, sam, "OTHER", network="198.51.100.0/24"))
        other, his = books.do(lambda tx: newest(tx, 2))

    assert (his.actor, his.network) == ("staff/sam", "192.0.2.0/24")
    assert other.network == "198.51.100.0/24"


@pytest.mark.parametrize("statement", [update(AUDIT).values(what="X"), delete(AUDIT)])
def test_nothing_is_changed_or_deleted(tmp_path: Path, statement: object) -> None:
    """The database itself refuses UPDATE and DELETE."""
    with opened_books(tmp_path) as books:
        books.do(lambda tx: record(tx, NOW, "portal", "LOGIN"))
        with pytest.raises(DatabaseError, match="append-only"):
            books.do(lambda tx: tx.execute(statement))  # type: ignore[call-overload]
        assert books.told() == ["LOGIN"]


def test_entry_stands_only_with_the_deed(tmp_path: Path) -> None:
    """A transaction that fails leaves no entry; and long texts are cut."""

    def failing(tx: object) -> None:
        record(tx, NOW, "portal", "LOST")  # type: ignore[arg-type]
        raise RuntimeError

    with opened_books(tmp_path) as books:
        with pytest.raises(RuntimeError):
            books.do(failing)
        books.do(lambda tx: record(tx, NOW, "portal", "KEPT", data={"note": "x" * 900}))
        entries = books.do(lambda tx: newest(tx, 10))

    assert [each.what for each in entries] == ["KEPT"]
    assert len(entries[0].data["note"]) == 200
