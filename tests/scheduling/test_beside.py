"""Mutations of one tenant that run at the same time on PostgreSQL, each in a connection of its own:
what they decide beyond their routes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from slotsvc.domain.booking_rules import BookingRules
from slotsvc.domain.errors import AlreadyExistsError, SlotGoneError
from slotsvc.domain.offering import ActivityType
from slotsvc.domain.visit import Pin
from slotsvc.scheduling.book_visit import book_slot, confirm_hold
from slotsvc.scheduling.desk import Desk, Placed
from slotsvc.scheduling.hold_slot import hold_slot
from slotsvc.scheduling.mutation import Mutation
from slotsvc.scheduling.wish import HeldOffer
from slotsvc.store.postgres_store import PostgresStore
from tests.scheduling.booking_company import PLACES, TENANT
from tests.scheduling.booking_world import BookingWorld, work_at
from tests.scheduling.postgres_world import PostgresWorld

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(postgres_url: str) -> Iterator[BookingWorld]:
    with closing(PostgresWorld(postgres_url)) as world:
        yield world


def offers_of_two(world: BookingWorld) -> list[HeldOffer]:
    """Tomorrow, of two technicians."""
    tomorrow, found = world.day(1), []
    for who in ("ann", "bob"):
        wish = replace(
            work_at(PLACES[0]),
            allowed_dates=frozenset([tomorrow]),
            required_technicians=frozenset([who]),
        )
        found.append(world.search(wish)[0])
    return found


class LastSecond:
    """A confirmation that read the clock while its hold was alive, and commits when it is not."""

    def __init__(self, world: BookingWorld, url: str) -> None:
        self.world = world
        self.store = PostgresStore(url, world.clock, patience=30)
        numbers = iter(range(900, 999))
        self.desk = Desk(self.store, world.travel, lambda kind: f"{kind}-{next(numbers)}")
        self.judged, self.go_on = threading.Event(), threading.Event()

    def _slowly(self, _placed: Placed) -> bytes:
        self.judged.set()
        assert self.go_on.wait(20)
        return b"confirmed"

    async def while_confirming(self, hold: str, other: HeldOffer, reference: str) -> object:
        """What booking ``other`` came to, which began when the hold had lapsed."""
        first = Mutation(TENANT, "c", "slow", b"slow")
        confirming = asyncio.create_task(
            confirm_hold(self.desk, first, hold, Pin.NONE, self._slowly)
        )
        assert await asyncio.to_thread(self.judged.wait, 20)
        self.world.clock.instant += MINUTE
        second = Mutation(TENANT, "b", "quick", b"quick")
        booking = asyncio.create_task(
            book_slot(
                self.desk, second, other, Pin.NONE, lambda _: b"booked", external_ref=reference
            )
        )
        await asyncio.wait({booking}, timeout=0.5)
        self.go_on.set()
        assert await confirming == b"confirmed"
        (result,) = await asyncio.gather(booking, return_exceptions=True)
        return result


def held(world: BookingWorld, desk: Desk, offer: HeldOffer, reference: str = "") -> str:
    """A hold for a minute, a second before its end."""
    told: list[Placed] = []

    def keep(placed: Placed) -> bytes:
        told.append(placed)
        return b"held"

    mutation = Mutation(TENANT, "h", "hold", b"hold")
    world.run(hold_slot(desk, mutation, offer, MINUTE, keep, external_ref=reference))
    world.clock.instant += MINUTE - timedelta(seconds=1)
    return told[0].stored.placed.id


def test_a_quota_counts_a_hold_that_is_confirmed_in_its_last_second(
    world: BookingWorld, postgres_url: str
) -> None:
    """One a day: while the hold of the day is being confirmed nobody takes its place for lapsed."""
    world.change(ActivityType, "service", lambda a: replace(a, rules=BookingRules(daily_quota=1)))
    ann, bob = offers_of_two(world)
    last = LastSecond(world, postgres_url)
    with closing(last.store):
        hold = held(world, last.desk, ann)

        result = world.run(last.while_confirming(hold, bob, ""))

    assert isinstance(result, SlotGoneError)


def test_a_reference_is_not_free_while_its_hold_is_confirmed_in_its_last_second(
    world: BookingWorld, postgres_url: str
) -> None:
    """One live visit for each external_ref, also when its hold lapses under its confirmation."""
    ann, bob = offers_of_two(world)
    last = LastSecond(world, postgres_url)
    with closing(last.store):
        hold = held(world, last.desk, ann, "order-7")

        result = world.run(last.while_confirming(hold, bob, "order-7"))

    assert isinstance(result, AlreadyExistsError)
