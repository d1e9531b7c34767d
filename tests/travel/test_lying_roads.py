"""The layers as the service has them, on a server that fails in every way it can.

One promise: each time is the one the server would say were it well, or the estimate, flagged, or
"no road" where it says so. Never another number.
"""

from __future__ import annotations

import asyncio
import copy
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pytest

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import UNREACHABLE, Provenance, TravelTable
from slotsvc.travel.breaker import BreakerLimits, BreakerState, BreakerTravelTimes
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.fallback import FallbackTravelTimes
from slotsvc.travel.layers import cached_engine, guarded, never_failing
from slotsvc.travel.osrm import OsrmTravelTimes
from tests.road_fixtures import TOWN
from tests.travel.liar import Liar, lying_server, straight_table

PROBE_S = 0.005
type Lie = Callable[[bytes], object]


@dataclass
class Roads:
    """``travel`` is what the service asks; ``guard`` the breaker in it; ``liar`` the server."""

    travel: FallbackTravelTimes
    guard: BreakerTravelTimes
    liar: Liar


@asynccontextmanager
async def roads(**options: Any) -> AsyncIterator[Roads]:
    liar = Liar(reply=straight_table)
    async with lying_server(liar) as url:
        osrm = OsrmTravelTimes(url, "m", **({"timeout_s": 20.0} | options))
        guard = guarded(osrm, "osrm", BreakerLimits(probe_every_s=PROBE_S))
        yield Roads(never_failing(cached_engine(guard)), guard, liar)
        await osrm.aclose()


async def expected() -> tuple[np.ndarray, np.ndarray]:
    """What the honest server says of the town, and the estimate."""
    async with roads() as it:
        real = await it.travel.table(TOWN, TOWN)
    assert real.provenance is Provenance.LIVE
    return real.seconds, (await EstimatedTravelTimes().table(TOWN, TOWN)).seconds


def changed(change: Callable[[dict[str, Any]], None]) -> Lie:
    def reply(asked: bytes) -> object:
        table = copy.deepcopy(straight_table(asked))
        change(table)
        return table

    return reply


def _cell(value: object) -> Lie:
    def change(table: dict[str, Any]) -> None:
        table["durations"][0][-1] = value

    return changed(change)


def _drop(of: str) -> Lie:
    return changed(lambda table: table[of].pop())


def _other_places(table: dict[str, Any]) -> None:
    """The answer to somebody else's question: right in itself."""
    for waypoint in (*table["sources"], *table["destinations"]):
        waypoint["location"][1] += 0.3


def _here_and_there(table: dict[str, Any]) -> None:
    """No time at all between places that lie apart."""
    table["durations"] = [[0.0 for _ in row] for row in table["durations"]]


LIES: dict[str, Lie] = {
    "negative": _cell(-1.0),
    "huge": _cell(1e12),
    "a word": _cell("12"),
    "a list": _cell([1.0]),
    "true": _cell(True),
    "not a number": lambda asked: json.loads('{"code": "Ok", "durations": NaN}'),
    "a row too few": _drop("durations"),
    "a source too few": _drop("sources"),
    "a destination too few": _drop("destinations"),
    "a cell too few": changed(lambda table: table["durations"][-1].pop()),
    "a cell too many": changed(lambda table: table["durations"][0].append(1.0)),
    "no durations": changed(lambda table: table.pop("durations")),
    "durations null": changed(lambda table: table.update(durations=None)),
    "other places": changed(_other_places),
    "no time at all": changed(_here_and_there),
    "NoSegment": lambda asked: {"code": "NoSegment", "message": "at 7.42,43.73"},
    "an error": lambda asked: {"code": "InvalidQuery", "message": "?"},
    "another version of the protocol": lambda asked: {"version": 6, "rows": []},
    "a list at the top": lambda asked: [straight_table(asked)],
    "a text": lambda asked: "Ok",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_lie_is_the_flagged_estimate(lie: Lie) -> None:
    """Whole and flagged; not one of its numbers is the server's, and the next honest answer is
    believed."""
    real, guess = await expected()
    async with roads() as it:
        it.liar.reply = lie
        lied = await it.travel.table(TOWN, TOWN)
        it.liar.reply = straight_table
        honest = await it.travel.table(TOWN, TOWN)
    assert lied.provenance is Provenance.ESTIMATE
    assert (lied.seconds == guess).all()
    assert honest.provenance is Provenance.LIVE
    assert (honest.seconds == real).all()


@pytest.mark.parametrize("body", [b"", b"<html>gateway timeout</html>", b'{"code":"Ok",', b"\xff"])
@pytest.mark.parametrize("status", [200, 502])
async def test_a_body_that_is_no_answer_is_the_flagged_estimate(body: bytes, status: int) -> None:
    """Of a proxy in between, cut off, or nothing."""
    async with roads() as it:
        it.liar.reply, it.liar.body, it.liar.status = None, body, status
        assert (await it.travel.table(TOWN, TOWN)).provenance is Provenance.ESTIMATE


async def test_another_content_type_is_no_reason_to_doubt() -> None:
    """What counts is what is in it: some proxies name every body text."""
    async with roads() as it:
        it.liar.content_type = "text/plain"
        assert (await it.travel.table(TOWN, TOWN)).provenance is Provenance.LIVE


async def test_null_is_no_road() -> None:
    """Infeasible, LIVE, and neither zero nor an estimate; the other pairs are what they are."""
    real, _ = await expected()
    async with roads() as it:
        it.liar.reply = _cell(None)
        table = await it.travel.table(TOWN, TOWN)
    assert table.provenance is Provenance.LIVE
    assert table.seconds[0, -1] == UNREACHABLE
    table.seconds[0, -1] = real[0, -1]
    assert (table.seconds == real).all()


async def test_a_question_without_an_answer_keeps_nobody_else_from_the_roads() -> None:
    """NoSegment for one place, thirty times: estimated each time, and the breaker stays closed."""
    async with roads() as it:
        it.liar.reply = LIES["NoSegment"]
        for _ in range(30):
            assert (await it.travel.table(TOWN, TOWN)).provenance is Provenance.ESTIMATE
        assert it.guard.breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize(("pause_s", "drip"), [(3600.0, 0), (5.0, 0), (0.05, 1)])
@pytest.mark.machine_speed
async def test_hanging_slow_and_dripping_are_given_up(pause_s: float, drip: int) -> None:
    """A timeout each at first; once the breaker is open answers come at once, and the server has
    peace."""
    async with roads(timeout_s=0.3) as it:
        it.liar.pause_s, it.liar.drip = pause_s, drip
        while it.guard.breaker.state is not BreakerState.OPEN:
            assert (await it.travel.table(TOWN, TOWN)).provenance is Provenance.ESTIMATE
        assert it.liar.requests == 5
        began = time.monotonic()
        for _ in range(100):
            assert (await it.travel.table(TOWN, TOWN)).provenance is Provenance.ESTIMATE
        assert time.monotonic() - began < 1.0
        assert it.liar.requests == 5


@pytest.mark.machine_speed
async def test_callers_of_a_hanging_engine_do_not_pile_up() -> None:
    """A hundred at once: eight are in flight, nobody waits for longer than one timeout, and all
    have their estimate."""
    async with roads(max_in_flight=8, timeout_s=1.0) as it:
        it.liar.pause_s = 3600.0
        began = time.monotonic()
        asking = [asyncio.create_task(it.travel.table(TOWN, TOWN)) for _ in range(100)]
        while it.liar.at_once < 8:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert it.liar.at_once == 8 or time.monotonic() - began > 0.9
        tables = await asyncio.gather(*asking)
        assert time.monotonic() - began < 4.0
        assert {table.provenance for table in tables} == {Provenance.ESTIMATE}
        assert it.guard.breaker.state is BreakerState.OPEN


async def test_a_queue_of_our_own_making_does_not_open_the_breaker() -> None:
    """One place in the bulkhead and a hundred callers: who waited in vain gets an estimate, and the
    engine, which answers all the time, is not blamed."""
    async with roads(max_in_flight=1, timeout_s=0.4) as it:
        it.liar.pause_s = 0.05
        places = [list(TOWN[n % 6 : n % 6 + 2]) for n in range(100)]
        tables = await asyncio.gather(*(it.travel.table(some, some) for some in places))
        told = {table.provenance for table in tables}
        assert told == {Provenance.LIVE, Provenance.ESTIMATE}
        assert it.guard.breaker.state is BreakerState.CLOSED


async def test_no_table_is_of_two_maps() -> None:
    """The map is replaced between the parts of one table: they are asked for again, or all of it is
    estimated."""
    async with roads(max_cells=4) as it:
        parts = 0

        def replaced(asked: bytes) -> object:
            nonlocal parts
            parts += 1
            return slower(asked, 1 if parts <= 3 else 2)

        it.liar.reply = replaced
        table = await it.travel.table(TOWN[:4], TOWN[:4])
        alone = await it.travel.table(TOWN[4:6], TOWN[4:6])
    assert table.provenance is alone.provenance is Provenance.LIVE
    assert table.map_id == alone.map_id != "m"
    assert of_version(table, 4) == 2


async def test_two_maps_in_turn_are_an_estimate() -> None:
    """Two servers of different age behind one address: no table is put together of both."""
    async with roads(max_cells=4) as it:
        turn = 0

        def by_turns(asked: bytes) -> object:
            nonlocal turn
            turn += 1
            return slower(asked, 1 + turn % 2)

        it.liar.reply = by_turns
        table = await it.travel.table(TOWN[:4], TOWN[:4])
    assert table.provenance is Provenance.ESTIMATE


async def test_nothing_of_an_older_map_is_remembered() -> None:
    """The cache forgets when the version changes: all times are of the new one."""
    async with roads() as it:
        it.liar.reply = lambda asked: slower(asked, 1)
        await it.travel.table(TOWN, TOWN)
        it.liar.reply = lambda asked: slower(asked, 2)
        first = it.travel.map_id
        await it.travel.table([Location(43.7, 7.4)], TOWN)
        again = await it.travel.table(TOWN, TOWN)
    assert again.map_id == it.travel.map_id != first
    assert of_version(again, len(TOWN)) == 2


def slower(asked: bytes, version: int) -> dict[str, Any]:
    """Version 1 of the roads takes the straight time, version 2 twice that."""
    table = straight_table(asked)
    table["durations"] = [[second * version for second in row] for row in table["durations"]]
    return table | {"data_version": f"v{version}"}


def of_version(table: TravelTable, places: int) -> int:
    """Which version *all* of the table is of; 0: it is mixed."""
    body = orjson.dumps(
        {
            "coordinates": [(p.lon, p.lat) for p in TOWN[:places]],
            "sources": list(range(places)),
            "destinations": list(range(places)),
        }
    )
    for version in (1, 2):
        said = np.ceil(np.array(slower(body, version)["durations"]))
        if (said == table.seconds).all():
            return version
    return 0


@pytest.mark.parametrize("seed", range(3))
async def test_flapping_roads_never_say_a_wrong_number(seed: int) -> None:
    """Three hundred questions while the server gets well and ill at random, in every way: each
    table is wholly the roads' or wholly the estimate and flagged so."""
    chance = random.Random(seed)
    real, guess = await expected()
    live = estimated = 0
    async with roads(timeout_s=0.15) as it:
        for _ in range(300):
            if chance.random() < 0.3:
                ill = chance.random() < 0.5
                it.liar.reply = chance.choice(list(LIES.values())) if ill else straight_table
                it.liar.pause_s = 1.0 if ill and chance.random() < 0.1 else 0.0
                it.liar.status = 503 if ill and chance.random() < 0.1 else 200
            rows, columns = (chance.sample(range(7), chance.randint(1, 7)) for _ in "ab")
            table = await it.travel.table([TOWN[i] for i in rows], [TOWN[j] for j in columns])
            of = real if table.provenance is Provenance.LIVE else guess
            assert (table.seconds == of[np.ix_(rows, columns)]).all()
            live += table.provenance is Provenance.LIVE
            estimated += table.provenance is Provenance.ESTIMATE
            await it.guard.probe()
    assert live > 20
    assert estimated + live == 300
