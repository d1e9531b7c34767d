"""Seeded teams for the solver benchmarks: promised visits, tags, lunch, driving between sites.

Every committed order is the one that drives least, so that the driving a visit adds means the same
for an engine that keeps the order and for one that does not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.towns import Town, chosen_town
from slotsvc.domain.place import Location
from slotsvc.solver.arrays import TeamArrays, team_arrays
from slotsvc.solver.instance import END, INF, START, BreakSpan, Int32, RouteInstance

SHIFT = 9 * 3600
WINDOWS = ((0, 2), (2, 4), (5, 7), (7, 9))
"""Offered windows, hours from the start of the shift; the request's visit starts in one of them."""

LUNCH = BreakSpan(int(3.5 * 3600), int(5.5 * 3600) - 1, 2700)
TAGS = ("boiler", "electric", "gas")
SERVICES = (1800, 2700, 3600)
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Shape:
    """What kind of team. ``visits``: most of a technician's day; fewer where no more fit.

    ``lunch``: 45 minutes that begin between 3.5 and 5.5 hours. ``tags``: technicians have one to
    three, half of the requests need one.
    """

    technicians: int = 50
    days: int = 14
    visits: int = 5
    seed: int = 0
    lunch: bool = True
    tags: bool = True

    @property
    def sites(self) -> int:
        """Sites to ask the map for: homes, visits, and some for the requests."""
        return self.technicians * (1 + self.days * self.visits) + REQUEST_SITES

    def __str__(self) -> str:
        kind = f"{self.technicians} technicians x {self.days} days x <= {self.visits} visits"
        return f"{kind}{', lunch' if self.lunch else ''}{', tags' if self.tags else ''}"


REQUEST_SITES = 100
"""The town's last sites belong to requests: nobody visits them yet."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its site, seconds on site, and the tag its technician must have (None: any)."""

    site: int
    service: int
    tag: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Team:
    """``routes``: day by day, technicians in order. ``site``: int32 (places,), the site of each
    place of ``arrays``. ``tags``: per technician."""

    shape: Shape
    town: Town
    routes: tuple[RouteInstance, ...]
    arrays: TeamArrays
    site: Int32
    tags: tuple[frozenset[str], ...]

    def qualified(self, asked: Asked) -> np.ndarray:
        """bool (routes,): the technician may do it."""
        may = [asked.tag is None or asked.tag in tags for tags in self.tags]
        return np.tile(np.array(may, np.bool_), self.shape.days)

    def to_and_from(self, asked: Asked) -> tuple[Int32, Int32]:
        """int32 (places,) each: driving from every place to the request's site, and back."""
        seconds = self.town.seconds
        return seconds[self.site, asked.site], seconds[asked.site, self.site]


def team(shape: Shape, map_dir: Path | None = None, synthetic: bool = False) -> Team:
    """The team of a shape in a town of ``chosen_town``. Same arguments, same team."""
    town = chosen_town(map_dir, synthetic, shape.sites, shape.seed)
    return team_in(town, shape)


def team_in(town: Town, shape: Shape) -> Team:
    """The team of a shape in a town that is there already."""
    rng = np.random.default_rng(shape.seed)
    places = _Places(town)
    homes = rng.integers(len(town.sites) - REQUEST_SITES, size=shape.technicians)
    tags = tuple(_tags(rng, shape.tags) for _ in homes)
    home_places = [places.named(int(home)) for home in homes]
    routes = tuple(
        _route(rng, shape, places, int(home), place)
        for _ in range(shape.days)
        for home, place in zip(homes, home_places, strict=True)
    )
    arrays = team_arrays(routes)
    site = np.array([places.site[place] for place in arrays.places], np.int32)
    return Team(shape, town, routes, arrays, site, tags)


def requests(made: Team, count: int, seed: int) -> list[Asked]:
    """Requests at sites that nobody visits."""
    rng, sites = np.random.default_rng([seed, 1]), len(made.town.sites)
    return [
        Asked(
            sites - 1 - int(rng.integers(REQUEST_SITES)),
            int(rng.choice([1800, 3600, 5400])),
            str(rng.choice(TAGS)) if made.shape.tags and rng.random() < 0.5 else None,
        )
        for _ in range(count)
    ]


def _tags(rng: np.random.Generator, some: bool) -> frozenset[str]:
    if not some:
        return frozenset()
    return frozenset(rng.choice(TAGS, size=rng.integers(1, len(TAGS) + 1), replace=False).tolist())


class _Places:
    """Every visit has a place of its own, as in a calendar; its driving is its site's."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.site: dict[Location, int] = {}
        self.uses: Counter[int] = Counter()

    def named(self, site: int) -> Location:
        """One more place at a site."""
        while True:
            spot = self.town.sites[site]
            place = Location(spot.lat, spot.lon + self.uses[site] * 1e-6)
            self.uses[site] += 1
            if self.site.setdefault(place, site) == site:
                return place


@dataclass(frozen=True, slots=True)
class _Visit:
    """``node``: row of the sites drawn for the day; ``window``: number in ``WINDOWS``."""

    node: int
    window: int
    service: int


def _route(
    rng: np.random.Generator, shape: Shape, places: _Places, home: int, home_place: Location
) -> RouteInstance:
    """A day filled visit by visit: each time the best of three sites that still fits."""
    drawn = rng.integers(len(places.town.sites) - REQUEST_SITES, size=9 * shape.visits)
    sites = np.array([home, *drawn])
    drive = places.town.seconds[np.ix_(sites, sites)]
    day = _Day(drive.tolist(), shape.lunch)
    order: list[_Visit] = []
    for attempt in range(3 * shape.visits):
        if len(order) == shape.visits:
            break
        window, service = int(rng.integers(len(WINDOWS))), int(rng.choice(SERVICES))
        three = (_Visit(1 + 3 * attempt + i, window, service) for i in range(3))
        order = min((day.extended(order, v) for v in three), key=lambda found: found[0])[1] or order
    return _instance(day.shortest(order), sites, drive, shape.lunch, places, home_place)


class _Day:
    """Orders of one day, in plain numbers. Node 0 is home."""

    def __init__(self, drive: list[list[int]], lunch: bool) -> None:
        self.drive, self.lunch = drive, lunch

    def extended(self, order: list[_Visit], visit: _Visit) -> tuple[int, list[_Visit]]:
        """The order with one visit more where that drives least; nothing when it does not fit."""
        found: tuple[int, list[_Visit]] = (INF, [])
        for place in range(len(order) + 1):
            trial = [*order[:place], visit, *order[place:]]
            driving = self._driving(trial)
            if driving < found[0] and self.fits(trial):
                found = driving, trial
        return (found[0] - self._driving(order), found[1]) if found[1] else found

    def fits(self, order: list[_Visit]) -> bool:
        """Whether the order keeps windows, shift and lunch."""
        now, here = (0, INF if self.lunch else 0), 0
        for visit in order:
            now, here = self._after(now, here, visit), visit.node
            if min(now) >= INF:
                return False
        return self._home(now, here)

    def shortest(self, order: list[_Visit]) -> list[_Visit]:
        """The feasible order that drives least: depth first, the given one to begin with."""
        best = [self._driving(order), order]

        def search(done: list[_Visit], now: tuple[int, int], driven: int) -> None:
            here = done[-1].node if done else 0
            if len(done) == len(order):
                if driven + self.drive[here][0] < best[0] and self._home(now, here):
                    best[:] = [driven + self.drive[here][0], done]
                return
            for visit in order:
                further = driven + self.drive[here][visit.node]
                if visit in done or further >= best[0]:
                    continue
                later = self._after(now, here, visit)
                if min(later) < INF:
                    search([*done, visit], later, further)

        search([], (0, INF if self.lunch else 0), 0)
        return best[1]

    def _driving(self, order: list[_Visit]) -> int:
        nodes = [0, *(v.node for v in order), 0]
        return sum(self.drive[a][b] for a, b in pairwise(nodes))

    def _onward(self, now: tuple[int, int], leg: int) -> tuple[int, int]:
        """Arrivals with lunch to come and with lunch taken, on the way if that is sooner. Without
        lunch the second is the only one that counts."""
        hungry, fed = now
        taken = fed + leg
        if self.lunch and hungry <= LUNCH.closes:
            taken = min(taken, max(hungry + leg, LUNCH.opens) + LUNCH.duration)
        return hungry + leg, taken

    def _after(self, now: tuple[int, int], here: int, visit: _Visit) -> tuple[int, int]:
        first, last = (hour * 3600 for hour in WINDOWS[visit.window])
        starts = [max(t, first) for t in self._onward(now, self.drive[here][visit.node])]
        hungry, fed = (s + visit.service if s < last else INF for s in starts)
        return hungry, fed

    def _home(self, now: tuple[int, int], here: int) -> bool:
        return self._onward(now, self.drive[here][0])[1] <= SHIFT


def _instance(
    order: list[_Visit],
    sites: np.ndarray,
    drive: Int32,
    lunch: bool,
    places: _Places,
    home: Location,
) -> RouteInstance:
    nodes = [0, 0, *(v.node for v in order)]
    travel = np.ascontiguousarray(drive[np.ix_(nodes, nodes)])
    travel[START, END] = travel[END, START] = 0
    at = tuple(places.named(int(sites[v.node])) for v in order)
    return RouteInstance(
        origin=0,
        end=SHIFT,
        soft_end=SHIFT,
        opens=np.array([0, 0, *(WINDOWS[v.window][0] * 3600 for v in order)], np.int32),
        closes=np.array([INF, INF, *(WINDOWS[v.window][1] * 3600 - 1 for v in order)], np.int32),
        service=np.array([0, 0, *(v.service for v in order)], np.int32),
        pausable=np.zeros(len(nodes), np.bool_),
        access=np.zeros(len(nodes), np.int32),
        travel=travel,
        legs=travel,
        breaks=(LUNCH,) if lunch else (),
        places=(home, home, *at),
        visits=tuple(f"{place.lat:.6f},{place.lon:.6f}" for place in at),
    )
