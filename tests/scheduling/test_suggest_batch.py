"""Many searches at once: what is shared, what stays apart, and when time is up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from slotsvc.domain.errors import InvalidRequestError, NotFoundError, TravelError
from slotsvc.domain.place import Location
from slotsvc.scheduling.live_calendar import LiveCalendar
from slotsvc.scheduling.suggest_batch import TOGETHER, Question, Result, SuggestBatch
from slotsvc.scheduling.suggest_slots import RANKED_AT_ONCE, SearchLimits, Suggestions, SuggestSlots
from slotsvc.scheduling.travel_port import TravelTable, TravelUnavailableError
from slotsvc.scheduling.wish import SuggestCommand, Wish
from slotsvc.solver.params import CostWeights, SearchParams
from tests.scheduling.booking_company import PLACES, TEAM, TENANT
from tests.scheduling.booking_world import BookingWorld, KnownRoads, template

LONG_S = 60.0


class CountedRoads(KnownRoads):
    """Counts its tables, and can be told that it does not answer about a place."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int]] = []
        self.silent_about: Location | None = None

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        self.asked.append((len(sources), len(destinations)))
        if self.silent_about in (*sources, *destinations):
            raise TravelUnavailableError("the engine is away")
        return await super().table(sources, destinations)


class Batches:
    """The use case in a world of its own."""

    def __init__(self, directory: Path) -> None:
        self.roads = CountedRoads()
        self.world = BookingWorld(template(directory), self.roads)
        calendar = LiveCalendar(self.world.store, self.roads)
        self.suggest = SuggestSlots(self.world.store, self.roads, calendar, SearchLimits())
        self.batch = SuggestBatch(self.world.store, self.suggest)

    def single(self, command: SuggestCommand) -> Suggestions:
        """One search on its own."""
        return self.world.run(self.suggest(command))

    def answers(self, questions: Sequence[Question], seconds: float = LONG_S) -> list[Result]:
        """All results, in order."""

        async def all_of_them() -> list[Result]:
            return [found async for found in self.batch(questions, time.monotonic() + seconds)]

        return self.world.run(all_of_them())


@pytest.fixture
def batches(tmp_path: Path) -> Iterator[Batches]:
    found = Batches(tmp_path)
    yield found
    found.world.close()


def wanted(number: int = 0, **wish: object) -> SuggestCommand:
    """A visit at one of the places."""
    place = PLACES[number % len(PLACES)]
    asked = Wish(location=place, activity_type="service", **wish)  # type: ignore[arg-type]
    return SuggestCommand(TENANT, TEAM, asked, SearchParams(max_slots=4, max_per_day=3))


def offers(found: Result) -> object:
    """What a search answers."""
    assert isinstance(found, Suggestions)
    return found.answer.offers


def test_every_answer_is_that_of_a_search_on_its_own(batches: Batches) -> None:
    """In the order of the requests, more of them than are read together."""
    commands = [wanted(n, priority=n % 3) for n in range(TOGETHER + 7)]
    found = batches.answers(commands)
    assert [offers(one) for one in found] == [offers(batches.single(c)) for c in commands]


def test_the_calendar_and_the_roads_are_read_once_for_all(batches: Batches) -> None:
    """Two tables, whatever the number of requests and places; single searches ask two each."""
    batches.single(wanted())  # the calendar knows its own driving now
    batches.roads.asked.clear()
    batches.answers([wanted(n) for n in range(TOGETHER)])
    places = 1  # nothing is booked: everybody starts at the same place
    assert sorted(batches.roads.asked) == [(places, len(PLACES)), (len(PLACES), places)]


def test_other_weights_and_days_do_not_share_a_calendar_that_is_not_theirs(
    batches: Batches,
) -> None:
    """Each answer is still that of a search on its own."""
    days = [batches.world.day(n) for n in (0, 1)]
    dear = replace(wanted(1), params=SearchParams(weights=CostWeights(waiting=3_000)))
    far = wanted(2, first_date=days[1], last_date=days[1].replace(year=days[1].year + 1))
    commands = [wanted(0, last_date=days[0]), dear, wanted(2, first_date=days[1]), far]
    found = batches.answers(commands)
    assert [offers(one) for one in found] == [offers(batches.single(c)) for c in commands]


def test_a_bad_request_is_told_in_its_place_and_fails_no_other(batches: Batches) -> None:
    """Whether it is wrong before it is looked up, or then, or when its days are."""
    today = batches.world.day(0)
    unknown = replace(wanted(), wish=Wish(site="nowhere", activity_type="service"))
    too_long = wanted(1, first_date=today, last_date=today.replace(year=today.year + 3))
    nobody = replace(wanted(), team="nobody")
    refused = InvalidRequestError([])
    found = batches.answers([wanted(), refused, unknown, too_long, nobody, wanted(1)])
    assert [type(one) for one in found] == [
        Suggestions, InvalidRequestError, NotFoundError, InvalidRequestError, NotFoundError,
        Suggestions,
    ]  # fmt: skip
    assert found[1] is refused


def test_roads_that_do_not_answer_are_an_error_of_those_who_asked(batches: Batches) -> None:
    """The next requests are read anew."""
    batches.roads.silent_about = PLACES[0]
    found = batches.answers([wanted(0)] * TOGETHER + [wanted(1)])
    assert {type(one) for one in found[:-1]} == {TravelError}
    assert isinstance(found[-1], Suggestions)


def test_a_defect_is_its_requests_own(batches: Batches) -> None:
    """Something nobody thought of goes wrong with one request; the others are answered."""
    strange = replace(wanted(), params=replace(SearchParams(), max_slots="many"))  # type: ignore[arg-type]
    found = batches.answers([wanted(), strange, wanted(1)])
    assert [isinstance(one, Suggestions) for one in found] == [True, False, True]
    assert isinstance(found[1], ValueError | TypeError)


def test_when_time_is_up_the_rest_is_told_so(batches: Batches) -> None:
    """One result for each request all the same; what was refused at once stays refused."""
    refused = InvalidRequestError([])
    assert batches.answers([wanted(), refused, wanted(1)], seconds=0) == [None, refused, None]


def test_a_search_on_its_own_does_not_wait_for_the_batch(batches: Batches) -> None:
    """It is answered while most of the batch still waits for its turn."""

    async def side_by_side() -> int:
        commands = [wanted(n) for n in range(4 * TOGETHER)]
        batch = batches.batch(commands, time.monotonic() + LONG_S)
        await anext(batch)
        alone = asyncio.create_task(batches.suggest(wanted(2)))
        answered = 1
        async for _ in batch:
            answered += not alone.done()
        await alone
        return answered

    assert batches.world.run(side_by_side()) < TOGETHER


def test_who_stops_listening_leaves_nothing_behind(batches: Batches) -> None:
    """Closing the answers ends what was begun: no more than the ranking in its thread goes on."""

    async def first_only() -> int:
        batch = batches.batch([wanted(n) for n in range(3 * TOGETHER)], time.monotonic() + LONG_S)
        await anext(batch)
        await batch.aclose()
        return len(asyncio.all_tasks())

    assert batches.world.run(first_only()) <= 1 + RANKED_AT_ONCE
