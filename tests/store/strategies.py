"""Hypothesis strategies for everything that the store keeps."""

from __future__ import annotations

from datetime import date, time, timedelta

import numpy as np
from hypothesis import strategies as st

from slotsvc.domain.offering import ActivityType, OfferGrid, Site
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Team, Technician, Tenant
from slotsvc.domain.time_window import TimeWindow, from_epoch
from slotsvc.domain.visit import Pin, Placement, PlacementState, RouteKey, Visit
from slotsvc.domain.working_time import (
    Absence,
    AbsenceCategory,
    BreakRule,
    DayHours,
    LocalInterval,
    ShiftException,
    WorkingTime,
)
from slotsvc.scheduling.ports import StoredVisit, TravelBlock
from slotsvc.scheduling.travel_port import UNREACHABLE, Provenance

# Any text but lone surrogates, which UTF-8 cannot hold.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
tag_sets = st.frozensets(texts, max_size=4)
days = st.dates(date(1900, 1, 1), date(2200, 1, 1))
instants = st.integers(-631_152_000, 7_258_118_400).map(from_epoch)  # 1950 to 2200
durations = st.integers(0, 400 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
locations = st.builds(Location, st.floats(-90, 90), st.floats(-180, 180))
wall_times = st.times().map(lambda wall: wall.replace(microsecond=0)) | st.just(time(0))
intervals = st.builds(LocalInterval, wall_times, wall_times)
windows = st.tuples(instants, st.integers(1, 10**7)).map(
    lambda pair: TimeWindow(pair[0], pair[0] + timedelta(seconds=pair[1]))
)
day_hours = st.builds(
    DayHours,
    st.none() | intervals,
    st.lists(st.builds(BreakRule, intervals, durations), max_size=2).map(tuple),
)
weeks = st.lists(day_hours, min_size=7, max_size=7).map(lambda week: WorkingTime(tuple(week)))
opening_hours = st.none() | st.lists(
    st.lists(intervals, max_size=2).map(tuple), min_size=7, max_size=7
).map(tuple)
grids = st.builds(OfferGrid, st.lists(intervals, max_size=4).map(tuple), st.none() | durations)

tenants = st.builds(Tenant, ids, texts, tag_sets)
teams = st.builds(Team, ids, texts, texts)
technicians = st.builds(Technician, ids, texts, texts, texts, locations, locations, weeks, tag_sets)
sites = st.builds(Site, ids, texts, locations, texts, opening_hours, texts, texts)
activity_types = st.builds(
    ActivityType, ids, texts, durations, tag_sets, grids, durations, durations
)
shift_exceptions = st.builds(ShiftException, ids, texts, days, day_hours, texts)
absences = st.builds(Absence, ids, texts, windows, st.sampled_from(AbsenceCategory), texts)
entities = st.one_of(tenants, teams, technicians, sites, activity_types, shift_exceptions, absences)

visits = st.builds(Visit, ids, locations, durations, tag_sets, texts, texts, texts, texts, texts)
placements = st.builds(
    Placement,
    ids,
    st.builds(RouteKey, ids, ids, days),
    visits,
    st.integers(-1, 40),
    st.sampled_from(PlacementState),
    windows,
    windows,
    st.none() | instants,
    st.none() | ids,
    st.sampled_from(Pin),
)
provenances = st.sampled_from(Provenance)


@st.composite
def stored_visits(draw: st.DrawFn) -> StoredVisit:
    """A visit with one placement of its own."""
    placement = draw(placements)
    return StoredVisit(
        placement.visit,
        placement,
        draw(st.integers(1, 2**40)),
        draw(provenances),
        draw(instants),
        draw(instants),
        draw(st.none() | instants),
        draw(st.none() | instants),
        draw(st.booleans()),
    )


@st.composite
def travel_blocks(draw: st.DrawFn) -> TravelBlock:
    """Up to six places; some pairs have no road."""
    places = tuple(draw(st.lists(locations, max_size=6, unique=True)))
    second = st.integers(0, 86_400) | st.just(UNREACHABLE)
    size = len(places)
    flat = draw(st.lists(second, min_size=size * size, max_size=size * size))
    seconds = np.array(flat, np.int32).reshape(size, size)
    return TravelBlock(places, seconds, draw(texts), draw(provenances))
