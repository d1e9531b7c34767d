"""What every ``TravelTimes`` must do. Subclass and provide a ``travel`` fixture."""

from __future__ import annotations

import asyncio

import numpy as np

from slotsvc.scheduling.travel_port import UNREACHABLE, TravelTimes
from tests.road_fixtures import CASINO, LA_TURBIE, ROQUEBRUNE, TOWN


class TravelTimesContract:
    async def test_a_table_has_one_row_per_source_and_one_column_per_destination(
        self, travel: TravelTimes
    ) -> None:
        """Seconds are int32 (sources, destinations); snap distances are one per place."""
        table = await travel.table(TOWN[:3], TOWN[2:])
        assert table.seconds.shape == (3, 5)
        assert table.seconds.dtype == np.int32
        assert table.source_snap_m.shape == (3,)
        assert table.destination_snap_m.shape == (5,)

    async def test_times_are_believable(self, travel: TravelTimes) -> None:
        """Every trip in town takes between a moment and an hour, and is reachable."""
        seconds = (await travel.table(TOWN, TOWN)).seconds
        apart = ~np.eye(len(TOWN), dtype=bool)
        assert (seconds[apart] > 30).all()
        assert (seconds[apart] < 3600).all()
        assert (seconds < UNREACHABLE).all()

    async def test_a_place_is_no_way_from_itself(self, travel: TravelTimes) -> None:
        """The diagonal of a square table is zero."""
        seconds = (await travel.table(TOWN, TOWN)).seconds
        assert (np.diag(seconds) == 0).all()

    async def test_a_time_does_not_depend_on_the_other_places_asked_about(
        self, travel: TravelTimes
    ) -> None:
        """A row, a column and a single pair say what the whole table says."""
        whole = (await travel.table(TOWN, TOWN)).seconds
        row = (await travel.table([CASINO], TOWN)).seconds
        column = (await travel.table(TOWN, [CASINO])).seconds
        pair = (await travel.table([LA_TURBIE], [ROQUEBRUNE])).seconds
        assert (row[0] == whole[0]).all()
        assert (column[:, 0] == whole[:, 0]).all()
        assert pair[0, 0] == whole[5, 6]

    async def test_no_places_give_an_empty_table(self, travel: TravelTimes) -> None:
        """An empty side is a table without cells, not an error."""
        assert (await travel.table([], TOWN)).seconds.shape == (0, len(TOWN))
        table = await travel.table(TOWN, [])
        assert table.seconds.shape == (len(TOWN), 0)
        assert table.source_snap_m.shape == (len(TOWN),)
        assert (await travel.table([], [])).seconds.shape == (0, 0)

    async def test_a_place_may_be_asked_about_twice(self, travel: TravelTimes) -> None:
        """Equal places have equal rows and columns."""
        seconds = (await travel.table([CASINO, LA_TURBIE, CASINO], (CASINO, CASINO))).seconds
        assert (seconds[0] == seconds[2]).all()
        assert (seconds[:, 0] == seconds[:, 1]).all()

    async def test_concurrent_callers_get_the_same_answer(self, travel: TravelTimes) -> None:
        """Twenty callers at once see one table."""
        alone = (await travel.table(TOWN, TOWN)).seconds
        tables = await asyncio.gather(*(travel.table(TOWN, list(TOWN)) for _ in range(20)))
        assert all((table.seconds == alone).all() for table in tables)

    async def test_a_caller_owns_its_table(self, travel: TravelTimes) -> None:
        """Writing into an answer changes no later answer."""
        first = await travel.table(TOWN, TOWN)
        before = first.seconds.copy()
        first.seconds[:] = -7
        first.source_snap_m[:] = -7
        again = await travel.table(TOWN, TOWN)
        assert (again.seconds == before).all()
        assert (again.source_snap_m >= 0).all()

    async def test_the_table_names_its_map(self, travel: TravelTimes) -> None:
        """The map id of an answer is the one in use."""
        assert (await travel.table(TOWN[:1], TOWN[:2])).map_id == travel.map_id
