"""A team's days as the search reads them: one value, built here and nowhere else.

Each route carries its version and the instant until which it holds (the earliest expiry of a live
hold): a hold that lapses changes the route without anybody writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from slotsvc.domain.technician import Technician
from slotsvc.domain.working_time import WorkDay
from slotsvc.solver.arrays import TeamArrays, replaced
from slotsvc.solver.base import Base, base_costs
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.instance import without_visit
from slotsvc.solver.params import Weights
from slotsvc.solver.route_facts import RouteFacts, replaced_facts, route_facts
from slotsvc.solver.shift_windows import DaysOff, days_off

BASE_BUDGET = 50_000
"""Partial orders kept at once when a route's own best order is searched."""


@dataclass(frozen=True, slots=True, eq=False)
class TeamCalendar:
    """``days[r]`` is row r of ``arrays`` and of ``facts``; rows are ordered by (technician id, day,
    shift). Made by ``team_calendar``.

    ``shifts``: for every (technician number, day) of the period, the shifts or why there is none.
    ``off``: those days without a shift. ``facts`` say which routes keep their order in this search.
    """

    technicians: tuple[Technician, ...]
    zone: str
    shifts: Mapping[tuple[int, date], WorkDay]
    days: tuple[DayOfWork, ...]
    arrays: TeamArrays
    base: Base
    facts: RouteFacts
    off: DaysOff


def team_calendar(
    technicians: Sequence[Technician],
    zone: str,
    shifts: Mapping[tuple[int, date], WorkDay],
    days: Sequence[DayOfWork],
    arrays: TeamArrays,
    base: Base,
) -> TeamCalendar:
    """The calendar with what the rules ask of it."""
    return TeamCalendar(
        tuple(technicians), zone, shifts, tuple(days), arrays, base,
        route_facts(days), days_off(shifts),
    )  # fmt: skip


def free_to_resequence(calendar: TeamCalendar) -> TeamCalendar:
    """The calendar as a planner may use it: routes told to technicians may change their order too,
    but for those that are broken or have a move under way."""
    return replace(calendar, facts=calendar.facts.free_to_resequence())


def without(calendar: TeamCalendar, placement: str, weights: Weights) -> TeamCalendar:
    """The calendar with one placement gone, its route keeping the order of the others.

    For moving a visit: its own place counts as free, but stays taken until the move is confirmed,
    so the order of that route must keep suiting both.
    """
    for row, day in enumerate(calendar.days):
        if placement in day.instance.visits:
            kept = tuple(p for p in day.placements if p.id != placement)
            instance = without_visit(day.instance, placement)
            left = replace(day, placements=kept, instance=instance, keep_order=True)
            return _with_day(calendar, row, left, weights)
    return calendar


def _with_day(calendar: TeamCalendar, row: int, day: DayOfWork, weights: Weights) -> TeamCalendar:
    arrays = replaced(calendar.arrays, {row: day.instance})
    return replace(
        calendar,
        days=(*calendar.days[:row], day, *calendar.days[row + 1 :]),
        arrays=arrays,
        base=base_costs(arrays, weights, BASE_BUDGET, (calendar.arrays, calendar.base)),
        facts=replaced_facts(calendar.facts, {row: day}),
    )
