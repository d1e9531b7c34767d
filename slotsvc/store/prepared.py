"""Statements that are run for every booking: built and compiled once, then handed to the driver.

SQLAlchemy writes the SQL, once for each engine and each set of parameters; running it again asks
neither its compiler nor its result objects, which cost several times what SQLite takes for the
work itself. ``connection.execute(statement, parameters)`` stays the one way to run either kind.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple, NoReturn

from sqlalchemy import (
    BindParameter,
    ColumnClause,
    Connection,
    Dialect,
    Executable,
    Insert,
    Integer,
    literal_column,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.sql import visitors

from slotsvc.store.exchange import NamedStatement, Sent

JUST_ONE: ColumnClause[int] = literal_column("1", Integer)
"""For ``limit``: written out, since SQLite plans a statement anew for every bound limit."""

_MOST_LISTED = 4
"""Longer lists are rare, and would be another statement each."""

_JOURNEYS = "postgresql"
"""The engine whose statements travel to a server, several at once where they may (pipeline mode
of libpq)."""
_WAITING = "slotsvc_later"
_NUMBERED: Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
"""As libpq has it, without the driver between."""

_row_class: Any = namedtuple  # its names are known when the statement has run

type _Values = Mapping[str, Any]
type _Reader = tuple[int, Callable[[Any], Any]]


@dataclass(frozen=True, slots=True)
class _Given:
    """Stands for a value while the SQL is written. ``key``: the parameter's name, or with it the
    row and the column in a list."""

    key: str | tuple[str, int, int]


class Rows:
    """All rows of one execution, read already. What it has is as SQLAlchemy's result has it."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows, self.rowcount = rows, rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        """Every row."""
        return self._rows

    def one_or_none(self) -> Any:
        """The only row. Raises ``MultipleResultsFound``."""
        if len(self._rows) > 1:
            raise MultipleResultsFound("more than one row was found")
        return self._rows[0] if self._rows else None

    def scalar(self) -> Any:
        """The first value of the first row; None without a row."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        """The first value of the only row. Raises ``NoResultFound``, ``MultipleResultsFound``."""
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("no row was found")
        return row[0]

    def scalars(self) -> Rows:
        """The first value of every row."""
        return Rows([row[0] for row in self._rows], self.rowcount)


NOTHING = Rows([], -1)
"""Of a statement that is run later."""


class _Ready:
    """The SQL for one engine and one set of parameters, and how values get into it and out."""

    def __init__(self, statement: Any, dialect: Dialect, given: _Values, lists: list[str]) -> None:
        # no statement here asks for the number that the database gives to a new row
        many = isinstance(statement, Insert)
        travels = dialect.name == _JOURNEYS
        compiled = statement.compile(
            dialect=_NUMBERED if travels else dialect,
            column_keys=list(given),
            for_executemany=many,
        )
        state = compiled.construct_expanded_state(_places(given, lists))
        self.sql: str = state.statement
        self.named = NamedStatement(self.sql) if travels else None
        self._lists = lists
        self._fixed: dict[Any, Any] = {}
        keys: list[Any] = []
        for name in state.positiontup or ():
            value = state.parameters[name]
            keys.append(value.key if isinstance(value, _Given) else name)
            if not isinstance(value, _Given):
                self._fixed[name] = value
        self._picked = _picking(keys)
        self._readers = _readers(statement, dialect)
        self._was_run = False
        self._row: Callable[[Any], Any] | None = None

    def values(self, given: _Values) -> tuple[Any, ...]:
        """As the driver wants them, in order."""
        known: dict[Any, Any] = {**self._fixed, **given}
        for name in self._lists:
            for row, value in enumerate(given[name]):
                cells = value if isinstance(value, tuple) else (value,)
                for column, cell in enumerate(cells):
                    known[name, row, column] = cell
        return self._picked(known)

    def rows(self, cursor: Any) -> list[Any]:
        """What the cursor has; none when the statement is one that gives none."""
        if not self._was_run:  # asked once: to describe itself costs a driver more than to fetch
            self._was_run = True
            if cursor.description:
                names = [column[0] for column in cursor.description]
                self._row = _row_class("row", names, rename=True)._make
        if self._row is None:
            return []
        found = cursor.fetchall()
        if self._readers:
            found = [_read(row, self._readers) for row in found]
        return [self._row(row) for row in found]


class _Asked(NamedTuple):
    """A statement with its values, one or many of them."""

    ready: _Ready
    values: list[Any]
    check: Callable[[Rows], None] | None = None

    @property
    def sent(self) -> Sent:
        """For a journey."""
        assert self.ready.named is not None
        return Sent(self.ready.named, self.values)

    def tell(self, connection: Connection, cursor: Any = None) -> None:
        """Listeners for statements hear of it."""
        many = len(self.values) > 1
        for listener in connection.dispatch.before_cursor_execute:
            listener(connection, cursor, self.ready.sql, self.values[0], None, many)

    def run(self, connection: Connection, cursor: Any) -> Rows:
        """By a driver's cursor."""
        self.tell(connection, cursor)
        if len(self.values) > 1:
            cursor.executemany(self.ready.sql, self.values)
        else:
            cursor.execute(self.ready.sql, self.values[0])
        return Rows(self.ready.rows(cursor), cursor.rowcount)


class Prepared(Executable):
    """``statement``, to be run often. Parameters are given as for any other statement.

    ``later``: nobody looks at what it gives, so where a statement is a journey to a server it goes
    with the next one; its errors then come with that one. ``send`` before the commit.
    """

    def __init__(self, statement: Executable, *, later: bool = False) -> None:
        self._statement = statement
        self._later = later
        self._lists = _lists_in(statement)
        self._ready: dict[tuple[Any, ...], _Ready] = {}

    # by this SQLAlchemy runs whatever it is given
    def _execute_on_connection(
        self, connection: Connection, distilled_params: Any, execution_options: Any
    ) -> Any:
        given: Sequence[_Values] = distilled_params or ({},)
        if not self.suits(given[0]):
            return connection.execute(self._statement, given)
        asked = self.asked(connection, given)
        if self._later and connection.dialect.name == _JOURNEYS:
            connection.info.setdefault(_WAITING, []).append(asked)
            return NOTHING
        return _run(connection, [asked])[-1]

    def suits(self, given: _Values) -> bool:
        """Whether its lists are short."""
        return all(len(given[name]) <= _MOST_LISTED for name in self._lists)

    def asked(self, connection: Connection, given: Sequence[_Values]) -> _Asked:
        """It with its values, for the engine of ``connection``."""
        name, first = connection.dialect.name, given[0]
        key = (name, *first, *(len(first[listed]) for listed in self._lists))
        ready = self._ready.get(key)
        if ready is None:
            ready = _Ready(self._statement, connection.dialect, first, self._lists)
            self._ready[key] = ready
        return _Asked(ready, [ready.values(one) for one in given])


def together(connection: Connection, *asked: tuple[Executable, _Values]) -> list[Any]:
    """What several statements give, run in this order, in one journey where they are prepared."""
    if all(isinstance(one, Prepared) and one.suits(values) for one, values in asked):
        ready = [one.asked(connection, [values]) for one, values in asked]  # type: ignore[attr-defined]
        return _run(connection, ready)
    return [connection.execute(one, values) for one, values in asked]


def later(
    connection: Connection,
    statement: Prepared,
    given: Sequence[_Values],
    check: Callable[[Rows], None],
) -> None:
    """Runs it as those that are run later; ``check`` is told what it gave, before the commit, and
    raises what then keeps the transaction from it."""
    if connection.dialect.name == _JOURNEYS and statement.suits(given[0]):
        asked = statement.asked(connection, given)._replace(check=check)
        connection.info.setdefault(_WAITING, []).append(asked)
    else:
        told: Any = connection.execute(statement, given)
        check(told)


def send(connection: Connection, *, commit: bool = False) -> None:
    """Runs what is still to be run later. ``commit``: and ends the transaction, in one journey
    with what nobody looks at."""
    if connection.dialect.name != _JOURNEYS:
        return
    if commit and any(one.check for one in connection.info.get(_WAITING, ())):
        _travel(connection, [])
    _travel(connection, [], commit=commit)


def forget(connection: Connection) -> None:
    """Drops what a transaction that failed had put off."""
    if not connection.invalidated:
        connection.info.pop(_WAITING, None)


def _run(connection: Connection, asked: list[_Asked]) -> list[Rows]:
    """What ``asked`` gives, behind what waits."""
    if connection.dialect.name == _JOURNEYS:
        return _travel(connection, asked)
    if not connection.in_transaction():
        connection.begin()
    driver: Any = connection.connection.dbapi_connection
    cursor = driver.cursor()
    try:
        return [one.run(connection, cursor) for one in asked]
    except connection.dialect.loaded_dbapi.Error as error:
        _raise(connection, error, asked)
    finally:
        cursor.close()


def _travel(connection: Connection, asked: list[_Asked], *, commit: bool = False) -> list[Rows]:
    every = [*connection.info.pop(_WAITING, ()), *asked]
    if not every and not commit:
        return []
    if not connection.in_transaction():
        connection.begin()
    for one in every:
        one.tell(connection)
    driver: Any = connection.connection.dbapi_connection
    try:
        told = driver.line.travel([one.sent for one in every], commit=commit)
    except connection.dialect.loaded_dbapi.Error as error:
        _raise(connection, error, every)
    rows = [Rows(found.rows, found.rowcount) for found in told]
    for one, given in zip(every, rows, strict=True):
        if one.check is not None:
            one.check(given)
    return rows[len(every) - len(asked) :]


def _raise(connection: Connection, error: Exception, asked: list[_Asked]) -> NoReturn:
    """As SQLAlchemy raises it; also empties the pool when the server is gone."""
    text = "; ".join(one.ready.sql for one in asked)
    connection._handle_dbapi_exception(error, text, None, None, None)
    raise error


def _lists_in(statement: Any) -> list[str]:
    """Names of parameters that take a list."""
    binds = (e for e in visitors.iterate(statement) if isinstance(e, BindParameter))
    return sorted({bind.key for bind in binds if bind.expanding})


def _places(given: _Values, lists: list[str]) -> dict[str, Any]:
    """Where each value will stand, in place of the values."""
    places: dict[str, Any] = {name: _Given(name) for name in given}
    for name in lists:
        places[name] = [
            tuple(_Given((name, row, column)) for column in range(len(value)))
            if isinstance(value, tuple)
            else _Given((name, row, 0))
            for row, value in enumerate(given[name])
        ]
    return places


def _picking(keys: Sequence[Any]) -> Callable[[_Values], tuple[Any, ...]]:
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda known: tuple(known[key] for key in keys)


def _readers(statement: Any, dialect: Dialect) -> list[_Reader]:
    """For columns whose values an engine has in another form than the code (truth, on SQLite)."""
    columns = getattr(statement, "exported_columns", ())
    found = (c.type.dialect_impl(dialect).result_processor(dialect, None) for c in columns)
    return [(number, reader) for number, reader in enumerate(found) if reader is not None]


def _read(row: Sequence[Any], readers: Sequence[_Reader]) -> list[Any]:
    values = list(row)
    for number, reader in readers:
        values[number] = reader(values[number])
    return values
