"""What every ``TravelTimes`` must do; ``test_contract`` holds every one of them to it."""

from __future__ import annotations

import asyncio

import numpy as np

from slotsvc.scheduling.travel_port import UNREACHABLE, Provenance, TravelTimes
from tests.road_fixtures import CASINO, FAR_OUT_AT_SEA, LA_TURBIE, ROQUEBRUNE, TOWN


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
        """LIVE times are of the map in use, an ESTIMATE says by its map id what it is."""
        table = await travel.table(TOWN[:1], TOWN[:2])
        if table.provenance is Provenance.LIVE:
            assert table.map_id == travel.map_id
        else:
            assert table.map_id.startswith("estimate:")

    async def test_every_number_makes_sense(self, travel: TravelTimes) -> None:
        """Seconds are from 0 to ``UNREACHABLE``, snap distances metres, also for a place far out at
        sea among the others."""
        places = [*TOWN, FAR_OUT_AT_SEA]
        table = await travel.table(places, places)
        assert (table.seconds >= 0).all()
        assert (table.seconds <= UNREACHABLE).all()
        assert np.isfinite(table.source_snap_m).all()
        assert (table.source_snap_m == table.destination_snap_m).all()
        assert (table.source_snap_m >= 0).all()

    async def test_a_snap_distance_does_not_depend_on_the_side(self, travel: TravelTimes) -> None:
        """A place is put on one point of the road, wherever it is asked about and with whom."""
        row = await travel.table([ROQUEBRUNE], TOWN)
        column = await travel.table(TOWN, [ROQUEBRUNE])
        assert np.allclose(row.destination_snap_m, column.source_snap_m)
        assert np.allclose(row.source_snap_m[0], row.destination_snap_m[6])

    async def test_a_caller_may_leave(self, travel: TravelTimes) -> None:
        """Who gives up changes nothing for who asks next."""
        expected = (await travel.table(TOWN, TOWN)).seconds
        leaving = asyncio.create_task(travel.table(list(TOWN), list(reversed(TOWN))))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        assert ((await travel.table(TOWN, TOWN)).seconds == expected).all()
