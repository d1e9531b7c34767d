"""Every entity through its table and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from pysqlite3 import dbapi2
from sqlalchemy import Engine, create_engine, insert, select

from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.store.calendar_tables import ENTITIES
from slotsvc.store.tables import METADATA
from tests.store.strategies import entities


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Tables in memory, without the foreign keys: one row is looked at alone."""
    engine = create_engine("sqlite://", module=dbapi2)
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@given(entity=entities)
def test_an_entity_survives_its_table(engine: Engine, entity: Entity) -> None:
    """What is written into a row is read from it, equal in every field."""
    stored = ENTITIES[type(entity)]
    keys = {name: 1 for name in ("revision", "calendar_revision") if name in stored.table.c}
    if "tenant" in stored.table.c:
        keys["tenant"] = "acme"

    with engine.connect() as connection:
        connection.execute(insert(stored.table).values(stored.to_row(entity) | keys))
        back = stored.from_row(connection.execute(select(stored.table)).one())
        connection.rollback()

    assert back == entity


def test_every_kind_of_entity_has_a_table() -> None:
    """The port's union of entities and the table of tables name the same kinds."""
    assert set(Entity.__value__.__args__) == set(ENTITIES)
