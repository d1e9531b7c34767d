"""Statements that are compiled once: what they give is what SQLAlchemy would give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, NoResultFound

from slotsvc.store import engine as sqlite
from slotsvc.store import postgres_engine as postgres
from slotsvc.store.prepared import Prepared, Rows, later, send, together

THING = Table(
    "thing",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("good", Boolean, nullable=False),
    Column("raw", LargeBinary),
)
NEW = Prepared(insert(THING))
ALL = Prepared(select(THING).order_by(THING.c.id))
SOME = Prepared(
    select(THING.c.id)
    .where(tuple_(THING.c.id, THING.c.number).in_(bindparam("which", expanding=True)))
    .order_by(THING.c.id)
)
_GROW = update(THING).where(THING.c.id == bindparam("at")).values(number=THING.c.number + 1)
GROW, GROW_LATER = Prepared(_GROW), Prepared(_GROW, later=True)
NEW_LATER = Prepared(insert(THING), later=True)
NUMBER = Prepared(text("SELECT number FROM thing WHERE id = :at"))


def thing(id: str, number: int = 1) -> dict[str, object]:
    return {"id": id, "number": number, "good": number > 0, "raw": bytes([number])}


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """One table, three rows."""
    if request.param == "sqlite":
        made = sqlite.writer_engine(tmp_path / "things.db")
    else:
        made = postgres.writer_engine(request.getfixturevalue("empty_postgres_url"), 2)
    with made.begin() as connection:
        THING.create(connection)
        connection.execute(NEW, [thing("a"), thing("b", 0), thing("c", 3)])
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection, connection.begin():
        yield connection


def test_rows_are_read_as_their_columns_say(connection: Connection) -> None:
    """By name and in order; truth is truth on SQLite too, and bytes are bytes."""
    rows = connection.execute(ALL).all()

    assert [(r.id, r.number, r.good, r.raw) for r in rows] == [
        ("a", 1, True, b"\1"),
        ("b", 0, False, b"\0"),
        ("c", 3, True, b"\3"),
    ]
    assert [tuple(r) for r in rows] == [tuple(r) for r in connection.execute(select(THING)).all()]


@pytest.mark.parametrize(("count", "expected"), [(1, ["a"]), (3, ["a", "c"]), (9, ["a", "c"])])
def test_lists_may_be_short_or_long(
    connection: Connection, count: int, expected: list[str]
) -> None:
    """Each length is a statement; long ones are SQLAlchemy's own."""
    which = [("a", 1), ("b", 7), *[("c", 3)] * 7][:count]

    assert connection.execute(SOME, {"which": which}).scalars().all() == expected


def test_a_row_is_one_or_none_or_too_many(connection: Connection) -> None:
    """As SQLAlchemy has it."""
    assert connection.execute(NUMBER, {"at": "c"}).scalar_one() == 3
    assert connection.execute(NUMBER, {"at": "x"}).one_or_none() is None
    assert connection.execute(NUMBER, {"at": "x"}).scalar() is None
    with pytest.raises(NoResultFound):
        connection.execute(NUMBER, {"at": "x"}).scalar_one()
    with pytest.raises(MultipleResultsFound):
        connection.execute(ALL).one_or_none()


def test_rows_that_were_changed_are_counted(connection: Connection) -> None:
    """One call for one row, one for many, none for none."""
    assert connection.execute(GROW, {"at": "a"}).rowcount == 1
    assert connection.execute(GROW, {"at": "x"}).rowcount == 0
    assert connection.execute(GROW, [{"at": "a"}, {"at": "b"}]).rowcount == 2


def test_an_error_is_sqlalchemys(connection: Connection) -> None:
    """So that what it means is told in one place; the values are not in it."""
    with pytest.raises(IntegrityError) as caught:
        connection.execute(NEW, thing("a"))

    assert "INSERT INTO thing" in str(caught.value)
    assert "b'" not in str(caught.value)


def test_what_is_run_later_is_run_in_order(connection: Connection) -> None:
    """Before the next statement, whoever runs that: prepared, together with others, or neither."""
    connection.execute(GROW_LATER, {"at": "a"})
    assert connection.execute(NUMBER, {"at": "a"}).scalar_one() == 2
    connection.execute(GROW_LATER, {"at": "a"})
    assert connection.execute(select(THING.c.number).where(THING.c.id == "a")).scalar_one() == 3
    connection.execute(GROW_LATER, {"at": "a"})
    first, _ = together(connection, (NUMBER, {"at": "a"}), (ALL, {}))
    assert first.scalar_one() == 4


def test_what_is_run_later_is_committed(engine: Engine) -> None:
    """With the last statement of a transaction too, and not when the transaction is undone."""
    with engine.begin() as connection:
        connection.execute(GROW_LATER, {"at": "a"})
    with engine.connect() as connection, connection.begin() as begun:
        connection.execute(GROW_LATER, {"at": "a"})
        begun.rollback()
    with engine.begin() as connection:
        assert connection.execute(NUMBER, {"at": "a"}).scalar_one() == 2


def test_errors_of_what_is_run_later_come_when_it_is_sent(connection: Connection) -> None:
    """At the latest; SQLite runs it at once."""

    def twice() -> None:
        connection.execute(NEW_LATER, thing("b"))
        send(connection)

    with pytest.raises(IntegrityError):
        twice()


@pytest.mark.parametrize("commit", [False, True])
def test_what_is_checked_later_keeps_a_transaction_from_its_commit(
    engine: Engine, commit: bool
) -> None:
    """The check hears what the statement gave, at once or when it is sent, and before the commit
    also where that would travel along."""
    heard: list[int] = []

    def check(told: Rows) -> None:
        heard.append(told.rowcount)
        if told.rowcount != 1:
            raise LookupError

    def work() -> None:
        with engine.begin() as connection:
            later(connection, GROW, [{"at": "a"}], check)
            later(connection, GROW, [{"at": "x"}], check)
            send(connection, commit=commit)

    with pytest.raises(LookupError):
        work()
    with engine.begin() as connection:
        assert connection.execute(NUMBER, {"at": "a"}).scalar_one() == 1
    assert heard == [1, 0]
