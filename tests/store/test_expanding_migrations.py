"""Replicas of the version before run on the newest tables: migrations only add (F34)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from slotsvc.store import migrate
from slotsvc.store.postgres_engine import schema_engine

FIRST_SHARED = "0009"
"""The tables that a PostgreSQL had first: before it nobody shared them."""

_COLUMNS = """
SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'public'
"""
_CONSTRAINTS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
"""
_UNIQUE = """
SELECT x.indrelid::regclass::text, pg_get_indexdef(x.indexrelid) FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND x.indisunique
"""
_TRIGGERS = """
SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
"""
RULES = (_CONSTRAINTS, _UNIQUE, _TRIGGERS)

type Rows = set[tuple[object, ...]]


@pytest.fixture
def connection(empty_postgres_url: str) -> Iterator[Connection]:
    engine = schema_engine(empty_postgres_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def later() -> list[str]:
    """Each revision since then, oldest first."""
    walked = ScriptDirectory(str(migrate._SCRIPTS)).walk_revisions(FIRST_SHARED, "head")
    return [one.revision for one in walked if one.revision != FIRST_SHARED][::-1]


def upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate._SCRIPTS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def rows(connection: Connection, statement: str) -> Rows:
    return {tuple(row) for row in connection.execute(sa.text(statement))}


def burdens(before: Rows, after: Rows, rules: Rows, more: Rows) -> list[object]:
    """What somebody who knows only the tables ``before`` would stumble over."""
    tables = {table for table, *_ in before}
    added = [row for row in after - before if row[0] in tables]
    return [
        *sorted(before - after, key=str),
        *(row for row in added if row[4] == "NO" and row[5] is None),
        *(rule for rule in sorted(more - rules, key=str) if rule[0] in tables),
    ]


def test_every_migration_only_adds(connection: Connection) -> None:
    """Nothing that was there goes, changes or gets a new rule, and a new column of an old table can
    be left out: so old code goes on, and can be exchanged process by process."""
    found = {}
    upgrade(connection, FIRST_SHARED)
    for revision in later():
        before, rules = rows(connection, _COLUMNS), rules_of(connection)
        upgrade(connection, revision)
        found[revision] = burdens(before, rows(connection, _COLUMNS), rules, rules_of(connection))
    assert len(found) >= 2
    assert {revision: told for revision, told in found.items() if told} == {}


def rules_of(connection: Connection) -> Rows:
    return set().union(*(rows(connection, statement) for statement in RULES))


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE visit DROP COLUMN note",
        "ALTER TABLE visit ADD COLUMN colour text NOT NULL",
        "ALTER TABLE visit ALTER COLUMN note TYPE varchar(10)",
        "ALTER TABLE visit RENAME TO appointment",
        "ALTER TABLE visit ADD CHECK (id <> '')",
        "CREATE UNIQUE INDEX one_each ON visit (tenant)",
    ],
)
def test_what_is_no_addition_is_found(connection: Connection, change: str) -> None:
    """The test above can fail."""
    upgrade(connection, "head")
    before, rules = rows(connection, _COLUMNS), rules_of(connection)
    connection.execute(sa.text(change))
    assert burdens(before, rows(connection, _COLUMNS), rules, rules_of(connection))
