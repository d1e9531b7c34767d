"""Several statements in one journey to PostgreSQL and back, through libpq itself.

A statement that is run for every booking is known to the server by name after its first run; what
is left of running it is to write its values down and to read its rows. psycopg's cursors do more
for each (they look for placeholders, for the types of values, for a plan), which costs several
times what PostgreSQL takes for the work.

All statements of a journey are sent at once and end with one Sync. After one that fails the server
does none of the others.
"""

from __future__ import annotations

import time
from collections import namedtuple
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from psycopg import DataError, OperationalError, errors, pq, waiting
from psycopg.adapt import Transformer

BEGIN, COMMIT, ROLLBACK = b"BEGIN", b"COMMIT", b"ROLLBACK"

_IDLE = pq.TransactionStatus.IDLE
_SYNC = pq.ExecStatus.PIPELINE_SYNC
_TUPLES, _NOTHING = pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK
_NOT_DONE = pq.ExecStatus.PIPELINE_ABORTED
_BINARY = 1
_READABLE, _BOTH = waiting.Wait.R, waiting.Wait.RW
_NONE = waiting.Ready.NONE
_LOOK_S = 0.1
"""How often it is looked whether an answer is too late."""
TOO_LATE = "the server did not answer in time"
_numbers = count(1)
_row_class: Any = namedtuple  # its names are known when the statement has run

type Values = Sequence[Any]
type _Run = tuple[NamedStatement, list[bytes | None], list[int]]
type _Told = list[Any]
"""Results of one message; more than one only where a statement gave several."""


class NamedStatement:
    """SQL with ``$1`` … for values, under a name that no other statement of this process has.

    ``row``: makes a row of its values; None until the first was seen.
    """

    __slots__ = ("name", "row", "sql")

    def __init__(self, sql: str) -> None:
        self.name = f"slotsvc_{next(_numbers)}".encode()
        self.sql = sql.encode()
        self.row: Callable[[Any], Any] | None = None

    def named_row(self, result: Any) -> Callable[[Any], Any]:
        """How a row is made, with the names of the columns."""
        if self.row is None:
            names = [result.fname(number).decode() for number in range(result.nfields)]
            self.row = _row_class("row", names, rename=True)._make
        made: Callable[[Any], Any] = self.row
        return made


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement and its values, once or several times."""

    statement: NamedStatement
    values: Sequence[Values]


@dataclass(slots=True)
class Found:
    """``rows`` as the driver reads them; ``rowcount``: of all runs of the statement together, -1
    for one that counts none."""

    rows: list[Any]
    rowcount: int


class Line:
    """One connection's journeys. ``begins``: the statement that begins a transaction;
    ``longest_s``: after so many seconds without an answer the connection is closed.

    Used by one thread at a time. Raises psycopg's errors.
    """

    def __init__(self, driver: Any, begins: bytes = BEGIN, longest_s: float = float("inf")) -> None:
        self._driver, self._pgconn = driver, driver.pgconn
        self._begins, self._longest_s = begins, longest_s
        self._known: set[NamedStatement] = set()
        self._readers: dict[NamedStatement, Any] = {}

    def travel(self, asked: Sequence[Sent], *, commit: bool = False) -> list[Found]:
        """What each gives, all in one transaction, which it begins where none runs and, with
        ``commit``, ends. Whether a commit that was lost on the way happened is not known."""
        begins = self._pgconn.transaction_status == _IDLE
        news = list(dict.fromkeys(s.statement for s in asked if s.statement not in self._known))
        runs = [(one.statement, *_written(values)) for one in asked for values in one.values]
        told = self._journey(lambda: self._say(begins, news, runs, commit))
        place = begins + len(news)
        for new, (result,) in zip(news, told[begins:place], strict=True):
            if result.status == _NOTHING:
                self._known.add(new)
        _refuse(told)
        found = []
        for one in asked:
            found.append(self._found(one.statement, told[place : place + len(one.values)]))
            place += len(one.values)
        return found

    def undo(self) -> None:
        """Rolls back what runs; does nothing where nothing does."""
        if self._pgconn.transaction_status != _IDLE:
            _refuse(self._journey(lambda: self._pgconn.send_query_params(ROLLBACK, None)))

    def _say(
        self, begins: bool, news: Sequence[NamedStatement], runs: Sequence[_Run], commit: bool
    ) -> None:
        pgconn = self._pgconn
        if begins:
            pgconn.send_query_params(self._begins, None)
        for new in news:
            pgconn.send_prepare(new.name, new.sql)
        for statement, values, formats in runs:
            pgconn.send_query_prepared(statement.name, values, formats, _BINARY)
        if commit:
            pgconn.send_query_params(COMMIT, None)

    def _journey(self, say: Callable[[], None]) -> list[_Told]:
        pgconn = self._pgconn
        if pgconn.status != pq.ConnStatus.OK:
            raise OperationalError("the connection is closed")
        pgconn.enter_pipeline_mode()
        try:
            say()
            pgconn.pipeline_sync()
            exchange = self._heard(time.monotonic() + self._longest_s)
            told: list[_Told] = waiting.wait(exchange, pgconn.socket, _LOOK_S)
            pgconn.exit_pipeline_mode()
        except BaseException:
            pgconn.finish()  # nobody knows what is still under way on it
            raise
        return told

    def _heard(self, give_up: float) -> Generator[Any, Any, list[_Told]]:
        pgconn = self._pgconn
        told: list[_Told] = []
        results: _Told = []
        wanted = _BOTH if pgconn.flush() else _READABLE
        while True:
            if (yield wanted) == _NONE:
                if time.monotonic() > give_up:
                    raise OperationalError(TOO_LATE)
                continue
            if wanted is _BOTH and not pgconn.flush():
                wanted = _READABLE
            pgconn.consume_input()
            while not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:
                    told.append(results)
                    results = []
                elif result.status == _SYNC:
                    return told
                else:
                    results.append(result)

    def _found(self, statement: NamedStatement, told: Sequence[_Told]) -> Found:
        rows: list[Any] = []
        counted = -1
        for (result,) in told:
            if (changed := result.command_tuples) is not None:
                counted = changed + max(counted, 0)
            if result.status == _TUPLES and result.ntuples:
                rows += self._rows(statement, result)
        return Found(rows, counted)

    def _rows(self, statement: NamedStatement, result: Any) -> list[Any]:
        reader = self._readers.get(statement)
        if reader is None:
            reader = self._readers[statement] = Transformer(self._driver)
            reader.set_pgresult(result)
        else:  # the types of a statement's columns never change
            reader.set_pgresult(result, set_loaders=False)
        try:
            return reader.load_rows(0, result.ntuples, statement.named_row(result))
        finally:
            reader.set_pgresult(None, set_loaders=False)


def _refuse(told: Sequence[_Told]) -> None:
    """Raises what the first that failed has to say."""
    for results in told:
        for result in results:
            if result.status not in (_TUPLES, _NOTHING):
                assert result.status != _NOT_DONE, "something failed before it"
                raise errors.error_from_result(result)


def _written(values: Values) -> tuple[list[bytes | None], list[int]]:
    """As the server reads them, and in which format: bytes as they are, all else as text."""
    return [_text(value) for value in values], [int(type(value) is bytes) for value in values]


def _text(value: Any) -> bytes | None:
    if value is None or type(value) is bytes:
        return value
    if type(value) is str:
        if "\0" in value:
            raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return value.encode()
    if type(value) is int:
        return b"%d" % value
    if type(value) is bool:
        return b"t" if value else b"f"
    if type(value) is list:  # of numbers
        return b"{%b}" % b",".join(b"%d" % one for one in value)
    raise TypeError(f"a {type(value).__name__} is not sent in a prepared statement")
