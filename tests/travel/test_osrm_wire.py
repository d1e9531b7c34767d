"""A server is believed only as far as its answer makes sense."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import orjson
import pytest
import pytest_asyncio

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import UNREACHABLE, TravelUnavailableError
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.osrm_process import free_port
from tests.travel.liar import Liar, honest_table, lying_server, waypoint

HERE = Location(43.735, 7.42)
THERE = (Location(43.736, 7.42), Location(43.737, 7.42))
FAR = waypoint(45.0, 7.42)


@pytest.fixture
def liar() -> Liar:
    return Liar()


@pytest_asyncio.fixture
async def travel(liar: Liar) -> AsyncIterator[OsrmTravelTimes]:
    async with lying_server(liar) as base_url:
        adapter = OsrmTravelTimes(base_url, "m", timeout_s=0.5, max_in_flight=3)
        yield adapter
        await adapter.aclose()


async def test_seconds_are_rounded_up_and_null_is_unreachable(travel: OsrmTravelTimes) -> None:
    """12.1 seconds are 13; a pair without a road is UNREACHABLE, not an error."""
    table = await travel.table([HERE], THERE)
    assert table.seconds.tolist() == [[13, UNREACHABLE]]


@pytest.mark.parametrize(
    "lie",
    [
        {"code": "NoSegment", "message": "Could not find a matching segment"},
        {"durations": None},
        {"durations": []},
        {"durations": [[1.0]]},
        {"durations": [[1.0, 2.0], [3.0, 4.0]]},
        {"durations": [[1.0, -0.1]]},
        {"durations": [[1.0, 1e300]]},
        {"durations": [[1, 10**400]]},
        {"durations": [[1.0, "12"]]},
        {"durations": [[1.0, True]]},
        {"durations": [[1.0, [2.0]]]},
        {"durations": [[0.0, 0.0]], "destinations": [FAR, FAR]},
        {"sources": None},
        {"sources": []},
        {"sources": [{}]},
        {"sources": [waypoint(43.7, 7.4, -1.0)]},
        {"sources": [waypoint(43.7, 7.4, None)]},
        {"sources": [waypoint(99.0, 7.4)]},
        {"destinations": [waypoint(43.7, 7.4)]},
    ],
    ids=lambda lie: str(lie)[:60],
)
async def test_a_reply_that_makes_no_sense_is_an_outage(
    travel: OsrmTravelTimes, liar: Liar, lie: dict[str, object]
) -> None:
    """Wrong shapes, wrong types, negative, huge or impossibly fast: unavailable, never a number."""
    liar.body = _json(honest_table() | lie)
    with pytest.raises(TravelUnavailableError):
        await travel.table([HERE], THERE)


def _json(reply: object) -> bytes:
    """By the standard library: orjson refuses integers beyond 64 bits, which a liar may send."""
    return json.dumps(reply).encode()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"Ok"', b'{"code":"Ok"', b"\xff\xfe"])
async def test_a_reply_that_is_no_object_is_an_outage(
    travel: OsrmTravelTimes, liar: Liar, body: bytes
) -> None:
    """Empty, HTML, half a JSON."""
    liar.body = body
    with pytest.raises(TravelUnavailableError):
        await travel.table([HERE], THERE)


async def test_an_error_status_is_an_outage_that_names_no_place(
    travel: OsrmTravelTimes, liar: Liar
) -> None:
    """The engine's own message may hold coordinates; ours holds its error word only."""
    liar.status = 400
    liar.say({"code": "InvalidQuery", "message": "Query string malformed at 7.420000,43.735000"})
    with pytest.raises(TravelUnavailableError) as caught:
        await travel.table([HERE], THERE)
    assert str(caught.value) == "the road engine refused: HTTP 400 InvalidQuery"


@pytest.mark.machine_speed
async def test_a_slow_reply_is_given_up_in_time(travel: OsrmTravelTimes, liar: Liar) -> None:
    """A server that hangs costs the timeout and no more."""
    liar.pause_s = 5.0
    await _gives_up(travel)


@pytest.mark.machine_speed
async def test_a_dripping_reply_is_given_up_in_time(travel: OsrmTravelTimes, liar: Liar) -> None:
    """One byte every 50 ms never lets a read time out, but the whole request does."""
    liar.pause_s, liar.drip = 0.05, 1
    await _gives_up(travel)


async def _gives_up(travel: OsrmTravelTimes) -> None:
    started = time.monotonic()
    with pytest.raises(TravelUnavailableError, match="in time"):
        await travel.table([HERE], THERE)
    assert time.monotonic() - started < 1.5


async def test_a_reply_without_end_is_cut_off(travel: OsrmTravelTimes, liar: Liar) -> None:
    """Memory is bounded by what the table asked for can need."""
    liar.body = b"[" * 2_000_000
    with pytest.raises(TravelUnavailableError, match="too long"):
        await travel.table([HERE], THERE)


async def test_a_connection_closed_before_the_answer_is_tried_once_more(
    travel: OsrmTravelTimes, liar: Liar
) -> None:
    """A kept connection that the server dropped costs a retry, not an outage."""
    liar.hang_up_first = 1
    assert (await travel.table([HERE], THERE)).seconds[0, 0] == 13
    assert liar.requests == 2


async def test_a_server_that_always_hangs_up_is_an_outage(
    travel: OsrmTravelTimes, liar: Liar
) -> None:
    """Two tries, then unavailable."""
    liar.hang_up_first = 1_000
    with pytest.raises(TravelUnavailableError):
        await travel.table([HERE], THERE)
    assert liar.requests == 2


async def test_no_more_requests_than_the_bulkhead_allows_are_in_flight(
    travel: OsrmTravelTimes, liar: Liar
) -> None:
    """Ten callers meet the server three at a time."""
    liar.pause_s = 0.02
    await asyncio.gather(*(travel.table([HERE], THERE) for _ in range(10)))
    assert liar.requests == 10
    assert liar.most_at_once <= 3


async def test_a_failing_part_fails_the_table_once(liar: Liar) -> None:
    """A table asked for in parts raises one plain error when its parts fail."""
    liar.status, liar.body = 500, b""
    async with lying_server(liar) as base_url:
        travel = OsrmTravelTimes(base_url, "m", max_cells=1)
        with pytest.raises(TravelUnavailableError, match="500"):
            await travel.table([HERE], THERE)
        await travel.aclose()


async def test_a_closed_port_is_an_outage() -> None:
    """Nobody listening is unavailable at once."""
    travel = OsrmTravelTimes(f"http://127.0.0.1:{free_port()}", "m")
    with pytest.raises(TravelUnavailableError):
        await travel.table([HERE], THERE)
    await travel.aclose()


@pytest.mark.parametrize(
    "reply",
    [
        {"code": "Ok"},
        {"code": "Ok", "routes": []},
        {"code": "Ok", "routes": [{"geometry": {"coordinates": [[7, 43], [7, 44]]}, "legs": []}]},
        {
            "code": "Ok",
            "routes": [
                {
                    "geometry": {"coordinates": [[7, 43], [7, 444]]},
                    "legs": [{"distance": 1, "duration": 1}],
                }
            ],
        },
        {
            "code": "Ok",
            "routes": [
                {
                    "geometry": {"coordinates": [[7, 43], [7, 44]]},
                    "legs": [{"distance": 1, "duration": -1}],
                }
            ],
        },
    ],
)
async def test_a_route_that_makes_no_sense_is_an_outage(
    travel: OsrmTravelTimes, liar: Liar, reply: object
) -> None:
    """Missing, of another shape, out of the world or back in time."""
    liar.body = orjson.dumps(reply)
    with pytest.raises(TravelUnavailableError):
        await travel.route_shape([HERE, THERE[0]])
