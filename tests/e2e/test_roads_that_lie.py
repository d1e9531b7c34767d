"""Whatever the road engine says, no number told is wrong: it is believed, or an estimate."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.company import Company
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import types_pb2 as types
from tests.e2e.days import TOMORROW
from tests.service_fixtures import booked, running_service, settings_for
from tests.travel.liar import Liar, lying_server, straight_table

DEPOT, CENTRE, EAST = (43.73, 7.41), (43.74, 7.42), (43.75, 7.45)
Table = dict[str, Any]


@asynccontextmanager
async def town(data: Path, liar: Liar) -> AsyncIterator[Company]:
    """A technician with two visits, booked while the engine still told the truth."""
    liar.reply = straight_table
    async with lying_server(liar) as address:
        settings = settings_for(data, osrm_url=address)
        async with running_service(settings) as service:
            company = await Company(service.calls, "acme").found()
            await company.technician("ann", home=DEPOT)
            await company.activity("service")
            for _ in range(2):
                await booked(service.calls, (await asked(company, CENTRE)).slots[0])
            yield company


async def asked(company: Company, place: tuple[float, float]) -> slots.SuggestSlotsResponse:
    search = company.search(place, on=TOMORROW, max_rejections=3)
    answer: slots.SuggestSlotsResponse = await company.calls.slots.SuggestSlots(search)
    return answer


def told(answer: slots.SuggestSlotsResponse) -> list[tuple[object, ...]]:
    """Slots without their tokens, which differ."""
    return [
        (s.window.start_time.seconds, s.place.start_time.seconds, s.cost_millis)
        for s in answer.slots
    ]


def without_rows(table: Table) -> None:
    table["durations"] = table["durations"][:-1]


def negative(table: Table) -> None:
    table["durations"][0][0] = -1.0


def short_rows(table: Table) -> None:
    table["durations"][-1] = table["durations"][-1][:-1]


def words(table: Table) -> None:
    table["durations"][0][0] = "12"


def endless(table: Table) -> None:
    table["durations"][0][0] = 1e12


def flying(table: Table) -> None:
    """No time at all, from one place to another at the end of the world."""
    table["durations"] = [[0.0 for _ in row] for row in table["durations"]]
    for waypoint in table["destinations"]:
        waypoint["location"] = [0.0, 0.0]


def no_waypoints(table: Table) -> None:
    del table["sources"]


LIES = [without_rows, negative, short_rows, words, endless, flying, no_waypoints]


@pytest.mark.parametrize("lie", LIES)
async def test_a_table_that_cannot_be_is_an_estimate(
    tmp_path: Path, lie: Callable[[Table], None]
) -> None:
    """Flagged, and never called exact; what the estimate then says is what it always says."""
    liar = Liar()
    async with town(tmp_path, liar) as company:
        liar.reply = lambda body: lied(body, lie)
        answer = await asked(company, EAST)
        liar.reply, liar.status = None, 500
        down = await asked(company, EAST)
    assert answer.receipt.travel_provenance == types.TRAVEL_PROVENANCE_ESTIMATE
    assert answer.receipt.proof == types.PROOF_BOUND
    assert told(answer) == told(down) != []


def lied(body: bytes, lie: Callable[[Table], None]) -> Table:
    table = copy.deepcopy(straight_table(body))
    lie(table)
    return table


async def test_no_road_is_no_slot(tmp_path: Path) -> None:
    """A table of nulls is believed: nobody can get there, and that is what is told."""
    liar = Liar()
    async with town(tmp_path, liar) as company:
        liar.reply = lambda body: lied(body, all_null)
        answer = await asked(company, EAST)
    assert not answer.slots
    assert answer.receipt.travel_provenance == types.TRAVEL_PROVENANCE_LIVE
    assert {r.reason for r in answer.rejections} == {types.REJECTION_REASON_UNROUTABLE}


def all_null(table: Table) -> None:
    table["durations"] = [[None for _ in row] for row in table["durations"]]


async def test_the_truth_is_believed_and_kept(tmp_path: Path) -> None:
    """LIVE and exact; an outage later changes nothing for a place whose roads are remembered."""
    liar = Liar()
    async with town(tmp_path, liar) as company:
        honest = await asked(company, EAST)
        liar.reply, liar.status = None, 500
        remembered = await asked(company, EAST)
        stranger = await asked(company, (43.745, 7.44))
    assert honest.receipt.proof == types.PROOF_EXACT
    assert honest.receipt.travel_provenance == types.TRAVEL_PROVENANCE_LIVE
    assert told(remembered) == told(honest)
    assert remembered.receipt.travel_provenance == types.TRAVEL_PROVENANCE_LIVE
    assert stranger.receipt.travel_provenance == types.TRAVEL_PROVENANCE_ESTIMATE


async def test_a_slow_engine_costs_its_time_and_no_more(tmp_path: Path) -> None:
    """A reply that drips in is given up; the answer is an estimate, within the deadline."""
    liar = Liar()
    async with town(tmp_path, liar) as company:
        liar.pause_s, liar.drip = 0.2, 16
        answer = await asked(company, EAST)
    assert answer.slots
    assert answer.receipt.travel_provenance == types.TRAVEL_PROVENANCE_ESTIMATE
    assert answer.receipt.proof == types.PROOF_BOUND
