"""The company's people: one-time links, resets, and never without an administrator (S47)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from slotsvc.portal.access.staff import (
    StaffProblem,
    StaffRefusedError,
    enrol,
    everybody,
    first_administrator,
    invite,
    invited,
    reset,
    set_disabled,
)
from slotsvc.portal.tables.schema import AUDIT, INVITATIONS, SESSIONS, STAFF
from slotsvc.portal.visitor import StaffRole
from tests.portal.company.books import NOW, SAM, Books, opened_books


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Tables without anybody of the company."""
    with opened_books(tmp_path) as books:
        yield books


def link(books: Books, email: str = "Ada@Example.org", name: str = "Ada") -> str:
    """The token that the command line prints."""
    return books.do(lambda tx: first_administrator(tx, books.secrets, email, name, NOW))


def use(books: Books, token: str, now: datetime = NOW) -> str | None:
    """Sets up the login behind a link; gives the session's token."""
    return books.do(lambda tx: enrol(tx, books.secrets, token, "argon2", 1, "test", now))


def alive(books: Books, token: str, now: datetime = NOW) -> bool:
    """Whether a link still works."""
    return books.do(lambda tx: invited(tx, token, now)) is not None


def id_of(books: Books, name: str) -> str:
    """The id of somebody."""
    return next(each.id for each in books.do(everybody) if each.name == name)


def test_link_works_once(books: Books) -> None:
    """Whoever is second finds it dead."""
    token = link(books)
    assert use(books, token) is not None
    assert use(books, token) is None


def test_link_ends_after_a_day(books: Books) -> None:
    """24 hours after it was made, to the second."""
    token = link(books)
    assert alive(books, token, NOW + timedelta(hours=24, seconds=-1))
    assert not alive(books, token, NOW + timedelta(hours=24))
    assert use(books, token, NOW + timedelta(hours=24)) is None


def test_newer_link_kills_the_older(books: Books) -> None:
    """Asked again before she is ready, the command line gives a new link to the same person."""
    first, second = link(books), link(books)
    assert (alive(books, first), alive(books, second)) == (False, True)
    assert len(books.do(everybody)) == 1


def test_refused_once_an_administrator_is_ready(books: Books) -> None:
    """With an administrator who can sign in, there is nothing to make from the command line."""
    use(books, link(books))
    with pytest.raises(StaffRefusedError) as refused:
        link(books, "eve@example.org", "Eve")
    assert refused.value.problem is StaffProblem.ADMINISTRATOR_EXISTS


@pytest.mark.parametrize(
    ("email", "name", "problem"),
    [
        ("ada", "Ada", StaffProblem.NOT_AN_EMAIL),
        ("ada@example.org\r\nBcc: x@y.zz", "Ada", StaffProblem.NOT_AN_EMAIL),
        ("ada@example.org", "  ", StaffProblem.NAME_MISSING),
        ("ada@example.org", "x" * 201, StaffProblem.TOO_LONG),
    ],
)
def test_bad_name_or_address_is_refused(
    books: Books, email: str, name: str, problem: StaffProblem
) -> None:
    """Nobody is added, and the problem is named."""
    with pytest.raises(StaffRefusedError) as refused:
        link(books, email, name)
    assert refused.value.problem is problem
    assert books.do(everybody) == []


def test_invited_planner_gets_a_link_and_his_role(books: Books) -> None:
    """An invitation is a person with a role and a link; the same address is refused."""
    member, token = books.do(
        lambda tx: invite(tx, "Ben@example.org", "Ben", StaffRole.PLANNER, SAM, NOW)
    )
    assert (member.role, member.ready, alive(books, token)) == (StaffRole.PLANNER, False, True)
    with pytest.raises(StaffRefusedError) as refused:
        books.do(lambda tx: invite(tx, "BEN@example.org", "B", StaffRole.PLANNER, SAM, NOW))
    assert (refused.value.problem, refused.value.field) == (StaffProblem.EMAIL_TAKEN, "email")


def test_reset_takes_the_old_login_away(books: Books) -> None:
    """Password, authenticator and sessions are gone; a new link sets up anew."""
    use(books, link(books))
    _, token = books.do(lambda tx: invite(tx, "b@example.org", "Ben", StaffRole.PLANNER, SAM, NOW))
    use(books, token)
    assert books.open_sessions() == 2
    ben = id_of(books, "Ben")
    member, again = books.do(lambda tx: reset(tx, ben, SAM, NOW))

    assert books.open_sessions() == 1
    assert not next(each for each in books.do(everybody) if each.id == member.id).ready
    assert use(books, again) is not None


def test_disabled_person_is_out_and_his_link_dead(books: Books) -> None:
    """Sessions end at once, an unused link dies, and enabling does not revive it."""
    use(books, link(books))
    _, token = books.do(lambda tx: invite(tx, "b@example.org", "Ben", StaffRole.PLANNER, SAM, NOW))
    ben = id_of(books, "Ben")
    books.do(lambda tx: set_disabled(tx, ben, True, SAM, NOW))
    books.do(lambda tx: set_disabled(tx, ben, False, SAM, NOW))
    assert not alive(books, token)


def test_last_administrator_stays(books: Books) -> None:
    """Neither disabled nor reset: nobody of the company could let her in again."""
    use(books, link(books))
    ada = id_of(books, "Ada")
    for work in (
        lambda tx: set_disabled(tx, ada, True, SAM, NOW),
        lambda tx: reset(tx, ada, SAM, NOW),
    ):
        with pytest.raises(StaffRefusedError) as refused:
            books.do(work)
        assert refused.value.problem is StaffProblem.LAST_ADMINISTRATOR


def test_audit_tells_the_story_without_secrets(books: Books) -> None:
    """Link and enrolment are in the audit; the token is nowhere in the tables."""
    token = link(books)
    session = use(books, token)
    assert books.told() == ["STAFF_ENROLLED", "FIRST_ADMINISTRATOR"]
    tables = (INVITATIONS, SESSIONS, STAFF, AUDIT)
    dump = str([books.do(lambda tx, each=each: tx.execute(select(each)).all()) for each in tables])  # type: ignore[misc]
    assert token not in dump
    assert session is not None
    assert session not in dump
