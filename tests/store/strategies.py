"""Hypothesis strategies for everything that the store keeps."""

from __future__ import annotations

from datetime import date, time, timedelta

import numpy as np
from hypothesis import strategies as st

from slotsvc.domain.booking_rules import BookingRules, DateRange, SectorDays
from slotsvc.domain.closures import Closure
from slotsvc.domain.commitment import Commitment, CommitmentKind, Promise
from slotsvc.domain.eligibility import Certificate
from slotsvc.domain.offering import ActivityType, OfferGrid, Site
from slotsvc.domain.place import Location
from slotsvc.domain.route_violation import Origin, RouteViolation
from slotsvc.domain.technician import Loan, Team, Technician, Tenant, Van
from slotsvc.domain.time_window import TimeWindow, from_epoch, merge
from slotsvc.domain.visit import (
    Outcome,
    Pin,
    Placement,
    PlacementState,
    Reported,
    RouteKey,
    Standing,
    UnplacedReason,
    Visit,
)
from slotsvc.domain.working_time import (
    Absence,
    AbsenceCategory,
    BreakRule,
    DayHours,
    LocalInterval,
    ShiftException,
    ShiftHours,
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
# Places are kept to a millionth of a degree.
stored_places = st.builds(
    Location, st.integers(-90, 90).map(float), st.integers(-180, 180).map(lambda x: x / 8)
)
breaks = st.lists(st.builds(BreakRule, intervals, durations), max_size=2).map(tuple)
maybe_place = st.none() | stored_places
more_shifts = st.builds(ShiftHours, intervals, breaks, maybe_place, maybe_place)
day_hours = st.just(DayHours(None)) | st.builds(
    DayHours,
    intervals,
    breaks,
    maybe_place,
    maybe_place,
    st.lists(more_shifts, max_size=2).map(tuple),
)
maybe_day = st.none() | days
certificates = st.lists(
    st.builds(Certificate, texts, st.integers(1, 9), maybe_day, maybe_day), max_size=3
).map(tuple)
sector_weeks = st.lists(st.none() | tag_sets, min_size=7, max_size=7).map(tuple)
weeks = st.lists(day_hours, min_size=7, max_size=7).map(lambda week: WorkingTime(tuple(week)))
opening_hours = st.none() | st.lists(
    st.lists(intervals, max_size=2).map(tuple), min_size=7, max_size=7
).map(tuple)
grids = st.builds(OfferGrid, st.lists(intervals, max_size=4).map(tuple), st.none() | durations)

tenants = st.builds(Tenant, ids, texts, tag_sets, tag_sets, texts)
teams = st.builds(Team, ids, texts, texts, texts, durations)
vans = st.builds(Van, ids, texts, tag_sets, certificates)
technicians = st.builds(
    Technician,
    ids,
    texts,
    texts,
    texts,
    locations,
    locations,
    weeks,
    tag_sets,
    certificates,
    texts,
    sector_weeks,
    st.none() | durations,
    st.none() | st.integers(1, 1000),
    durations,
    st.booleans(),
    st.booleans(),
    st.integers(50, 300),
)
sites = st.builds(Site, ids, texts, locations, texts, opening_hours, texts, texts, texts, durations)
loans = st.builds(Loan, ids, texts, texts, days, days, st.booleans())
closures = st.builds(
    Closure, ids, texts, st.tuples(days, days), st.none(), tag_sets, texts
) | st.builds(Closure, ids, texts, st.none(), windows, tag_sets, texts)
_dates = st.dates(date(2000, 1, 1), date(2199, 12, 31))
_holds = st.none() | st.integers(10, 900).map(lambda s: timedelta(seconds=s))
_sector_days = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True),
    st.frozensets(st.integers(0, 6), min_size=1),
    max_size=3,
).map(lambda found: tuple(SectorDays(*one) for one in found.items()))
booking_rules = st.builds(
    lambda holds, **rules: BookingRules(hold=holds[0], longest_hold=holds[1], **rules),
    st.tuples(_holds, _holds).filter(lambda two: None in two or two[0] <= two[1]),
    cut_off=st.none() | st.times().map(lambda t: t.replace(microsecond=0)),
    cut_off_days=st.integers(0, 30),
    daily_quota=st.none() | st.integers(1, 10_000),
    sector_days=_sector_days,
    blackouts=st.lists(
        st.tuples(_dates, _dates).map(lambda two: DateRange(min(two), max(two))), max_size=3
    ).map(tuple),
)
activity_types = st.builds(
    ActivityType,
    ids,
    texts,
    durations,
    tag_sets,
    grids,
    durations,
    durations,
    booking_rules,
    durations,
    st.booleans(),
)
shift_exceptions = st.builds(ShiftException, ids, texts, days, st.none() | day_hours, texts, texts)
absences = st.builds(Absence, ids, texts, windows, st.sampled_from(AbsenceCategory), texts)
entities = st.one_of(
    tenants,
    teams,
    technicians,
    vans,
    sites,
    activity_types,
    closures,
    shift_exceptions,
    absences,
    loans,
)

kinds = st.sampled_from([CommitmentKind.APPOINTMENT, CommitmentKind.INTERNAL])
commitments = (
    st.builds(Commitment, kinds, st.none() | instants)
    | st.builds(Commitment, st.just(CommitmentKind.DEADLINE), instants)
    | st.builds(Commitment, st.just(CommitmentKind.FLEXIBLE), st.none() | instants, windows)
)
promises = st.builds(
    Promise,
    st.lists(windows, min_size=1, max_size=3).map(merge),
    instants,
    texts,
    st.none() | instants,
)
visits = st.builds(
    Visit,
    ids,
    locations,
    durations,
    tag_sets,
    *[texts] * 5,
    access=durations,
    pausable=st.booleans(),
    sector=texts,
    priority=st.integers(-9, 9),
    commitment=commitments,
    promises=st.lists(promises, max_size=2).map(tuple),
    labels=st.dictionaries(texts, texts, max_size=3),
    team=texts,
)
reports = st.just(Reported()) | st.builds(
    Reported,
    st.none() | instants,
    st.none() | instants,
    st.none() | instants,
    st.none() | st.sampled_from(Outcome),
    st.lists(st.tuples(texts, instants), max_size=3).map(tuple),
)
placements = st.builds(
    Placement,
    ids,
    st.builds(RouteKey, ids, ids, days, st.integers(0, 3)),
    visits,
    st.integers(-1, 40),
    st.sampled_from(PlacementState),
    st.none() | windows,
    windows,
    st.none() | instants,
    st.none() | ids,
    st.sampled_from(Pin),
    st.none() | durations,
    reports,
)
standings = st.sampled_from(Standing)
reasons = st.none() | st.sampled_from(UnplacedReason)
violations = st.builds(
    RouteViolation,
    texts,
    texts,
    texts,
    st.integers(0, 2**40),
    texts,
    instants,
    st.sampled_from(Origin),
    texts,
)
provenances = st.sampled_from(Provenance)


@st.composite
def stored_visits(draw: st.DrawFn) -> StoredVisit:
    """A visit with one placement of its own."""
    placement = draw(placements)
    return StoredVisit(
        placement.route.tenant,
        placement.visit,
        placement,
        draw(st.integers(1, 2**40)),
        draw(provenances),
        draw(instants),
        draw(instants),
        draw(st.none() | instants),
        draw(st.none() | instants),
        draw(st.booleans()),
        draw(standings),
        draw(reasons),
    )


unplaced_visits = st.builds(
    StoredVisit,
    ids,
    visits,
    st.none(),
    st.integers(1, 2**40),
    st.just(Provenance.LIVE),
    instants,
    instants,
    standing=standings,
    unplaced_reason=reasons,
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
