"""Fills the demo's days to about 60 % with real searches and bookings."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from slotsvc.cli import demo_town as town
from slotsvc.cli.channel import new_request_id
from slotsvc.cli.demo_setup import LUNCH_MINUTES, TEAM, TENANT
from slotsvc.cli.failure import CommandError
from slotsvc.cli.wire import pb_date
from slotsvc.cli.words import to_date

if TYPE_CHECKING:
    from slotsvc.cli.demo_calls import DemoCalls
    from slotsvc.pb.v1.plan_service_pb2 import Route
    from slotsvc.pb.v1.slot_service_pb2 import Slot

FULL = 0.59
"""A day gets visits until they and their driving take this share of its working time."""
MOST_ROUNDS = 200
DAYS_AT_ONCE = 7
CHOICES = 6
"""Slots looked at for each day."""
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
    """Books visits until every day is about 60 % full; ``told`` hears the share done, 0 to 1.

    In rounds: one search for one site over some of the days, then one booking on each of these
    days at once. Routes of different days do not touch each other, so which booking is quicker
    does not change the result.
    """
    loads = dict(zip(days, await asyncio.gather(*(day_load(calls, d) for d in days)), strict=True))
    chance = random.Random(seed)
    for wish in itertools.islice(_wishes(chance), MOST_ROUNDS):
        left = [day for day in days if loads[day].share < FULL]
        told(1 - sum(FULL - loads[day].share for day in left) / (FULL * len(days)))
        if not left:
            break
        some = sorted(chance.sample(left, min(DAYS_AT_ONCE, len(left))))
        await _round(calls, wish, {day: loads[day] for day in some}, chance)
    return [loads[day] for day in days]


def _wishes(chance: random.Random) -> Iterator[tuple[town.DemoSite, town.DemoActivity]]:
    """Sites in random order, each once before any comes again."""
    shares = [activity.share for activity in town.ACTIVITIES]
    while True:
        for site in chance.sample(town.SITES, len(town.SITES)):
            yield site, chance.choices(town.ACTIVITIES, shares)[0]


async def _round(
    calls: DemoCalls,
    wish: tuple[town.DemoSite, town.DemoActivity],
    loads: Mapping[date, DayLoad],
    chance: random.Random,
) -> None:
    site, activity = wish
    best: dict[date, tuple[float, Slot]] = {}
    for slot in await _search(calls, site, activity, list(loads)):
        day = to_date(slot.place.date)
        dearness = _preference(slot, loads[day], chance)
        if day not in best or dearness < best[day][0]:
            best[day] = dearness, slot
    chosen = {day: slot for day, (_, slot) in best.items()}
    booked = await asyncio.gather(*(book(calls, slot) for slot in chosen.values()))
    for (day, slot), done in zip(chosen.items(), booked, strict=True):
        if done:
            seconds = activity.minutes * 60 + slot.place.added_travel_seconds
            loads[day].add(slot.place.technician, seconds)


async def _search(
    calls: DemoCalls, site: town.DemoSite, activity: town.DemoActivity, days: Sequence[date]
) -> Sequence[Slot]:
    from slotsvc.pb.v1.slot_service_pb2 import SlotRequest, SuggestSlotsRequest

    request = SuggestSlotsRequest(
        team=TEAM,
        request=SlotRequest(
            site=f"{TENANT}/sites/{site.id}",
            activity_type=f"{TENANT}/activityTypes/{activity.id}",
            first_date=pb_date(days[0]),
            last_date=pb_date(days[-1]),
            allowed_dates=[pb_date(day) for day in days],
        ),
        max_slots=CHOICES * len(days),
        max_slots_per_day=CHOICES,
    )
    return (await calls.ask(calls.slots.SuggestSlots, request)).slots


async def book(calls: DemoCalls, slot: Slot) -> bool:
    """Holds and confirms in one step; False when the slot is gone."""
    from slotsvc.pb.v1.visit_service_pb2 import BookVisitRequest

    request = BookVisitRequest(token=slot.token, request_id=new_request_id())
    try:
        await calls.ask(calls.visits.BookVisit, request)
    except CommandError as error:
        if error.reason != "SLOT_GONE":
            raise
        return False
    return True


def _preference(slot: Slot, load: DayLoad, chance: random.Random) -> float:
    """What a dispatcher weighs: driving, whose day is still empty, and a mood of five minutes."""
    busy = BUSY_WEIGHT_S * load.share_of(slot.place.technician)
    return slot.place.added_travel_seconds + busy + chance.uniform(0, 300)
