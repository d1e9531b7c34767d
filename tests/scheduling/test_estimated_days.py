"""Days booked without roads, on a line where the estimate is ten minutes from place to place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from slotsvc.domain.errors import TravelError
from slotsvc.domain.place import Location
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import RouteKey
from slotsvc.domain.working_time import DayHours, ShiftException
from slotsvc.scheduling.estimated_days import measure_estimated_days
from slotsvc.scheduling.hand_moves import HandMove
from slotsvc.scheduling.ports import StoredRoute, WriteTx
from slotsvc.scheduling.travel_blocks import TRIES_ON_ONE_MAP, both_ways
from slotsvc.scheduling.travel_port import Provenance, TravelTable
from tests.scheduling.booking_world import TENANT, BookingWorld, local, template
from tests.scheduling.line_day import LINE, LineRoads, Walk


class MoodyRoads(LineRoads):
    """A line that is only estimated while ``away``; else it takes ``factor`` times as long.

    ``meanwhile``: happens once, while the next question is on its way. ``never``: a place that no
    question with it is answered for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.away, self.factor, self.asked = True, 1, 0
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.never: Location | None = None

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        self.asked += 1
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        found = await super().table(sources, destinations)
        if self.away or self.never in (*sources, *destinations):
            return replace(found, provenance=Provenance.ESTIMATE)
        return replace(found, seconds=found.seconds * self.factor, map_id="line")


@pytest.fixture
def roads() -> MoodyRoads:
    return MoodyRoads()


@pytest.fixture
def estimated(tmp_path: Path, roads: MoodyRoads) -> Iterator[Walk]:
    """Two visits of an hour, windows of an hour, with time to spare as it is estimated."""
    world = BookingWorld(template(tmp_path), roads)
    walk = Walk(world)
    walk.booked(2, 8, 9)
    walk.booked(4, 10, 11)
    yield walk
    world.close()


def measure(walk: Walk) -> int:
    return walk.world.run(measure_estimated_days(walk.world.store, walk.world.travel))


def route(walk: Walk) -> StoredRoute:
    return walk.world.read(lambda tx: tx.routes_by_key([walk.route]))[walk.route]


def flags(walk: Walk) -> set[Provenance]:
    """Of the visits on the route."""
    found = (walk.world.read(lambda tx, id=visit: tx.visit(TENANT, id)) for visit in walk.order())
    return {stored.provenance for stored in found if stored is not None}


def kinds(walk: Walk) -> list[str]:
    found = walk.world.read(lambda tx: tx.events_after(TENANT, "", 1000))
    return [stored.event.kind for stored in found]


def test_a_damaged_day_keeps_no_other_from_being_measured(
    estimated: Walk, roads: MoodyRoads
) -> None:
    """Ann's stored driving is damaged: Bob's day is measured all the same, and then it is told."""
    visit = estimated.waiting(1)
    estimated.move(visit, 13, 14, who="bob")

    def damaged(tx: Any) -> None:
        spoil = "UPDATE route SET block = x'00' WHERE technician = 'ann'"
        tx._connection.exec_driver_sql(spoil)

    estimated.world.run(estimated.world.store.write(damaged))
    roads.away = False
    with pytest.raises(ValueError, match="travel block"):
        measure(estimated)

    found = estimated.world.read(lambda tx: tx.visit(TENANT, visit))
    assert found is not None
    assert found.provenance is Provenance.LIVE


def test_nothing_happens_while_roads_are_away(estimated: Walk) -> None:
    """No route is written, and every visit keeps its flag."""
    before = route(estimated)
    assert measure(estimated) == 0
    assert route(estimated).version == before.version
    assert flags(estimated) == {Provenance.ESTIMATE}


def test_a_day_with_time_to_spare_is_only_unflagged(estimated: Walk, roads: MoodyRoads) -> None:
    """One write, one event, the block is that of roads; a second look finds nothing to do."""
    before = route(estimated)
    roads.away = False
    assert measure(estimated) == 1
    after = route(estimated)
    assert after.version == before.version + 1
    assert after.block is not None
    assert (after.block.provenance, after.block.map_id) == (Provenance.LIVE, "line")
    assert [p.id for p in after.placements] == [p.id for p in before.placements]
    assert flags(estimated) == {Provenance.LIVE}
    assert kinds(estimated)[-1] == "ROUTE_MEASURED"
    assert not after.violations
    asked = roads.asked
    assert measure(estimated) == 0
    assert roads.asked == asked


def test_what_roads_break_is_recorded_and_nothing_is_moved(
    estimated: Walk, roads: MoodyRoads
) -> None:
    """Ten times slower than estimated: the late visits are on record, because of roads, with their
    events; order and windows stay."""
    before = route(estimated)
    roads.away, roads.factor = False, 10
    assert measure(estimated) == 1
    after = route(estimated)
    assert [(p.id, p.start_window) for p in after.placements] == [
        (p.id, p.start_window) for p in before.placements
    ]
    assert {v.kind for v in after.violations} >= {"LATE"}
    assert {v.origin for v in after.violations} == {Origin.ROADS}
    assert {"ROUTE_MEASURED", "ROUTE_BROKEN", "PROMISE_AT_RISK"} <= set(kinds(estimated))


def test_a_day_written_with_roads_meanwhile_only_loses_its_flags(
    estimated: Walk, roads: MoodyRoads
) -> None:
    """The next booking of that day read roads for all of it: nothing is asked twice."""
    roads.away = False
    estimated.booked(1, 12, 13)
    assert flags(estimated) == {Provenance.ESTIMATE, Provenance.LIVE}
    asked = roads.asked
    assert measure(estimated) == 1
    assert roads.asked == asked
    assert flags(estimated) == {Provenance.LIVE}


def _written(tx: WriteTx, key: RouteKey) -> None:
    """The route is written as it is, by somebody else."""
    route = tx.routes_by_key([key])[key]
    tx.lock_routes([key])
    tx.write_route(key, [p.id for p in route.live(tx.now())], route.block)


def test_a_route_that_changes_meanwhile_waits_for_the_next_look(
    estimated: Walk, roads: MoodyRoads
) -> None:
    """Measured against one version, it is not written over another; the next look does it."""
    roads.away, store = False, estimated.world.store
    roads.meanwhile = lambda: store.write(partial(_written, key=estimated.route))
    assert measure(estimated) == 0
    assert flags(estimated) == {Provenance.ESTIMATE}
    assert measure(estimated) == 1


def test_a_day_that_is_never_answered_for_keeps_no_other_waiting(
    estimated: Walk, roads: MoodyRoads
) -> None:
    """Monday has a place that the engine has no answer for; Tuesday is measured all the same."""
    world, tuesday = estimated.world, estimated.world.day(1)
    window = TimeWindow(local(tuesday, 10), local(tuesday, 12))
    visit = estimated.waiting(1)
    world.move(HandMove(visit, "ann", tuesday, window=window))
    roads.away, roads.never = False, LINE[2]
    assert measure(estimated) == 1
    assert flags(estimated) == {Provenance.ESTIMATE}
    stored = world.read(lambda tx: tx.visit(TENANT, visit))
    assert stored is not None
    assert stored.provenance is Provenance.LIVE


def test_a_day_without_a_shift_is_left_alone(estimated: Walk, roads: MoodyRoads) -> None:
    """Its visits have other troubles; roads are not asked."""
    roads.away, roads.asked = False, 0
    off = ShiftException("off", "ann", estimated.day, DayHours(None))
    estimated.world.run(estimated.world.store.write(lambda tx: tx.create(TENANT, off)))
    assert measure(estimated) == 0
    assert roads.asked == 0


class TurningRoads(LineRoads):
    """Another map with each of the first questions."""

    def __init__(self, turns: int) -> None:
        super().__init__()
        self.turns, self.asked = turns, 0

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        self.asked += 1
        found = await super().table(sources, destinations)
        return replace(found, map_id=f"map-{min(self.asked, self.turns)}")


@pytest.mark.parametrize("turns", range(1, 2 * TRIES_ON_ONE_MAP))
async def test_two_tables_of_one_answer_are_of_one_map(turns: int) -> None:
    """While the map is being replaced both are asked again, so that no answer mixes two."""
    out, into = await both_ways(TurningRoads(turns), LINE[:1], LINE)
    assert out.map_id == into.map_id == f"map-{turns}"


async def test_a_map_that_never_settles_is_an_error() -> None:
    """Better none than a mixed answer."""
    with pytest.raises(TravelError, match="being replaced"):
        await both_ways(TurningRoads(1000), LINE[:1], LINE)
