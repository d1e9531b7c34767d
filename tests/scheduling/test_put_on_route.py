"""What happens between judging and writing: the roads are asked in between, and others go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from slotsvc.domain.errors import SlotGoneError, StoreBusyError
from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Pin
from slotsvc.scheduling import book_visit, move_visit
from slotsvc.scheduling.desk import Placed
from slotsvc.scheduling.hand_moves import HandMove
from slotsvc.scheduling.move_visit import Wanted
from slotsvc.scheduling.mutation import Mutation
from slotsvc.scheduling.ports import ReadTx
from slotsvc.scheduling.travel_port import TravelTable
from slotsvc.scheduling.wish import HeldOffer, Wish
from slotsvc.travel.estimate import EstimatedTravelTimes
from tests.scheduling.booking_books import Books, By
from tests.scheduling.booking_company import PLACES
from tests.scheduling.booking_world import TENANT, BookingWorld, local, template

type Twin = Callable[[], Awaitable[None]]


class RoadsMeanwhile(EstimatedTravelTimes):
    """Estimates; while they are asked, something else happens, as often as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Callable[[], Awaitable[object]]] = []

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        if self.events:
            await self.events.pop(0)()
        return await super().table(sources, destinations)


@pytest.fixture
def roads() -> RoadsMeanwhile:
    return RoadsMeanwhile()


@pytest.fixture
def world(tmp_path: Path, roads: RoadsMeanwhile) -> Iterator[BookingWorld]:
    world = BookingWorld(template(tmp_path), roads)
    yield world
    world.close()


def offers(world: BookingWorld, place: Location, hours: float = 1) -> tuple[HeldOffer, ...]:
    """Ann's offers of tomorrow."""
    tomorrow = world.first_day + timedelta(days=1)
    return world.search(
        Wish(
            location=place,
            activity_type="service",
            service=timedelta(hours=hours),
            allowed_dates=frozenset([tomorrow]),
            required_technicians=frozenset(["ann"]),
        )
    )


def sizes(world: BookingWorld) -> list[int]:
    """How many visits each route has; no route is broken."""
    books = Books(world)
    books.look(By.NOBODY)
    assert not any(seen.findings for seen in books.routes.values())
    return [len(seen.live) for seen in books.routes.values() if seen.live]


def test_a_sickness_reported_meanwhile_is_seen(world: BookingWorld, roads: RoadsMeanwhile) -> None:
    """The absence commits after the day was read and before the visit is written: the visit is
    judged anew and refused; the day stays sound."""
    tomorrow = world.first_day + timedelta(days=1)
    offer = offers(world, PLACES[0])[0]
    day = TimeWindow(local(tomorrow, 0), local(tomorrow, 23))
    roads.events.append(lambda: world.leaving("ann", day))
    with pytest.raises(SlotGoneError):
        world.book(offer, Pin.NONE)
    assert roads.events == []
    assert sizes(world) == []


def test_a_booking_made_meanwhile_is_seen(world: BookingWorld, roads: RoadsMeanwhile) -> None:
    """Another client takes the same day in between: there is room for both, both are booked and
    the day is sound."""
    mine, theirs = offers(world, PLACES[0])[0], offers(world, PLACES[1])[0]
    roads.events.append(lambda: world.booking(theirs))
    world.book(mine, Pin.NONE)
    assert sizes(world) == [2]


def test_a_day_filled_meanwhile_is_refused(world: BookingWorld, roads: RoadsMeanwhile) -> None:
    """Nine hours of work taken in between leave no room."""
    mine, theirs = offers(world, PLACES[0], 8)[0], offers(world, PLACES[1], 8)[0]
    roads.events.append(lambda: world.booking(theirs))
    with pytest.raises(SlotGoneError):
        world.book(mine, Pin.NONE)
    assert sizes(world) == [1]


def test_a_hold_that_lives_again_is_seen(world: BookingWorld, roads: RoadsMeanwhile) -> None:
    """The database's clock goes back after the day was judged without a hold that had lapsed: it
    lives again, keeps its place, and can be confirmed."""
    hold = world.hold(offers(world, PLACES[1], 8)[0], timedelta(minutes=5)).stored.placed
    world.clock.instant += timedelta(minutes=10)
    mine = offers(world, PLACES[0], 8)[0]
    roads.events.append(lambda: going_back(world))
    with pytest.raises(SlotGoneError):
        world.book(mine, Pin.NONE)
    world.confirm(hold.id, Pin.NONE)
    assert sizes(world) == [1]


def test_a_hold_that_lives_again_is_seen_by_a_move(
    world: BookingWorld, roads: RoadsMeanwhile
) -> None:
    """The same while a planner moves a visit by hand: it stands beside the hold."""
    visit = world.book(offers(world, PLACES[0])[0]).stored
    route = visit.placed.route
    hold = world.hold(offers(world, PLACES[1])[0], timedelta(minutes=5)).stored.placed
    world.clock.instant += timedelta(minutes=10)
    roads.events.append(lambda: going_back(world))
    world.move(HandMove(visit.visit.id, route.technician, route.day, 0, 0), "told so")
    assert roads.events == []
    world.confirm(hold.id, Pin.NONE)
    assert sizes(world) == [2]


async def going_back(world: BookingWorld) -> None:
    world.clock.instant -= timedelta(minutes=10)


def test_a_route_that_never_rests_gives_up(world: BookingWorld, roads: RoadsMeanwhile) -> None:
    """Changed at every try: STORE_BUSY, to be repeated, nothing written."""
    mine, theirs = offers(world, PLACES[0], 0.5)[0], offers(world, PLACES[1], 0.5)[0]

    async def come_and_go() -> None:
        visit = (await world.booking(theirs)).stored.visit.id
        await world.cancelling(visit)
        roads.events.append(come_and_go)

    roads.events.append(come_and_go)
    with pytest.raises(StoreBusyError):
        world.book(mine, Pin.NONE)
    roads.events.clear()
    assert sizes(world) == []
    assert world.book(mine, Pin.NONE).stop is not None


def between_reads(world: BookingWorld, monkeypatch: pytest.MonkeyPatch, twin: Twin) -> None:
    """``twin`` runs whole after the first snapshot that is read from now on."""
    read, waiting = world.store.read, [twin]

    async def then_the_twin(work: Callable[[ReadTx], object]) -> object:
        found = await read(work)
        if waiting:
            await waiting.pop()()
        return found

    monkeypatch.setattr(world.store, "read", then_the_twin)


def test_a_twin_that_is_quicker_answers_for_both(
    world: BookingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same call again while the first still runs: both get the first answer, whenever the
    first commits. A refusal would tell the client that it has no booking."""
    slot = offers(world, PLACES[0], hours=8)[0]
    call = Mutation(TENANT, "BookVisit", "once", b"the same")

    async def book() -> bytes:
        def told(placed: Placed) -> bytes:
            return placed.stored.visit.id.encode()

        return await book_visit.book_slot(world._desk, call, slot, Pin.NONE, told)

    answers: list[bytes] = []

    async def twin() -> None:
        answers.append(await book())

    between_reads(world, monkeypatch, twin)
    assert world.run(book()) == answers[0]


def test_a_twin_of_a_plan_edit_answers_for_both(
    world: BookingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A move by hand with the position that only the first of the two can have."""
    visit = world.book(offers(world, PLACES[0])[0]).stored
    edit = HandMove(visit.visit.id, "cid", visit.placed.route.day, 0, 0)
    call = Mutation(TENANT, "MoveVisit", "once", b"the same")

    async def move() -> bytes:
        return await move_visit.move_visit(
            world._desk, call, Wanted(edit, reason="told so"), lambda placed, _: b"moved"
        )

    async def twin() -> None:
        await move()
        await world.cancelling(visit.visit.id)

    between_reads(world, monkeypatch, twin)
    assert world.run(move()) == b"moved"
