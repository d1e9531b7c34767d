"""Many searches in one call: what they have in common is read once, answers come in order.

Requests of one team share its calendar and one table of driving. They are taken some at a time, so
that the first answers come soon and nothing gets old. Of all batches together only a few requests
are ranked at once, so that a search on its own waits behind no more than those.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, suppress
from itertools import batched

from slotsvc.domain.errors import SlotsvcError
from slotsvc.scheduling.asked import Asked, look_up
from slotsvc.scheduling.live_calendar import LONGEST_MEMORY
from slotsvc.scheduling.ports import ReadTx, Store
from slotsvc.scheduling.suggest_slots import (
    RANKED_AT_ONCE,
    Loaded,
    Search,
    Suggestions,
    SuggestSlots,
)
from slotsvc.scheduling.team_seen import Period
from slotsvc.scheduling.wish import SuggestCommand
from slotsvc.solver.params import Weights
from slotsvc.solver.query import Legs

TOGETHER = 25
"""Requests that are read together."""

type Question = SuggestCommand | SlotsvcError
"""A search of the batch's tenant, or what is wrong with the request."""

type Result = Suggestions | Exception | None
"""An exception: what a single search would have raised. None: the deadline left no time for it."""

type _Ready = tuple[Search, Legs] | SlotsvcError | None
type _Shared = tuple[str, Weights]
"""What requests must have in common to share a calendar: the team, and the weights of orders."""
type _Calendars = dict[_Shared, tuple[Period, Loaded | SlotsvcError]]


class SuggestBatch:
    """The use case; one instance per process. It searches with the parts of ``SuggestSlots``."""

    def __init__(self, store: Store, suggest: SuggestSlots) -> None:
        self._store, self._suggest = store, suggest
        self._turns = asyncio.Semaphore(RANKED_AT_ONCE)

    async def __call__(
        self, questions: Sequence[Question], deadline: float
    ) -> AsyncGenerator[Result]:
        """One result for each question, in their order. ``deadline``: monotonic seconds."""
        waiting: deque[asyncio.Task[Result]] = deque()
        try:
            async with aclosing(self._ready(questions, deadline)) as readies:
                async for ready in readies:
                    waiting.append(asyncio.create_task(self._result(ready, deadline)))
                    if len(waiting) > RANKED_AT_ONCE:
                        yield await waiting.popleft()
            while waiting:
                yield await waiting.popleft()
        finally:
            await _cancelled(waiting)

    async def _ready(
        self, questions: Sequence[Question], deadline: float
    ) -> AsyncGenerator[_Ready]:
        """Everything read; those behind are read while those in front are ranked."""
        some = [list(part) for part in batched(questions, TOGETHER)]
        reading = [asyncio.create_task(self._read(part, deadline)) for part in some[:1]]
        try:
            for number in range(len(some)):
                found = await reading.pop()
                if number + 1 < len(some):
                    reading.append(asyncio.create_task(self._read(some[number + 1], deadline)))
                for ready in found:
                    yield ready
        finally:
            await _cancelled(reading)

    async def _result(self, ready: _Ready, deadline: float) -> Result:
        if not isinstance(ready, tuple):
            return ready
        async with self._turns:
            if time.monotonic() >= deadline:
                return None
            try:
                return await self._suggest.ranked(*ready)
            except Exception as error:  # a defect is this request's too, not its neighbours'
                return error

    async def _read(self, questions: Sequence[Question], deadline: float) -> Sequence[_Ready]:
        try:
            async with asyncio.timeout(max(deadline - time.monotonic(), 0)):
                return await self._read_all(questions)
        except TimeoutError:
            return [q if isinstance(q, SlotsvcError) else None for q in questions]

    async def _read_all(self, questions: Sequence[Question]) -> Sequence[_Ready]:
        asked = await self._store.read(lambda tx: [_looked_up(tx, q) for q in questions])
        periods = self._periods(questions, asked)
        loaded: _Calendars = {}
        for shared, (command, period) in periods.items():
            loaded[shared] = period, await self._load(command, period)
        searches = [await self._search(q, a, loaded) for q, a in zip(questions, asked, strict=True)]
        legs = await self._legs([s for s in searches if isinstance(s, Search)])
        return [s if isinstance(s, SlotsvcError) else _with(s, legs) for s in searches]

    def _periods(
        self, questions: Sequence[Question], asked: Sequence[Asked | SlotsvcError]
    ) -> dict[_Shared, tuple[SuggestCommand, Period]]:
        """The days that each shared calendar must cover, with one of the commands."""
        found: dict[_Shared, tuple[SuggestCommand, Period]] = {}
        for command, one in zip(questions, asked, strict=True):
            if isinstance(command, SlotsvcError) or isinstance(one, SlotsvcError):
                continue
            with suppress(SlotsvcError):  # told when the search itself is read
                first, last = self._suggest.period(command, one)
                _, known = found.get(_shared(command), (command, (first, last)))
                period = min(first, known[0]), max(last, known[1])
                if _days(period) <= max(LONGEST_MEMORY, _days((first, last))):
                    found[_shared(command)] = command, period
        return found

    def _covering(
        self, command: SuggestCommand, asked: Asked, loaded: _Calendars
    ) -> Loaded | SlotsvcError | None:
        """The shared calendar; None: it leaves out days that this search asks for."""
        first, last = self._suggest.period(command, asked)
        (start, end), calendar = loaded.get(_shared(command), ((last, first), None))
        return calendar if start <= first and last <= end else None

    async def _load(self, command: SuggestCommand, period: Period) -> Loaded | SlotsvcError:
        try:
            return await self._suggest.load(command, period)
        except SlotsvcError as error:
            return error

    async def _search(
        self,
        command: Question,
        asked: Asked | SlotsvcError,
        loaded: _Calendars,
    ) -> Search | SlotsvcError:
        if isinstance(command, SlotsvcError):
            return command
        if isinstance(asked, SlotsvcError):
            return asked
        try:
            calendar = self._covering(command, asked, loaded)
            if isinstance(calendar, SlotsvcError):
                return calendar
            return await self._suggest.read(command, asked, calendar)
        except SlotsvcError as error:
            return error

    async def _legs(self, searches: Sequence[Search]) -> dict[int, Legs | SlotsvcError]:
        """Per search (by identity) the driving to and from its place: one table for each set of
        places that calendars know."""
        found: dict[int, Legs | SlotsvcError] = {}
        for group in _same_places(searches):
            places = list(dict.fromkeys(s.query.location for s in group))
            try:
                legs = await self._suggest.legs(places, group[0].calendar)
            except SlotsvcError as error:
                found |= {id(s): error for s in group}
                continue
            by_place = dict(zip(places, legs, strict=True))
            found |= {id(s): by_place[s.query.location] for s in group}
        return found


def _days(period: Period) -> int:
    return (period[1] - period[0]).days


def _shared(command: SuggestCommand) -> _Shared:
    return command.team, command.params.weights.of_orders


def _looked_up(tx: ReadTx, question: Question) -> Asked | SlotsvcError:
    if isinstance(question, SlotsvcError):
        return question
    try:
        return look_up(tx, question)
    except SlotsvcError as error:
        return error


def _same_places(searches: Sequence[Search]) -> Iterator[list[Search]]:
    groups: dict[int, list[Search]] = {}
    for search in searches:
        groups.setdefault(id(search.calendar.arrays.places), []).append(search)
    yield from groups.values()


def _with(search: Search, legs: dict[int, Legs | SlotsvcError]) -> _Ready:
    found = legs[id(search)]
    return found if isinstance(found, SlotsvcError) else (search, found)


async def _cancelled(tasks: Sequence[asyncio.Task[object]] | deque[asyncio.Task[Result]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
