"""Travel times that replicas share, in lines: one place to many, or many to one.

A place that one replica asked the road engine for is known to all of them, and still known after
a restart. Below the cache in memory, above the road engine. Whatever the store of lines does
(nothing, late, forgets, lies), answers are the engine's: only lines that open and are sound are
believed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import Provenance, TravelTable, TravelTimes
from slotsvc.travel.shared_line import Codes, Line, LineSeal, codes_of, is_sound, merged

MOST_LINES = 4
"""Wider questions would move megabytes through the store: the engine is asked."""
LEAST_PAIRS = 16
"""For fewer times the engine is about as quick as the store."""

type Found = Literal["hit", "miss", "foreign"]


class LineStore(Protocol):
    """Keeps bytes for a while, perhaps."""

    async def read(self, names: Sequence[bytes]) -> Sequence[bytes | None] | None:
        """What stands under each name; None: no answer in time. Never raises, never takes long."""
        ...

    def write(self, lines: Mapping[bytes, bytes]) -> None:
        """Keep them, some time later or never. Never raises, never waits."""
        ...


@dataclass(frozen=True, slots=True)
class _Question:
    """A table as lines: ``names`` of the lines, ``lines`` and ``others`` their places."""

    outward: bool
    names: Sequence[bytes]
    lines: Sequence[Location]
    others: Sequence[Location]
    codes: Codes

    async def asked_of(
        self, travel: TravelTimes, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> TravelTable:
        """A part of the table, as ``travel`` knows it: a line is a row, whatever its direction."""
        lines = [self.lines[i] for i in rows.tolist()]
        others = [self.others[j] for j in columns.tolist()]
        if self.outward:
            return await travel.table(lines, others)
        return _turned(await travel.table(others, lines))


class _Answer:
    """A table that is filled line by line; a line is a row, whatever its direction."""

    def __init__(self, question: _Question) -> None:
        self._codes = question.codes
        shape = len(question.lines), len(question.others)
        self.there = np.zeros(shape, dtype=np.bool_)
        self.seconds = np.zeros(shape, dtype=np.int32)
        self.line_snap_m, self.other_snap_m = np.zeros(shape[0]), np.zeros(shape[1])

    def put(self, row: int, line: Line) -> None:
        """What the line knows."""
        there, where = line.at(self._codes)
        self.there[row] |= there
        self.seconds[row, there] = line.seconds[where[there]]
        self.other_snap_m[there] = line.snap_m[where[there]]
        self.line_snap_m[row] = line.own_snap_m

    def table(self, map_id: str) -> TravelTable:
        """All of it, LIVE."""
        return TravelTable(
            self.seconds, self.line_snap_m, self.other_snap_m, map_id, Provenance.LIVE
        )


class SharedTravelTimes:
    """``TravelTimes`` around ``inner``, whose map has an identity that all replicas know.

    ``count`` is told of pairs found (``hit``) and asked (``miss``), and of lines that were there
    and are not ours (``foreign``). Estimates are passed on and never shared.
    """

    def __init__(
        self,
        inner: TravelTimes,
        store: LineStore,
        seal: LineSeal,
        *,
        count: Callable[[Found, int], None] = lambda _found, _n: None,
    ) -> None:
        self._inner, self._store, self._seal = inner, store, seal
        self._count = count

    @property
    def map_id(self) -> str:
        """The inner map id."""
        return self._inner.map_id

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        """All pairs; asks ``inner`` for the lines and places with an unknown pair only."""
        lines = min(len(sources), len(destinations))
        if not 0 < lines <= MOST_LINES or len(sources) * len(destinations) < LEAST_PAIRS:
            return await self._inner.table(sources, destinations)
        map_id = self._inner.map_id
        question = self._question(map_id, sources, destinations)
        stored = await self._store.read(question.names)
        if stored is None:
            return await self._inner.table(sources, destinations)
        old = [self._opened(n, data) for n, data in zip(question.names, stored, strict=True)]
        answered = await self._answered(map_id, question, old)
        return answered if question.outward else _turned(answered)

    def _question(
        self, map_id: str, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> _Question:
        outward = len(sources) <= len(destinations)
        lines, others = (sources, destinations) if outward else (destinations, sources)
        codes = codes_of(lines).tolist()
        names = [self._seal.name(map_id, outward=outward, code=code) for code in codes]
        return _Question(outward, names, lines, others, codes_of(others))

    def _opened(self, name: bytes, data: bytes | None) -> Line | None:
        line = None if data is None else self._seal.opened(name, data)
        if data is not None and line is None:
            self._count("foreign", 1)
        return line

    async def _answered(
        self, map_id: str, question: _Question, old: Sequence[Line | None]
    ) -> TravelTable:
        answer = _Answer(question)
        for row, line in enumerate(old):
            if line is not None:
                answer.put(row, line)
        found = int(np.count_nonzero(answer.there))
        self._count("hit", found)
        self._count("miss", answer.there.size - found)
        if found < answer.there.size:
            return await self._completed(map_id, question, old, answer)
        return answer.table(map_id)

    async def _completed(
        self, map_id: str, question: _Question, old: Sequence[Line | None], answer: _Answer
    ) -> TravelTable:
        missing = ~answer.there
        rows, columns = np.flatnonzero(missing.any(axis=1)), np.flatnonzero(missing.any(axis=0))
        fetched = await question.asked_of(self._inner, rows, columns)
        if fetched.map_id != map_id or fetched.provenance is not Provenance.LIVE:
            # never a part of one map and a part of another, or of an estimate
            if fetched.seconds.shape == missing.shape:
                return fetched
            return await question.asked_of(self._inner, *map(np.arange, missing.shape))
        kept = {}
        for row, line in zip(
            rows.tolist(), _lines_of(fetched, question.codes[columns]), strict=True
        ):
            answer.put(row, line)
            kept[question.names[row]] = (old[row], line)
        self._keep(kept)
        return answer.table(map_id)

    def _keep(self, lines: Mapping[bytes, tuple[Line | None, Line]]) -> None:
        both = {n: new if old is None else old.with_newer(new) for n, (old, new) in lines.items()}
        # what could not be believed later is not written
        self._store.write(
            {n: self._seal.sealed(n, line) for n, line in both.items() if is_sound(line)}
        )


def _lines_of(table: TravelTable, codes: Codes) -> list[Line]:
    """Its rows."""
    rows = zip(table.source_snap_m.tolist(), table.seconds, strict=True)
    return [merged(own, codes, seconds, table.destination_snap_m) for own, seconds in rows]


def _turned(table: TravelTable) -> TravelTable:
    """Rows become columns."""
    return TravelTable(
        np.ascontiguousarray(table.seconds.T),
        table.destination_snap_m,
        table.source_snap_m,
        table.map_id,
        table.provenance,
    )
