"""Every visit and placement through the tables and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysqlite3 import dbapi2
from sqlalchemy import Engine, create_engine, insert, select

from slotsvc.domain.route_violation import RouteViolation
from slotsvc.domain.time_window import to_epoch
from slotsvc.scheduling.ports import StoredVisit
from slotsvc.store.tables import METADATA, PLACEMENT, ROUTE_VIOLATION, VISIT
from slotsvc.store.violation_rows import violation_from, violation_rows
from slotsvc.store.visit_tables import (
    LAPSED,
    LIVE,
    all_visits,
    history_row,
    placed_visits,
    placement_row,
    stored_visit_from,
    visit_row,
)
from tests.store.samples import ANA_EVENING
from tests.store.strategies import instants, stored_visits, unplaced_visits, violations


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


@given(stored=unplaced_visits)
def test_a_visit_without_a_place_survives_its_table(engine: Engine, stored: StoredVisit) -> None:
    """What never had a place is read as it was written, in every field."""
    with engine.connect() as connection:
        connection.execute(insert(VISIT).values(visit_row(stored)))
        back = stored_visit_from(connection.execute(all_visits()).one())
        connection.rollback()

    assert back == stored


@given(found=st.lists(violations, max_size=3))
def test_violations_survive_their_table(engine: Engine, found: list[RouteViolation]) -> None:
    """Every field, in the order given, equal ones included."""
    with engine.connect() as connection:
        for row in violation_rows(ANA_EVENING, found):
            connection.execute(insert(ROUTE_VIOLATION).values(row))
        rows = connection.execute(select(ROUTE_VIOLATION).order_by(ROUTE_VIOLATION.c.number))
        back = [violation_from(row) for row in rows]
        connection.rollback()

    assert back == found


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
