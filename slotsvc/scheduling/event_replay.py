"""Replays the events of routes from nothing: what must stand, at which version (I8, I11).

Every change of a route grows its version by one and leaves at least one event of that version. So
one pass over the events tells whether any is missing, and which placements must be on each route.
Holds that lapsed leave no event: what was only held may be gone, what was booked may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.epochs import changes_of, epoch_of
from slotsvc.scheduling.ports import Event, StoredRoute

TAKES = {"VISIT_BOOKED": True, "VISIT_HELD": False, "VISIT_MOVED": True}
"""Kinds that put a placement on the route, and whether it then stands for good."""

LEAVES = frozenset({"VISIT_CANCELLED", "VISIT_MOVED_AWAY", "VISIT_UNPLACED"})
"""Kinds that take a placement away that is there."""

RELEASES = "HOLD_RELEASED"
"""Takes away what is held: on the route of a hold, or of the place it would have replaced."""


@dataclass(slots=True)
class ReplayedRoute:
    """``version``: of the last event. ``taken_at``: the last version at which something was put
    there. ``standing``: placements, and whether they are more than held."""

    version: int = 0
    taken_at: int = -1
    standing: dict[str, bool] = field(default_factory=dict)


class EventReplay:
    """Takes the events of one tenant, oldest first, then is held against the routes as stored.

    ``epoch``: the store's, since stored versions are of it.
    """

    def __init__(self, epoch: int = 0) -> None:
        self._epoch = epoch
        self._routes: dict[RouteKey, ReplayedRoute] = {}

    @property
    def routes(self) -> Mapping[RouteKey, ReplayedRoute]:
        """What the events made of each route."""
        return self._routes

    def take(self, event: Event) -> Iterator[str]:
        """The next event; gives what is wrong with it."""
        if event.route is None:
            return
        route = self._routes.setdefault(event.route, ReplayedRoute())
        yield from self._wrong_version(route, event)
        route.version = event.version
        if event.kind in TAKES:
            if route.taken_at == event.version:
                yield f"change {changes_of(event.version)} ({event.kind}) was made twice"
            route.taken_at = event.version
        yield from _replay(route.standing, event)

    def compare(self, stored: StoredRoute) -> Iterator[str]:
        """What is wrong with a route as it stands. Lapsed holds may be among its placements."""
        replayed = self._routes.get(stored.key, ReplayedRoute())
        if changes_of(replayed.version) != changes_of(stored.version):
            yield (
                f"it stands at change {changes_of(stored.version)}, "
                f"its events end at {changes_of(replayed.version)}"
            )
        if epoch_of(stored.version) != self._epoch:
            yield f"its version {stored.version} is not of epoch {self._epoch}"
        booked = {id for id, firm in replayed.standing.items() if firm}
        there = {p.id for p in stored.placements}
        if lost := sorted(booked - there):
            yield f"{', '.join(lost)} was put there and never taken away, but is not there"
        if strange := sorted(there - replayed.standing.keys()):
            yield f"{', '.join(strange)} is there, but no event put it there"

    def _wrong_version(self, route: ReplayedRoute, event: Event) -> Iterator[str]:
        before, now = changes_of(route.version), changes_of(event.version)
        if now not in (before, before + 1) or now == 0:
            yield f"change {now} ({event.kind}) follows change {before}"
        if not epoch_of(route.version) <= epoch_of(event.version) <= self._epoch:
            yield f"version {event.version} ({event.kind}) follows {route.version}"


def _replay(standing: dict[str, bool], event: Event) -> Iterator[str]:
    placement = str(event.data.get("placement", ""))
    if event.kind in TAKES:
        standing.pop(str(event.data.get("replaces", "")) if TAKES[event.kind] else "", None)
        standing[placement] = TAKES[event.kind]
    elif event.kind == RELEASES:
        if not standing.get(placement, False):
            standing.pop(placement, None)
    elif event.kind in LEAVES and standing.pop(placement, None) is None:
        yield f"{event.kind} of {placement}, which is not there"
