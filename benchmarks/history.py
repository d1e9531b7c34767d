"""What clients were told, held against what the service wrote down.

Every change of a route grows its version by one and leaves an event with that version, so the
order of all changes is *witnessed*: no search for a possible order is needed (as for general
linearizability, which is NP-complete: Gibbons and Korach, "Testing shared memories", 1997). One
pass over the versions of each route is enough, whatever the number of clients.

The torture with real processes, the chaos tests and the simulation all judge by this module.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.ports import Event


@dataclass(frozen=True, slots=True)
class Change:
    """One changing call. ``kind``: of the event that it leaves when it is done.

    ``visit``: bare id, "" when nobody was told. ``begun`` / ``ended``: seconds on one clock; the
    first try began, the answer came. ``ended`` None: no answer ever came, so it was done once or
    not at all. ``reference``: the caller's own name of the visit, by which one that was never told
    is found. ``route``, ``version``: told with the answer; None and 0: were not.
    """

    client: int
    kind: str
    visit: str
    begun: float
    ended: float | None
    reference: str = ""
    route: RouteKey | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """One answer that showed a route. ``booked``, ``held``: the visits on it, bare ids."""

    client: int
    route: RouteKey
    version: int
    begun: float
    booked: frozenset[str]
    held: frozenset[str] = frozenset()


@dataclass(slots=True)
class History:
    """What all clients asked and were told."""

    changes: list[Change] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)

    def note(self, change: Change) -> None:
        """One more change, answered or given up."""
        self.changes.append(change)

    def note_read(self, read: Read) -> None:
        """One more look at a route."""
        self.reads.append(read)

    def __len__(self) -> int:
        return len(self.changes) + len(self.reads)


@dataclass(frozen=True, slots=True)
class Books:
    """What the service has on record, read while nothing runs.

    ``events``: in order of position. ``versions``, ``live``: the routes as they stand, with the
    ids of the placements on them, lapsed holds left out. ``references``: the caller's name by the
    id of the visit; needed for changes that were never answered.
    """

    events: Sequence[Event]
    versions: Mapping[RouteKey, int]
    live: Mapping[RouteKey, frozenset[str]]
    references: Mapping[str, str] = field(default_factory=dict)


LOST, DOUBLED = "lost", "doubled"

CLIENT_KINDS = frozenset(
    {"VISIT_HELD", "HOLD_EXTENDED", "HOLD_RELEASED", "VISIT_BOOKED", "VISIT_MOVED",
     "VISIT_CANCELLED", "VISIT_UNPLACED", "VISIT_DEPARTED", "VISIT_STARTED", "VISIT_STEP",
     "VISIT_FINISHED"}
)  # fmt: skip
"""Events that answer a call; a second route that the same call changes gets another kind."""

_OF_WHAT_STANDS = CLIENT_KINDS - {"VISIT_HELD", "VISIT_BOOKED", "VISIT_MOVED"} | {
    "VISIT_MOVED_AWAY"
}
"""The placement that they name is on the route before."""
_ABOUT_THE_ROUTE = frozenset(
    {"MOVE_HELD", "ROUTE_PUBLISHED", "ROUTE_WITHDRAWN", "ROUTE_MEASURED", "ROUTE_BROKEN",
     "ROUTE_MENDED", "PROMISE_AT_RISK", "PROMISE_SAFE"}
)  # fmt: skip
_TOGETHER = frozenset({"VISIT_UNPLACED", "HOLD_RELEASED"})
"""An absence takes many visits off a route in one step."""


def disagreements(history: History, books: Books, *, alone: bool = True) -> list[str]:
    """Everything that does not fit; empty: the books are right. Linear in calls and events, but
    for sorting.

    ``alone`` False: others than these clients change the routes too, so that an event without a
    call is no defect.
    """
    routes = _by_route(books.events)
    witnessed = _Witnessed(history, books)
    return [
        *_wrong_versions(routes, books.versions),
        *witnessed.lost_or_doubled(alone=alone),
        *witnessed.out_of_order(routes),
        *_wrong_replay(routes, books.live, _reads_by_route(history.reads)),
        *witnessed.stale_reads(),
    ]


def _by_route(events: Iterable[Event]) -> dict[RouteKey, list[Event]]:
    routes: dict[RouteKey, list[Event]] = defaultdict(list)
    for event in events:
        if event.route is not None:
            routes[event.route].append(event)
    return routes


def _reads_by_route(reads: Iterable[Read]) -> dict[RouteKey, list[Read]]:
    routes: dict[RouteKey, list[Read]] = defaultdict(list)
    for read in sorted(reads, key=lambda read: read.version):
        routes[read.route].append(read)
    return routes


def _wrong_versions(
    routes: Mapping[RouteKey, Sequence[Event]], versions: Mapping[RouteKey, int]
) -> Iterator[str]:
    """Each version is told of, in order; more than one event may tell of the same one."""
    for key in sorted(routes.keys() | versions.keys()):
        seen, kinds = 0, set[tuple[str, str]]()
        for event in routes.get(key, ()):
            beside = event.kind in _ABOUT_THE_ROUTE | _TOGETHER
            again = beside and event.version == seen and (event.kind, event.subject) not in kinds
            if not again and event.version != seen + 1:
                yield f"{key}: version {event.version} ({event.kind}) follows {seen}"
            kinds = {*(kinds if again else ()), (event.kind, event.subject)}
            seen = event.version
        if versions.get(key, 0) != seen:
            yield f"{key}: stands at version {versions.get(key, 0)}, the events end at {seen}"


class _Witnessed:
    """The calls, each found again among the events, by its version where that was told."""

    def __init__(self, history: History, books: Books) -> None:
        self._history, self._books = history, books
        self._versions: dict[int, tuple[RouteKey, int]] = {}
        """By the number of the change: what it made."""
        self._unmatched: list[str] = []
        self._match()

    def _about(self, visit: str, reference: str = "") -> str:
        """The caller's name of a visit; else its id."""
        return reference or self._books.references.get(visit, visit)

    def _match(self) -> None:
        events: dict[tuple[str, str], dict[tuple[RouteKey, int], None]] = defaultdict(dict)
        for event in self._books.events:
            if event.route is not None and event.kind in CLIENT_KINDS:
                events[event.subject, event.kind][event.route, event.version] = None
        answered = [(n, c) for n, c in enumerate(self._history.changes) if c.ended is not None]
        told = [(n, c) for n, c in answered if c.route is not None]
        for number, change in told:
            assert change.route is not None
            at = change.route, change.version
            if at in events[change.visit, change.kind]:
                del events[change.visit, change.kind][at]
                self._versions[number] = at
            else:
                text = f"{change.kind} of {change.visit} was told as version {at[1]} of {at[0]}"
                self._unmatched.append(f"{text}, which is not its event, or somebody else's too")
        self._match_untold(events, [(n, c) for n, c in answered if c.route is None])

    def _match_untold(
        self,
        events: Mapping[tuple[str, str], Mapping[tuple[RouteKey, int], None]],
        answered: Sequence[tuple[int, Change]],
    ) -> None:
        """Calls that were not told their version, where there is no doubt: as many as events, one
        after the other, and none of the same kind without an answer."""
        doubtful = {(c.visit, c.kind) for c in self._history.changes if c.ended is None}
        alike: dict[tuple[str, str], list[tuple[int, Change]]] = defaultdict(list)
        for number, change in sorted(answered, key=lambda pair: pair[1].begun):
            alike[change.visit, change.kind].append((number, change))
        for about, changes in alike.items():
            made = events.get(about, {})
            if about not in doubtful and len(made) == len(changes) and _in_turn(changes):
                for (number, _), at in zip(changes, made, strict=True):
                    self._versions[number] = at

    def lost_or_doubled(self, *, alone: bool) -> Iterator[str]:
        """Each answered call left one event; an unanswered one left one or none."""
        yield from self._unmatched
        sure: Counter[tuple[str, str]] = Counter()
        perhaps: Counter[tuple[str, str]] = Counter()
        for change in self._history.changes:
            about = self._about(change.visit, change.reference), change.kind
            (perhaps if change.ended is None else sure)[about] += 1
        written: Counter[tuple[str, str]] = Counter()
        for event in self._books.events:
            if event.kind in CLIENT_KINDS:
                written[self._about(event.subject), event.kind] += 1
        for about in sorted(sure.keys() | written.keys()):
            least, count = sure[about], written[about]
            most = least + perhaps[about] + _along(written, *about)
            if count < least or (alone and count > most):
                subject, kind = about
                told = f"{least}" if least == most else f"{least} to {most}"
                what = LOST if count < least else DOUBLED
                yield f"visit {subject}: {kind} told {told} times, written {count} times: {what}"

    def out_of_order(self, routes: Mapping[RouteKey, Sequence[Event]]) -> Iterator[str]:
        """A change that was answered before another began has the smaller version."""
        made: dict[RouteKey, list[tuple[int, Change]]] = defaultdict(list)
        for number, (route, version) in self._versions.items():
            made[route].append((version, self._history.changes[number]))
        for route in sorted(made):
            latest = float("-inf")
            for version, change in sorted(made[route], key=lambda pair: pair[0]):
                assert change.ended is not None
                if change.ended < latest:
                    yield f"{route}: version {version} was answered before an earlier one began"
                latest = max(latest, change.begun)

    def stale_reads(self) -> Iterator[str]:
        """No read is older than what was acknowledged before it began."""
        acknowledged = sorted(
            (self._history.changes[number].ended or 0.0, *made)
            for number, made in self._versions.items()
        )
        newest: dict[RouteKey, int] = defaultdict(int)
        upto = 0
        for read in sorted(self._history.reads, key=lambda read: read.begun):
            while upto < len(acknowledged) and acknowledged[upto][0] < read.begun:
                _, route, version = acknowledged[upto]
                newest[route] = max(newest[route], version)
                upto += 1
            if read.version < newest[read.route]:
                text = f"{read.route}: version {read.version} was read, {newest[read.route]}"
                yield f"{text} was acknowledged before: a stale read"


def _in_turn(changes: Sequence[tuple[int, Change]]) -> bool:
    """Each began when the one before it was answered."""
    return all(
        before.ended is not None and before.ended <= after.begun
        for (_, before), (_, after) in pairwise(changes)
    )


def _along(written: Mapping[tuple[str, str], int], subject: str, kind: str) -> int:
    """Holds that may have ended with their visit's place, without a call of their own."""
    if kind != "HOLD_RELEASED":
        return 0
    return sum(written.get((subject, end), 0) for end in ("VISIT_CANCELLED", "VISIT_UNPLACED"))


type _Route = dict[str, tuple[str, bool]]
"""Placement id to its visit, and whether it is booked."""


def _wrong_replay(
    routes: Mapping[RouteKey, Sequence[Event]],
    live: Mapping[RouteKey, frozenset[str]],
    reads: Mapping[RouteKey, Sequence[Read]],
) -> Iterator[str]:
    """Replaying all events from nothing gives what was read at each version, and in the end the
    placements that stand, lapsed holds aside."""
    for key in sorted(routes.keys() | live.keys() | reads.keys()):
        route: _Route = {}
        waiting = iter(reads.get(key, ()))
        read = next(waiting, None)
        for event in routes.get(key, ()):
            while read is not None and read.version < event.version:
                yield from _wrong_read(read, route)
                read = next(waiting, None)
            yield from _replay(route, event)
        last = routes[key][-1].version if routes.get(key) else 0
        while read is not None:
            if read.version > last:
                yield f"{key}: version {read.version} was read, the events end at {last}"
            else:
                yield from _wrong_read(read, route)
            read = next(waiting, None)
        booked = {id for id, (_, firm) in route.items() if firm}
        standing = live.get(key, frozenset())
        if not booked <= standing <= route.keys():
            yield f"{key}: {sorted(booked)} booked by the events, {sorted(standing)} stand"


def _wrong_read(read: Read, route: _Route) -> Iterator[str]:
    """A hold may have lapsed by the time of the read; a booking may not."""
    booked = {visit for visit, firm in route.values() if firm}
    held = {visit for visit, firm in route.values() if not firm}
    if read.booked != booked or not read.held <= held:
        shown = f"{sorted(read.booked)} and holds {sorted(read.held)} were read"
        yield (
            f"{read.route}: {shown} at version {read.version}, "
            f"the events say {sorted(booked)} and {sorted(held)}"
        )


def _replay(route: _Route, event: Event) -> Iterator[str]:
    """One event on one route."""
    if event.kind in _ABOUT_THE_ROUTE:
        return
    placement = str(event.data.get("placement", ""))
    if event.kind in _OF_WHAT_STANDS and placement not in route:
        yield f"{event.route}: {event.kind} of {placement}, which is not there"
    match event.kind:
        case "VISIT_HELD":  # what it replaces stays until it is confirmed
            route[placement] = event.subject, False
        case "VISIT_BOOKED" | "VISIT_MOVED":
            route.pop(str(event.data.get("replaces", "")), None)
            route[placement] = event.subject, True
        case "HOLD_RELEASED" | "VISIT_MOVED_AWAY":
            route.pop(placement, None)
        case "VISIT_CANCELLED" | "VISIT_UNPLACED":
            # a hold for the same visit on the same route goes with it
            for id in [id for id, (visit, _) in route.items() if visit == event.subject]:
                del route[id]
        case kind if kind not in _OF_WHAT_STANDS:
            yield f"{event.route}: an event of a kind nobody knows, {kind}"
