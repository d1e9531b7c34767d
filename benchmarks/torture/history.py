"""What clients were told, held against what the service wrote down.

Every change of a route grows its version by one and leaves one event with that version, so the
order of all changes is *witnessed*: no search for a possible order is needed (as for general
linearizability), one pass over (route, version) is enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.ports import Event


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One acknowledged answer. ``kind``: of the event it must have left. ``visit``: bare id.

    ``begun`` / ``ended``: monotonic seconds; the first try began, the answer came.
    """

    client: int
    kind: str
    visit: str
    begun: float
    ended: float


@dataclass(slots=True)
class History:
    """What all clients were told, in the order of the answers."""

    answers: list[Acknowledged] = field(default_factory=list)

    def note(self, answer: Acknowledged) -> None:
        """One more answer."""
        self.answers.append(answer)


CLIENT_KINDS = frozenset(
    {"VISIT_HELD", "HOLD_EXTENDED", "HOLD_RELEASED", "VISIT_BOOKED", "VISIT_MOVED",
     "VISIT_CANCELLED"}
)  # fmt: skip
"""Events that answer a call; a second route that the same call changes gets another kind."""


def disagreements(
    answers: Sequence[Acknowledged],
    events: Sequence[Event],
    versions: Mapping[RouteKey, int],
    live: Mapping[RouteKey, frozenset[str]],
) -> list[str]:
    """Everything that does not fit; empty: the books are right.

    ``events``: in order of position. ``versions``, ``live``: the routes as they stand, with the
    ids of the placements on them, lapsed holds left out.
    """
    of_routes = [e for e in events if e.route is not None]
    return [
        *_wrong_versions(of_routes, versions),
        *_lost_or_doubled(answers, of_routes),
        *_out_of_order(answers, of_routes),
        *_wrong_replay(of_routes, live),
    ]


def _wrong_versions(events: Iterable[Event], versions: Mapping[RouteKey, int]) -> Iterator[str]:
    seen: dict[RouteKey, int] = defaultdict(int)
    for event in events:
        key = _route(event)
        if event.version != seen[key] + 1:
            yield f"{key}: version {event.version} ({event.kind}) follows {seen[key]}"
        seen[key] = event.version
    for key, version in versions.items():
        if seen[key] != version:
            yield f"{key}: stands at version {version}, the events end at {seen[key]}"


def _lost_or_doubled(answers: Iterable[Acknowledged], events: Iterable[Event]) -> Iterator[str]:
    """Per visit, the events of calls are the answers, one for one and in the same order."""
    told: dict[str, list[str]] = defaultdict(list)
    written: dict[str, list[str]] = defaultdict(list)
    for answer in answers:
        told[answer.visit].append(answer.kind)
    for event in events:
        if event.kind in CLIENT_KINDS:
            written[event.subject].append(event.kind)
    for visit in sorted(told.keys() | written.keys()):
        if told[visit] != written[visit]:
            yield f"visit {visit}: told {told[visit]}, written {written[visit]}"


def _out_of_order(answers: Iterable[Acknowledged], events: Iterable[Event]) -> Iterator[str]:
    """A change that was answered before another began has the smaller version."""
    waiting: dict[tuple[str, str], list[Acknowledged]] = defaultdict(list)
    for answer in answers:
        waiting[answer.visit, answer.kind].append(answer)
    latest: dict[RouteKey, float] = {}
    for event in events:
        mine = waiting[event.subject, event.kind]
        if event.kind not in CLIENT_KINDS or not mine:
            continue
        answer, key = mine.pop(0), _route(event)
        if latest.get(key, answer.ended) > answer.ended:
            yield f"{key}: version {event.version} was answered before an earlier one began"
        latest[key] = max(latest.get(key, answer.begun), answer.begun)


def _wrong_replay(
    events: Iterable[Event], live: Mapping[RouteKey, frozenset[str]]
) -> Iterator[str]:
    """Replaying all events from nothing gives the placements that stand, lapsed holds aside."""
    replayed: dict[RouteKey, dict[str, bool]] = defaultdict(dict)
    for event in events:
        yield from _replay(replayed[_route(event)], event)
    for key in sorted(replayed.keys() | live.keys()):
        booked = {id for id, firm in replayed[key].items() if firm}
        standing = live.get(key, frozenset())
        if not booked <= standing <= replayed[key].keys():
            yield f"{key}: {sorted(booked)} booked by the events, {sorted(standing)} stand"


def _replay(route: dict[str, bool], event: Event) -> Iterator[str]:
    """One event on one route: placement id to whether it is booked."""
    placement = str(event.data["placement"])
    match event.kind:
        case "VISIT_HELD":
            route[placement] = False
        case "VISIT_BOOKED":
            route[placement] = True
        case "VISIT_MOVED":
            route.pop(str(event.data["replaces"]), None)
            route[placement] = True
        case "HOLD_EXTENDED":
            if placement not in route:
                yield f"{event.route}: {event.kind} of {placement}, which is not there"
        case "HOLD_RELEASED" | "VISIT_CANCELLED" | "VISIT_MOVED_AWAY":
            if route.pop(placement, None) is None:
                yield f"{event.route}: {event.kind} of {placement}, which is not there"
        case "MOVE_HELD":
            pass
        case other:
            yield f"{event.route}: an event of a kind nobody knows, {other}"


def _route(event: Event) -> RouteKey:
    assert event.route is not None, "events of routes only"
    return event.route
