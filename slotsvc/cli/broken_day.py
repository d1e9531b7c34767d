"""``slotsvc demo broken-day``: a working day that goes wrong, told to a planner."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from slotsvc.cli import demo_town as town
from slotsvc.cli.broken_day_clock import TODAY, SetClock, day_before

if TYPE_CHECKING:
    from google.type.latlng_pb2 import LatLng

    from slotsvc.bootstrap import RunningServer
    from slotsvc.cli.demo_calls import DemoCalls
    from slotsvc.config import Settings

SEED = 11
"""Of the visits booked: Chiara's morning is full, and her second visit promised until 10:00."""

BOOKED_DAYS = 3
SICK = "paul-fontaine"
SICK_VISITS = 5
TIMEOUT_S = 30.0


async def tell_broken_day(chosen: Settings, as_json: bool) -> None:
    """Starts a service with a set clock, books the company, tells the story, stops.

    Raises ``CommandError`` when anything is not as it should be.
    """
    import sys

    from slotsvc.bootstrap import running
    from slotsvc.server.logging import configure_logging

    configure_logging(chosen.log.format, chosen.log.level, sys.stderr)
    clock = day_before()
    async with running(chosen, clock=clock) as server:
        visits = await book_company(server, as_json)
        await asyncio.to_thread(_tell, server.address, clock, visits, as_json)


async def book_company(server: RunningServer, as_json: bool) -> int:
    """The demo's company with its first days booked; how many visits the story's day has."""
    from slotsvc.cli import demo_setup
    from slotsvc.cli.demo_calls import demo_calls
    from slotsvc.cli.demo_fill import day_load, fill_days
    from slotsvc.cli.progress import staged

    days = demo_setup.working_days(TODAY - timedelta(days=1), demo_setup.DAYS)
    async with demo_calls(server.address) as calls:
        await demo_setup.create_company(calls, days)
        with staged("Booking three days of visits", quiet=as_json) as told:
            booked = days[:BOOKED_DAYS]
            await fill_days(calls, booked, SEED, lambda share: told("", share))
            await _fill_up(calls)
        return (await day_load(calls, TODAY)).visits


async def _fill_up(calls: DemoCalls) -> None:
    """More visits from 10:00 on for the one who will be sick, where nobody else goes that day."""
    from slotsvc.cli.demo_fill import book
    from slotsvc.cli.demo_setup import TEAM, TENANT
    from slotsvc.cli.wire import pb_date, pb_place, pb_window
    from slotsvc.pb.v1.plan_service_pb2 import GetDayRequest
    from slotsvc.pb.v1.slot_service_pb2 import SlotRequest, SuggestSlotsRequest

    today, clock = pb_date(TODAY), day_before()
    late = pb_window(clock.at(10), clock.at(17))
    who = f"{TENANT}/technicians/{SICK}"
    routes = (await calls.ask(calls.plan.GetDay, GetDayRequest(team=TEAM, date=today))).routes
    taken = {_point(stop.location) for route in routes for stop in route.stops}
    left = SICK_VISITS - sum(len(route.stops) for route in routes if route.technician == who)
    for site in town.SITES:
        if left <= 0 or _point(pb_place(site.lat, site.lon)) in taken:
            continue
        wanted = SlotRequest(
            site=f"{TENANT}/sites/{site.id}",
            activity_type=f"{TENANT}/activityTypes/{town.ACTIVITIES[0].id}",
            first_date=today,
            last_date=today,
            required_technicians=[who],
            allowed_windows=[late],
        )
        request = SuggestSlotsRequest(team=TEAM, request=wanted, max_slots=1)
        for slot in (await calls.ask(calls.slots.SuggestSlots, request)).slots:
            left -= await book(calls, slot)


def _point(place: LatLng) -> tuple[float, float]:
    return round(place.latitude, 5), round(place.longitude, 5)


def _tell(address: str, clock: SetClock, visits: int, as_json: bool) -> None:
    """In a thread of its own: commands call the service one after the other."""
    from slotsvc.cli.broken_day_calls import BrokenDayCalls
    from slotsvc.cli.broken_day_page import Page
    from slotsvc.cli.broken_day_steps import BrokenDay
    from slotsvc.cli.channel import connect

    with connect(address, TIMEOUT_S) as service:
        page = Page(clock, as_json)
        page.head(visits)
        calls = BrokenDayCalls(service, clock.zone, TODAY)
        with calls.watching():
            BrokenDay(calls, clock, page).tell()
        page.end()
