"""Every visit and placement through the tables and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given
from pysqlite3 import dbapi2
from sqlalchemy import Engine, create_engine, insert, select

from slotsvc.domain.time_window import to_epoch
from slotsvc.scheduling.ports import StoredVisit
from slotsvc.store.tables import METADATA, PLACEMENT, VISIT
from slotsvc.store.visit_tables import (
    LAPSED,
    LIVE,
    history_row,
    placed_visits,
    placement_row,
    stored_visit_from,
    visit_row,
)
from tests.store.strategies import instants, stored_visits


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Tables in memory."""
    engine = create_engine("sqlite://", module=dbapi2)
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@given(stored=stored_visits())
def test_a_visit_survives_its_tables(engine: Engine, stored: StoredVisit) -> None:
    """Visit, placement and bookkeeping are read as they were written, in every field."""
    with engine.connect() as connection:
        connection.execute(insert(VISIT).values(visit_row(stored)))
        placement = placement_row(stored.placement) | history_row(stored)
        connection.execute(insert(PLACEMENT).values(placement))
        back = stored_visit_from(connection.execute(placed_visits()).one())
        connection.rollback()

    assert back == stored


@given(stored=stored_visits(), now=instants)
def test_the_database_judges_holds_as_the_domain_does(
    engine: Engine, stored: StoredVisit, now: datetime
) -> None:
    """The conditions "live" and "lapsed" agree with ``Placement.live``, to the second."""
    placement = stored.placement
    instant = placement.expires or now
    with engine.connect() as connection:
        row = placement_row(placement) | history_row(stored)
        connection.execute(insert(PLACEMENT).values(row))
        at = {"now": to_epoch(instant)}
        live = connection.execute(select(PLACEMENT.c.id).where(LIVE), at).all()
        lapsed = connection.execute(select(PLACEMENT.c.id).where(LAPSED), at).all()
        connection.rollback()

    assert bool(live) == placement.live(instant)
    assert not (live and lapsed)
