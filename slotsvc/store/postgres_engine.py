"""PostgreSQL through SQLAlchemy and psycopg: bounded pools, bounded waits, readers with a snapshot.

Nothing may wait for ever: neither for a lock, nor for a statement, nor for a transaction whose
process was stopped, nor for a server that is no longer there.
"""

from __future__ import annotations

from typing import Any

from psycopg import IsolationLevel
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL

from slotsvc.store.bounded_connection import BoundedConnection
from slotsvc.store.exchange import Line
from slotsvc.store.prepared import forget, send

LOCK_WAIT_MS = 2_000
"""Longest wait for a lock; whoever holds one longer is in trouble."""

STATEMENT_MS = 5_000
IDLE_IN_TRANSACTION_MS = 10_000
"""A transaction whose process sleeps this long is ended by the server, and its locks are free."""

ANSWER_MS = STATEMENT_MS + 2_000
"""A server that has not ended a statement by then, as it was told to, is not there."""

NAME = "slotsvc"
"""Under which the server lists our connections, whatever the address or the environment says: who
brings a database back counts them."""

POOL_WAIT_S = 1.0
"""Longest wait for a connection of the pool."""

_CONNECT_S = 3
# A server that vanished without a word is noticed in about ten seconds, not in two hours.
_ALIVE = {
    "connect_timeout": _CONNECT_S,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def is_postgres(url: str) -> bool:
    """Whether this is the address of a PostgreSQL database."""
    return make_url(url).get_backend_name() in ("postgresql", "postgres")


def without_password(url: str) -> str:
    """The address as it may be shown and logged."""
    return make_url(url).set(password=None).difference_update_query(["password"]).render_as_string()


def writer_engine(url: str, connections: int) -> Engine:
    """READ COMMITTED: each statement sees what was committed before it, so also what was written
    while it waited for its locks."""
    return _engine(url, connections, IsolationLevel.READ_COMMITTED)


def reader_engine(url: str, connections: int) -> Engine:
    """Connections that cannot write; a transaction sees one snapshot, taken by its first read."""
    return _engine(url, connections, IsolationLevel.REPEATABLE_READ, read_only=True)


def schema_engine(url: str) -> Engine:
    """One connection for changes of the tables, which may take long once they have their locks."""
    return _engine(url, 1, IsolationLevel.READ_COMMITTED, statement_ms=0)


def _engine(
    url: str,
    connections: int,
    isolation: IsolationLevel,
    *,
    read_only: bool = False,
    statement_ms: int = STATEMENT_MS,
) -> Engine:
    engine = create_engine(
        _with_driver(url),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        connect_args=_ALIVE | {"application_name": NAME, "options": _options(statement_ms)},
        hide_parameters=True,  # parameters are personal data, and errors are logged
    )

    begins = f"BEGIN ISOLATION LEVEL {isolation.name.replace('_', ' ')}"
    begins += " READ ONLY" if read_only else " READ WRITE"

    @event.listens_for(engine, "do_connect")
    def connect(_: object, _record: object, words: list[Any], options: dict[str, Any]) -> Any:
        connection = BoundedConnection.connect(*words, **options)
        if statement_ms:
            connection.longest_wait_s = ANSWER_MS / 1000
        connection.line = Line(connection, begins.encode(), connection.longest_wait_s)
        return connection

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = isolation
        connection.read_only = read_only

    _keep_order(engine)
    return engine


def _keep_order(engine: Engine) -> None:
    """What was put off (``slotsvc.store.prepared``) comes before what is not, and with the commit
    at the latest; after a rollback it never does."""

    @event.listens_for(engine, "before_cursor_execute")
    def send_first(connection: Connection, *told: Any) -> None:
        *_, context, _many = told
        if context is not None:  # prepared statements have none, and see to it themselves
            send(connection)

    event.listen(engine, "commit", send)
    event.listen(engine, "rollback", forget)


def _with_driver(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")


def _options(statement_ms: int) -> str:
    """Given with the connection: no round trip, and nothing to forget when it is made anew."""
    settings = {
        "lock_timeout": LOCK_WAIT_MS,
        "statement_timeout": statement_ms,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS,
        # the server, too, notices a process that vanished: its connections are few
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
        "synchronous_commit": "on",
        "timezone": "UTC",
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())
