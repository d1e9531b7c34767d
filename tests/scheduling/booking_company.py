"""The booking machine's company: every rule a shift can have, with somebody who has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta

from slotsvc.domain.eligibility import Certificate
from slotsvc.domain.offering import ActivityType, OfferGrid
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Team, Technician, Tenant
from slotsvc.domain.working_time import (
    BreakRule,
    DayHours,
    LocalInterval,
    ShiftHours,
    WorkingTime,
)
from slotsvc.scheduling.calendar_ports import Entity

TENANT, TEAM, ZONE = "acme", "crew", "Europe/Monaco"
TECHNICIANS = ("ann", "bob", "cid")
DAYS = 2
HOME = Location(43.73327, 7.41693)
PLACES = (
    Location(43.73953, 7.42802),
    Location(43.73501, 7.42134),
    Location(43.75049, 7.43870),
    Location(43.74360, 7.42450),
)
GRID = OfferGrid(
    tuple(LocalInterval(time(a), time(b)) for a, b in ((8, 10), (10, 12), (13, 15), (15, 17)))
)
WORKS = ("service", "boiler", "survey")
NOON = BreakRule(LocalInterval(time(12), time(13)), timedelta(minutes=30))


def company() -> Iterator[Entity]:
    """In the order in which it is set up."""
    yield Tenant(TENANT, "Acme", frozenset(["gas"]))
    yield Team(TEAM, "Crew", ZONE)
    plain = ActivityType(
        "service", "Service", timedelta(hours=1), frozenset(), GRID, timedelta(0),
        timedelta(days=DAYS),
    )  # fmt: skip
    yield plain
    yield replace(plain, id="boiler", requires=frozenset(["gas"]), setup=timedelta(minutes=10))
    yield replace(plain, id="survey", service=timedelta(hours=2), pausable=True)
    yield from technicians()


def technicians() -> Iterator[Technician]:
    """Ann has nothing special, Bob a lunch, a pace, overtime and limits, Cid two shifts."""
    ann = Technician(
        "ann", "Ann", TEAM, ZONE, HOME, HOME, week(whole_day()), tags=frozenset(["gas"])
    )
    yield ann
    yield replace(
        ann,
        id="bob",
        display_name="Bob",
        working_time=week(whole_day(NOON)),
        tags=frozenset(),
        pace=120,
        max_overtime=timedelta(minutes=30),
        max_visits=4,
        max_travel=timedelta(minutes=80),
    )
    yield replace(
        ann,
        id="cid",
        display_name="Cid",
        working_time=week(two_shifts()),
        tags=frozenset(),
        certificates=(Certificate("gas", 2),),
        unpaid_first_leg=True,
        unpaid_last_leg=True,
    )


def week(day: DayHours) -> WorkingTime:
    """Every day is the same."""
    return WorkingTime((day,) * 7)


def whole_day(*breaks: BreakRule, until: int = 18) -> DayHours:
    """From eight."""
    return DayHours(LocalInterval(time(8), time(until)), breaks)


def two_shifts() -> DayHours:
    """A morning and an afternoon."""
    morning, afternoon = LocalInterval(time(8), time(12)), LocalInterval(time(13), time(18))
    return DayHours(morning, more=(ShiftHours(afternoon),))
