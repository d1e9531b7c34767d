"""How many statements a booking is: what it costs on any machine, however busy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from slotsvc.domain.visit import Pin
from slotsvc.store.exchange import Line
from tests.scheduling.booking_company import PLACES
from tests.scheduling.booking_world import BookingWorld, scratch, template, work_at
from tests.scheduling.postgres_world import PostgresWorld

HOLD, CONFIRM = 23, 20
"""Most statements on SQLite, BEGIN among them; here the clock is not asked by one."""

HOLD_JOURNEYS, CONFIRM_JOURNEYS = 2 + 5, 5
"""On PostgreSQL, to see and to write; BEGIN and COMMIT travel with others, but for the end of
the reading."""

LOCKS = 3
"""More on PostgreSQL, where BEGIN is the driver's: turn, route, journal."""


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[BookingWorld]:
    if request.param == "postgresql":
        with closing(PostgresWorld(request.getfixturevalue("postgres_url"))) as found:
            yield found
        return
    with scratch() as directory, closing(BookingWorld(template(Path(directory)))) as found:
        yield found


@contextmanager
def statements() -> Iterator[list[str]]:
    """Those of every engine, while the block runs."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        seen.append(sql)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def counted(work: Callable[[], object]) -> list[str]:
    with statements() as seen:
        work()
    return seen


def test_a_booking_asks_the_store_few_things(world: BookingWorld) -> None:
    """The second hold and the second confirmation: what stands in the calendar is known by then,
    and a route is read once in a transaction."""
    most = LOCKS if isinstance(world, PostgresWorld) else 0
    five = timedelta(minutes=5)
    wish = work_at(PLACES[0])
    first = world.hold(world.search(wish)[0], five)
    world.confirm(first.stored.placed.id, Pin.NONE)
    same_day = (o for o in world.search(wish) if o.route == first.stored.placed.route)
    offer, held = next(same_day), []

    holding = counted(lambda: held.append(world.hold(offer, five).stored.placed.id))
    confirming = counted(lambda: world.confirm(held[0], Pin.NONE))

    assert len(holding) <= HOLD + most, "\n".join(holding)
    assert len(confirming) <= CONFIRM + most, "\n".join(confirming)
    assert not [sql for sql in (*holding, *confirming) if " FROM absence" in sql]


def test_a_booking_makes_few_journeys(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second hold and the second confirmation, whatever each of them asks on its way."""
    journeys, travel = [0], Line.travel

    def counting(line: Line, *args: Any, **options: Any) -> Any:
        journeys[0] += 1
        return travel(line, *args, **options)

    monkeypatch.setattr(Line, "travel", counting)
    five = timedelta(minutes=5)
    with closing(PostgresWorld(postgres_url)) as world:
        first = world.hold(world.search(work_at(PLACES[0]))[0], five)
        world.confirm(first.stored.placed.id, Pin.NONE)
        offer = world.search(work_at(PLACES[0]))[0]
        journeys[0] = 0
        held = world.hold(offer, five).stored.placed.id
        holding, journeys[0] = journeys[0], 0
        world.confirm(held, Pin.NONE)

    assert (holding, journeys[0]) == (HOLD_JOURNEYS, CONFIRM_JOURNEYS)
