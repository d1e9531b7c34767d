"""Why not: one technician and one window, or all the windows of a day, judged one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from slotsvc.domain.errors import InvalidRequestError, NotFoundError, Violation
from slotsvc.domain.offer_windows import OfferWindow, offered_windows, opened_around
from slotsvc.domain.shifts import date_in
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.working_time import at_pace
from slotsvc.scheduling.asked import Asked, look_up
from slotsvc.scheduling.ports import Store
from slotsvc.scheduling.suggest_slots import Search, SuggestSlots, out_of_time
from slotsvc.scheduling.team_seen import Period
from slotsvc.scheduling.wish import HeldOffer, SuggestCommand
from slotsvc.solver.one_window import Wanted
from slotsvc.solver.query import Legs, Offer
from slotsvc.solver.team_calendar import TeamCalendar
from slotsvc.solver.why_not import Asked as AskedWhy
from slotsvc.solver.why_not import Verdict, best_of, compared, why_not

MOST_WINDOWS = 50
"""Windows of a day that are judged in one call."""
COMPARING_S = 2.0
"""Longest search for the best slot of the request, which verdicts are compared with: who asks why
not wants the verdict."""


@dataclass(frozen=True, slots=True)
class WhyNotCommand:
    """``search``: what is needed, as for a search. ``when``: one window, or a local day whose
    windows of the offer grid are all asked about. ``most``: ways out of each."""

    search: SuggestCommand
    technician: str
    when: TimeWindow | date
    most: int = 3


@dataclass(frozen=True, slots=True)
class WhyNotAnswer:
    """One verdict for each window, by time. ``held``: what a possible one needs to be held, in the
    same order."""

    verdicts: tuple[Verdict, ...]
    held: tuple[HeldOffer | None, ...]
    map_id: str
    estimated: bool
    as_of: datetime
    zone: str


class WhyNot:
    """The use case; one instance per process. It searches with the parts of ``SuggestSlots``."""

    def __init__(self, store: Store, suggest: SuggestSlots) -> None:
        self._store, self._suggest = store, suggest

    async def __call__(self, command: WhyNotCommand) -> WhyNotAnswer:
        """Judges every window asked about.

        Raises ``NotFoundError``, ``InvalidRequestError``, ``WrongStateError``, ``TravelError``.
        """
        asked = await self._store.read(lambda tx: look_up(tx, command.search))
        day = (
            command.when if not isinstance(command.when, TimeWindow) else _day(asked, command.when)
        )
        period = self._covering(self._suggest.period(command.search, asked), day, command.when)
        loaded = await self._suggest.load(command.search, period)
        search = await self._suggest.read(command.search, asked, loaded)
        number = _number(search, command.technician)
        (legs,) = await self._suggest.legs([search.query.location], search.calendar)
        each = [
            AskedWhy(search.query, number, wanted, command.most)
            for wanted in _wanted(search, command.when, day)
        ]
        verdicts = await self._compared(
            search, each, [await self._judged(search, one, legs) for one in each], legs
        )
        offers = [(v.offer,) if v.offer is not None else () for v in verdicts]
        held = (self._suggest.held(search, found) for found in offers)
        estimated = legs.estimated or _estimated(search.calendar, number, day)
        return WhyNotAnswer(
            tuple(verdicts),
            tuple(found[0] if found else None for found in held),
            legs.map_id,
            estimated,
            search.snapshot.now,
            asked.team.zone,
        )

    def _covering(self, period: Period, day: date, when: TimeWindow | date) -> Period:
        """The days of the search and the one asked about."""
        first, last = min(period[0], day), max(period[1], day)
        if last - first > self._suggest.longest:
            field = "window" if isinstance(when, TimeWindow) else "date"
            text = f"at most {self._suggest.longest.days} days from the days of the request"
            raise InvalidRequestError([Violation(field, text)])
        return first, last

    async def _judged(self, search: Search, asked: AskedWhy, legs: Legs) -> Verdict:
        calendar, params, now = search.calendar, search.command.params, search.snapshot.now
        return await self._in_time(
            lambda over: why_not(calendar, asked, legs, params, now, over),
            search.command.deadline,
        )

    async def _compared(
        self, search: Search, each: Sequence[AskedWhy], verdicts: Sequence[Verdict], legs: Legs
    ) -> Sequence[Verdict]:
        """With the best slot of the request, searched once and after all verdicts: when time is
        short they matter more. The comparison has no more than ``COMPARING_S``."""
        if all(verdict.offer is None for verdict in verdicts):
            return verdicts
        calendar, params, now = search.calendar, search.command.params, search.snapshot.now
        until, deadline = time.monotonic() + COMPARING_S, search.command.deadline
        until = until if deadline is None else min(until, deadline)
        best = await self._in_time(
            lambda over: best_of(calendar, search.query, legs, params, now, over), until
        )
        if best is None:
            return verdicts
        return [
            await self._in_time(partial(_with_best, best, search, one, verdict, legs), until)
            for one, verdict in zip(each, verdicts, strict=True)
        ]

    async def _in_time[T](self, work: Callable[[Callable[[], bool]], T], until: float | None) -> T:
        """In a thread of its own turn, so that a day of many windows stands in nobody's way; the
        work is told when its time is over, at ``until``."""
        return await self._suggest.in_thread(lambda left: work(out_of_time(until, left)), until)


def _with_best(
    best: Offer,
    search: Search,
    asked: AskedWhy,
    verdict: Verdict,
    legs: Legs,
    over: Callable[[], bool],
) -> Verdict:
    params, now = search.command.params, search.snapshot.now
    return compared(verdict, best, search.calendar, asked, legs, params, now, over)


def _day(asked: Asked, window: TimeWindow) -> date:
    return date_in(asked.team.zone, window.start)


def _number(search: Search, technician: str) -> int:
    for number, who in enumerate(search.calendar.technicians):
        if who.id == technician:
            return number
    raise NotFoundError("no such technician in the team")


def _wanted(search: Search, when: TimeWindow | date, day: date) -> Sequence[Wanted]:
    asked, work = search.asked, search.asked.work
    site, zone = asked.site, asked.team.zone
    service = _shortest(search)
    hours = site.opening_hours if site else None
    site_zone = site.zone if site and site.zone else zone
    around = None if hours is None else opened_around(hours, site_zone, day, work.service)
    if isinstance(when, TimeWindow):
        return [Wanted(day, OfferWindow(when, when), around)]
    windows = offered_windows(asked.grid, zone, day, None, site_zone, service)
    return [Wanted(day, window, around) for window in windows[:MOST_WINDOWS]]


def _shortest(search: Search) -> timedelta:
    """Time on site of the quickest."""
    pace = min((who.pace for who in search.snapshot.technicians), default=100)
    return at_pace(search.asked.work.service, pace)


def _estimated(calendar: TeamCalendar, technician: int, day: date) -> bool:
    """Whether some driving of the technician's day is an estimate."""
    return any(d.estimated for d in calendar.days if (d.technician, d.day) == (technician, day))
