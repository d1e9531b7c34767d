"""Journeys to PostgreSQL through libpq: what is sent is stored as it is; one failure ends all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import DataError, OperationalError
from psycopg.errors import UniqueViolation

from slotsvc.store.bounded_connection import BoundedConnection
from slotsvc.store.exchange import Line, NamedStatement, Sent

MAKE = "CREATE TABLE thing (id text PRIMARY KEY, number bigint, good boolean, raw bytea)"
NEW = NamedStatement("INSERT INTO thing VALUES ($1, $2, $3, $4)")
ALL = NamedStatement("SELECT id, number, good, raw FROM thing ORDER BY id")
SUM = NamedStatement("SELECT sum(one)::bigint AS all_of_it FROM unnest(CAST($1 AS int[])) one")
PLAIN = ("a", 1, True, b"")


@pytest.fixture
def line(empty_postgres_url: str) -> Iterator[Line]:
    with closing(BoundedConnection.connect(empty_postgres_url)) as connection:
        connection.execute(MAKE)
        connection.line = Line(connection)
        connection.line.travel([], commit=True)
        yield connection.line


def rows(line: Line) -> list[tuple[object, ...]]:
    return [tuple(row) for row in line.travel([Sent(ALL, [()])])[0].rows]


def others(url: str) -> int:
    """Rows that another connection sees."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM thing").fetchone()
    return int(found[0]) if found else 0


def test_values_come_back_as_they_were(line: Line) -> None:
    """Nothing, quotes, signs of other scripts, large and small numbers, bytes with a zero in them;
    a list of numbers too. Rows have names."""
    told = [
        ("", None, None, None),
        ('it\'s \\ "Ağrı" 東 {,}', -(2**62), False, b"\0\xff'"),
        ("z", 2**62, True, b""),
    ]
    new, found, added = line.travel(
        [Sent(NEW, told), Sent(ALL, [()]), Sent(SUM, [([1, -2, 2**31 - 1],)])]
    )

    assert new.rowcount == 3
    assert [tuple(row) for row in found.rows] == told
    assert added.rows[0].all_of_it == 2**31 - 2


def test_a_journey_may_end_with_a_commit(line: Line, empty_postgres_url: str) -> None:
    """What others see comes with it, and the next journey begins another transaction."""
    line.travel([Sent(NEW, [PLAIN])])
    assert others(empty_postgres_url) == 0
    line.travel([Sent(NEW, [("b", 2, None, None)])], commit=True)
    assert others(empty_postgres_url) == 2
    line.travel([Sent(NEW, [("c", 2, None, None)])])
    line.undo()
    assert others(empty_postgres_url) == 2


def test_nothing_is_done_behind_what_fails(line: Line, empty_postgres_url: str) -> None:
    """The commit least of all; afterwards the line is as good as new, and what the server was told
    of on the way is known."""
    with pytest.raises(UniqueViolation, match="thing_pkey"):
        line.travel([Sent(NEW, [PLAIN, PLAIN, ("b", 1, None, None)]), Sent(ALL, [()])], commit=True)
    assert others(empty_postgres_url) == 0
    line.undo()

    line.travel([Sent(NEW, [PLAIN])])
    assert rows(line) == [PLAIN]


def test_a_wrong_value_is_refused_before_anything_is_sent(line: Line) -> None:
    """PostgreSQL's texts have no NUL; libpq would cut them there. What was done before stands."""
    line.travel([Sent(NEW, [PLAIN])])
    with pytest.raises(DataError, match="NUL"):
        line.travel([Sent(NEW, [("b\0c", 1, None, None)])])
    with pytest.raises(TypeError, match="float"):
        line.travel([Sent(NEW, [("b", 1.5, None, None)])])

    assert rows(line) == [PLAIN]


def test_long_journeys_do_not_block_each_other(line: Line) -> None:
    """Megabytes in both directions: neither side waits until the other has read."""
    many = [(f"{n:04}", n, True, b"x" * 40_000) for n in range(100)]
    line.travel([Sent(NEW, many), *[Sent(ALL, [()])] * 3])

    assert len(rows(line)) == 100


def test_a_line_that_ended_says_so(line: Line, empty_postgres_url: str) -> None:
    """Once it is noticed, and for ever."""
    with psycopg.connect(empty_postgres_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    for _ in range(2):
        with pytest.raises(OperationalError):
            line.travel([Sent(ALL, [()])])
