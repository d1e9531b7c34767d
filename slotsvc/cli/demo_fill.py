"""Fills the demo's days to about 60 % with real searches and bookings.

Each day is filled by one worker with its own seed, one visit after the other; routes of different
days do not touch each other, so the result does not depend on which worker is quicker.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from slotsvc.cli import demo_town as town
from slotsvc.cli.channel import new_request_id
from slotsvc.cli.demo_setup import LUNCH_MINUTES, TEAM, TENANT
from slotsvc.cli.failure import CommandError
from slotsvc.cli.wire import pb_date

if TYPE_CHECKING:
    from slotsvc.cli.demo_calls import DemoCalls
    from slotsvc.pb.v1.plan_service_pb2 import Route
    from slotsvc.pb.v1.slot_service_pb2 import Slot

FULL = 0.6
"""Share of the working time, lunch left out, that visits and driving take."""
MOST_ATTEMPTS = 120
CHOICES = 12
BUSY_WEIGHT_S = 1800
"""Choosing a technician whose day is all taken costs as much as this much driving."""
LUNCH_SHIFT_S = 6 * 3600


@dataclass
class DayLoad:
    """Seconds of work and driving, and of working time, by technician."""

    capacity: dict[str, int] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)
    visits: int = 0

    @property
    def share(self) -> float:
        """How full the whole team's day is, 0 to 1; 1 for a day nobody works."""
        capacity = sum(self.capacity.values())
        return sum(self.busy.values()) / capacity if capacity else 1.0

    def share_of(self, technician: str) -> float:
        """How full one technician's day is."""
        return self.busy.get(technician, 0) / max(self.capacity.get(technician, 0), 1)

    def add(self, technician: str, seconds: int) -> None:
        """One more visit with the driving it adds."""
        self.busy[technician] = self.busy.get(technician, 0) + seconds
        self.visits += 1


async def day_load(calls: DemoCalls, day: date) -> DayLoad:
    """The day as it is planned now."""
    from slotsvc.pb.v1.plan_service_pb2 import GetDayRequest

    request = GetDayRequest(team=TEAM, date=pb_date(day))
    load = DayLoad()
    for route in (await calls.ask(calls.plan.GetDay, request)).routes:
        load.capacity[route.technician] = _capacity_s(route)
        load.busy[route.technician] = route.travel_duration.seconds + sum(
            stop.end_time.seconds - stop.start_time.seconds for stop in route.stops
        )
        load.visits += len(route.stops)
    return load


def _capacity_s(route: Route) -> int:
    if not route.HasField("shift"):
        return 0
    span = route.shift.end_time.seconds - route.shift.start_time.seconds
    return span - (LUNCH_MINUTES * 60 if span >= LUNCH_SHIFT_S else 0)


async def fill_days(
    calls: DemoCalls, days: Sequence[date], seed: int, told: Callable[[float], None]
) -> list[DayLoad]:
    """Books visits until every day is about 60 % full; ``told`` hears the share done, 0 to 1."""
    reached = [0.0] * len(days)

    async def fill(index: int) -> DayLoad:
        def day_told(share: float) -> None:
            reached[index] = min(share / FULL, 1.0)
            told(sum(reached) / len(days))

        return await _fill_day(calls, days[index], random.Random(seed * 1000 + index), day_told)

    return list(await asyncio.gather(*(fill(index) for index in range(len(days)))))


async def _fill_day(
    calls: DemoCalls, day: date, chance: random.Random, told: Callable[[float], None]
) -> DayLoad:
    load = await day_load(calls, day)
    wishes = itertools.islice(_wishes(chance), MOST_ATTEMPTS)
    while load.share < FULL and (wish := next(wishes, None)):
        await _book_one(calls, day, wish, load, chance)
        told(load.share)
    told(FULL)
    return load


def _wishes(chance: random.Random) -> Iterator[tuple[town.DemoSite, town.DemoActivity]]:
    """Sites in random rounds, so that none comes twice before all came once."""
    shares = [activity.share for activity in town.ACTIVITIES]
    while True:
        for site in chance.sample(town.SITES, len(town.SITES)):
            yield site, chance.choices(town.ACTIVITIES, shares)[0]


async def _book_one(
    calls: DemoCalls,
    day: date,
    wish: tuple[town.DemoSite, town.DemoActivity],
    load: DayLoad,
    chance: random.Random,
) -> None:
    from slotsvc.pb.v1.visit_service_pb2 import BookVisitRequest

    site, activity = wish
    slots = await _search(calls, day, site, activity)
    if not slots:
        return
    slot = min(slots, key=lambda slot: (_preference(slot, load, chance), slot.rank))
    request = BookVisitRequest(token=slot.token, request_id=new_request_id())
    try:
        await calls.ask(calls.visits.BookVisit, request)
    except CommandError as error:
        if error.reason != "SLOT_GONE":
            raise
        return
    load.add(slot.place.technician, activity.minutes * 60 + slot.place.added_travel_seconds)


async def _search(
    calls: DemoCalls, day: date, site: town.DemoSite, activity: town.DemoActivity
) -> Sequence[Slot]:
    from slotsvc.pb.v1.slot_service_pb2 import SlotRequest, SuggestSlotsRequest

    request = SuggestSlotsRequest(
        team=TEAM,
        request=SlotRequest(
            site=f"{TENANT}/sites/{site.id}",
            activity_type=f"{TENANT}/activityTypes/{activity.id}",
            allowed_dates=[pb_date(day)],
        ),
        max_slots=CHOICES,
        max_slots_per_day=CHOICES,
    )
    return (await calls.ask(calls.slots.SuggestSlots, request)).slots


def _preference(slot: Slot, load: DayLoad, chance: random.Random) -> float:
    """What a dispatcher weighs: driving, whose day is still empty, and a mood of five minutes."""
    busy = BUSY_WEIGHT_S * load.share_of(slot.place.technician)
    return slot.place.added_travel_seconds + busy + chance.uniform(0, 300)
